import { readdirSync } from 'node:fs';

/** Test files that one mocha process runs. */
export interface Job {
  readonly name: string;
  readonly files: readonly string[];
}

const scenarios = (...names: readonly string[]): readonly string[] =>
  names.map((name) => `test/scenarios/${name}.test.ts`);

/**
 * What the path of a job's files begins with, in the order in which jobs are begun: those that take longest first, so that none
 * goes on long after the others. A file belongs to the job that says most of its path: what nobody names to that of its folder.
 */
export const jobPaths: Readonly<Record<string, readonly string[]>> = {
  // For minutes of processors at the lowest priority, which whatever waits leaves to them.
  proofs: ['test/proof/'],
  fleet: scenarios('fleet'),
  shards: scenarios('shards'),
  commands: ['test/cli/'],
  migrator: ['test/database/schema/migrator.test.ts'],
  brokers: scenarios('broker-sinks'),
  sinks: scenarios('sink-kill', 'file-sink', 'message-sinks', 'table-sink'),
  silence: scenarios('alerts', 'clocks', 'detection', 'disk-full', 'even-out', 'kill'),
  tasks: ['test/tasks/'],
  outages: scenarios('database-away', 'endpoints-away', 'monitor'),
  database: ['test/database/'],
  deaths: scenarios('ways-to-die', 'ended-while-stalled'),
  freezes: scenarios('freeze', 'monitor-cut-off'),
  monitors: ['test/components/event-monitor/'],
  clusters: scenarios('galera', 'promoted-standby'),
  scenarios: ['test/scenarios/'],
  readers: scenarios('another-chain', 'contract-calls', 'lying-node', 'reorg', 'rewind-kill', 'verify'),
  workers: scenarios('schedules', 'service', 'worker'),
  components: ['test/components/'],
  adoption: ['test/database/adoption.test.ts'],
  beats: ['test/cli/commands/heartbeat-test.test.ts'],
  stores: ['test/database/events/', 'test/database/tasks/', 'test/database/operations/', 'test/database/pipelines/'],
  api: ['test/api/', 'test/demo/'],
  chain: ['test/chain/'],
  clients: scenarios('dashboard', 'hostile-client', 'metrics', 'prometheus'),
  schema: ['test/database/schema/'],
  portal: ['test/chain/portal/'],
  rest: ['test/'],
};

/** Every test file there is, by its path from the project's folder. */
export function testFiles(): readonly string[] {
  const paths = readdirSync('test', { recursive: true, encoding: 'utf8' });
  const files = paths.filter((path) => path.endsWith('.test.ts'));
  return files.map((path) => `test/${path}`).sort();
}

/** Puts each file into the job that it belongs to. */
export function jobsOf(files: readonly string[]): readonly Job[] {
  const owners = new Map(files.map((file) => [file, ownerOf(file)]));
  return Object.keys(jobPaths).map((name) => ({ name, files: files.filter((file) => owners.get(file) === name) }));
}

function ownerOf(file: string): string | undefined {
  const named = Object.entries(jobPaths).flatMap(([name, paths]) => paths.map((path) => ({ name, path })));
  const fitting = named.filter(({ path }) => file.startsWith(path));
  return fitting.sort((a, b) => b.path.length - a.path.length)[0]?.name;
}
