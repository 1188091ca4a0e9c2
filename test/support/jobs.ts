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
  monitors: ['test/components/event-monitor/'],
  migrator: ['test/database/schema/migrator.test.ts'],
  brokers: scenarios('broker-sinks'),
  commands: ['test/cli/'],
  chain: ['test/chain/'],
  clusters: scenarios('galera', 'promoted-standby'),
  outages: scenarios('database-away', 'endpoints-away', 'monitor'),
  adoption: ['test/database/adoption.test.ts'],
  beats: ['test/cli/commands/heartbeat-test.test.ts'],
  deaths: scenarios('ways-to-die', 'ended-while-stalled'),
  freezes: scenarios('freeze', 'monitor-cut-off'),
  silence: scenarios('alerts', 'clocks', 'detection', 'disk-full', 'even-out', 'kill'),
  sinks: scenarios('sink-kill', 'file-sink', 'message-sinks', 'table-sink'),
  tasks: ['test/tasks/'],
  database: ['test/database/'],
  stores: ['test/database/events/', 'test/database/tasks/', 'test/database/operations/', 'test/database/pipelines/'],
  components: ['test/components/'],
  readers: scenarios('another-chain', 'contract-calls', 'lying-node', 'reorg', 'rewind-kill', 'verify'),
  clients: scenarios('dashboard', 'hostile-client', 'metrics', 'prometheus'),
  api: ['test/api/', 'test/demo/'],
  scenarios: ['test/scenarios/'],
  portal: ['test/chain/portal/'],
  schema: ['test/database/schema/'],
  workers: scenarios('schedules', 'service', 'worker'),
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
