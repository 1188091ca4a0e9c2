import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from '../test/support/child.js';
import { freePort } from '../test/support/free-port.js';
import { startChainparse } from '../test/support/processes.js';
import { Scenario } from '../test/support/scenario.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import type { ClientNews } from './api-client.js';
import type { BenchOptions, Benchmark, Report } from './benchmark.js';
import { insertFinishedTasks, insertRunningTasks, startDurableServer } from './durable-server.js';
import { percentile } from './percentile.js';
import { readCpuSeconds } from './processor-time.js';

const clients = 16;
const tasksPath = '/api/v1/pipeline/tasks';
const logsPerBlock = 200;

/** What the HTTP API answers how fast, and what that costs a pipeline beside it. */
export const api: Benchmark = {
  summary:
    'GET /tasks on 1,000,000 tasks by 16 clients: p99 under 20 ms; 5,000 /healthz a second of a core beside a run',
  async run(options, report) {
    if (options.number('tasks', 1_000_000) > 0) await list(report, options);
    if (options.number('rounds', 4) > 0) await besideIngestion(report, options);
  },
};

async function list(report: Report, options: BenchOptions): Promise<void> {
  const count = options.number('tasks', 1_000_000);
  const { url, connection } = await startDurableServer();
  await insertFinishedTasks(connection, count);
  await insertRunningTasks(connection, 200, 5);
  await connection.query('ANALYZE TABLE pipeline_task');
  const server = await serve(url);
  report.note(`${count} ended and 200 running tasks; clients ask again as soon as they are answered`);
  const ask = async (name: string, count: number, paths: readonly string[]): Promise<ClientNews> => {
    const client = await startClient(server.url, { count, rate: 0 }, paths);
    await sleep(1_000 * options.number('seconds', 15));
    const news = await newsOf(client);
    report.note(`${name}: ${shown(news)}`);
    report.atMost(`${name}: answers other than 200`, news.refused, 0);
    return news;
  };
  const { p99Ms } = await ask(`the newest page, ${clients} clients`, clients, [tasksPath]);
  report.atMost('p99 of it', p99Ms, 20, ' ms');
  // Of these no two share a read: what they wait for is the processor.
  await ask(`a mix of pages and filters, ${clients} clients`, clients, mixOf());
  const { slowest } = await ask('the same mix, one client', 1, mixOf());
  report.note(`its slowest: ${slowest.map(([path, ms]) => `${ms} ms ${path.replace(tasksPath, '')}`).join(', ')}`);
  await server.child.kill();
}

/** What people ask who look for something: most of them for the first pages, some for what is far down. */
function mixOf(): readonly string[] {
  const each = <T>(values: readonly T[], toQuery: (value: T) => string): string[] => values.map(toQuery);
  const numbers = (count: number, step: number): number[] => Array.from({ length: count }, (_, i) => 1 + i * step);
  const queries = [
    ...each(numbers(10, 1), (page) => `page=${page}`),
    ...each(['running', 'succeeded', 'failed', 'queued'], (status) => `status=${status}&page_size=50`),
    ...each(numbers(20, 47), (id) => `pipeline_id=${id}`),
    // Pipelines of even numbers are those that have failed.
    ...each(numbers(10, 45), (half) => `pipeline_id=${2 * half}&status=failed`),
    ...each(numbers(4, 9), (page) => `status=failed&sort=-end_time&page=${page}`),
    ...each(['sort=id', 'since=2026-01-01%2000:00:00', 'page_size=200', 'status=running&sort=last_heartbeat'], String),
    ...each([100, 500], (page) => `page=${page}`),
  ];
  // Not all of a kind at once: by a stride that meets each one once.
  return queries.map((_, index) => `${tasksPath}?${queries[(index * 17) % queries.length] ?? ''}`);
}

/** A run with and without clients of a server of the same database, in turn. */
async function besideIngestion(report: Report, options: BenchOptions): Promise<void> {
  const events = options.number('events', 300_000);
  const rate = options.number('rate', 5_500);
  const rpcUrl = await startLogNode(events / logsPerBlock);
  report.note('a run and its node on the first core, the server and its clients on the second one, into SQLite');
  report.note(rate === 0 ? 'clients ask as often as they can' : `clients ask ${rate} times a second`);
  const pairs: { quiet: number; loaded: Loaded }[] = [];
  for (let round = 0; round < options.number('rounds', 4); round++) {
    // Whoever is first in one round is second in the next one: a machine's other work favours nobody.
    const first = round % 2 === 0 ? await ingestQuietly(rpcUrl, events) : null;
    const loaded = await ingestLoaded(rpcUrl, events, rate);
    const quiet = first ?? (await ingestQuietly(rpcUrl, events));
    report.note(`${Math.round(quiet)} events/s alone; ${Math.round(loaded.speed)} beside ${shown(loaded.news)}`);
    pairs.push({ quiet, loaded });
  }
  const median = (of: (pair: (typeof pairs)[number]) => number): number => percentile(pairs.map(of), 0.5);
  report.atLeast(
    '/healthz for a second of a core',
    median(({ loaded }) => loaded.answersPerCpuSecond),
    5_000,
  );
  report.atLeast(
    "/healthz a second, the clients' processor time on the same core",
    median(({ loaded: { news } }) => news.requests / news.seconds),
    5_000,
  );
  report.atMost('events/s lost to it', 100 * (1 - median(({ quiet, loaded }) => loaded.speed / quiet)), 5, ' %');
}

interface Loaded {
  readonly speed: number;
  readonly news: ClientNews;
  readonly answersPerCpuSecond: number;
}

async function ingestQuietly(rpcUrl: string, events: number): Promise<number> {
  const { scenario, server } = await prepare(rpcUrl, events);
  const speed = await speedOf(scenario);
  await server.child.kill();
  return speed;
}

async function ingestLoaded(rpcUrl: string, events: number, rate: number): Promise<Loaded> {
  const { scenario, server } = await prepare(rpcUrl, events);
  const client = await startClient(server.url, { count: clients, rate }, ['/healthz'], 1);
  const before = { cpu: readCpuSeconds(server.child.pid), at: performance.now() };
  const speed = await speedOf(scenario);
  const cpuSeconds = readCpuSeconds(server.child.pid) - before.cpu;
  const seconds = (performance.now() - before.at) / 1_000;
  const news = await newsOf(client);
  await server.child.kill();
  return { speed, news, answersPerCpuSecond: ((news.requests / news.seconds) * seconds) / cpuSeconds };
}

async function prepare(rpcUrl: string, events: number): Promise<{ scenario: Scenario; server: Server }> {
  const url = `sqlite:${temporaryFolder()}/api.db`;
  const source = { mode: 'historical', startBlock: 1, endBlock: events / logsPerBlock, batchSize: 25 } as const;
  const scenario = await Scenario.begin(url, rpcUrl, source, { CHAINPARSE_HEARTBEAT_INTERVAL: '5' });
  const server = await serve(url);
  pin(server.child, 1);
  return { scenario, server };
}

async function speedOf(scenario: Scenario): Promise<number> {
  const run = pin(scenario.run('--json', '--quiet', '--from-block', '1'), 0);
  const { code, stdout, stderr } = await run.exit(600_000);
  if (code !== 0) throw new Error(`the run ended with ${String(code)}: ${stderr}`);
  const { events, seconds } = JSON.parse(stdout) as { events: number; seconds: number };
  return events / seconds;
}

interface Server {
  readonly child: Child;
  readonly url: string;
}

async function serve(databaseUrl: string): Promise<Server> {
  const port = await freePort();
  const child = startChainparse(['serve', '--port', String(port)], {
    env: { CHAINPARSE_DATABASE_URL: databaseUrl, CHAINPARSE_API_RATE_LIMIT: 'off' },
  });
  await child.output(/http:\/\/127/);
  return { child, url: `http://127.0.0.1:${port}` };
}

/** Starts clients; they have warmed up then. */
async function startClient(
  url: string,
  { count, rate }: { count: number; rate: number },
  paths: readonly string[],
  core?: 1,
): Promise<Child> {
  const args = ['--import', 'tsx', programOf('api-client'), url, String(count), String(rate), ...paths];
  const client = new Child(process.execPath, args);
  if (core !== undefined) pin(client, core);
  await client.output(/counting/);
  return client;
}

async function newsOf(client: Child): Promise<ClientNews> {
  client.signal('SIGTERM');
  const { code, stdout, stderr } = await client.exit();
  const news = stdout.split('\n')[1] ?? '';
  if (news === '') throw new Error(`the clients ended with ${String(code)} and without news: ${stdout} ${stderr}`);
  return JSON.parse(news) as ClientNews;
}

async function startLogNode(blocks: number): Promise<string> {
  // Blocks behind the range make all of it final.
  const args = ['--import', 'tsx', programOf('log-node'), String(blocks + 1_000), String(logsPerBlock)];
  const node = pin(new Child(process.execPath, args), 0);
  const [url] = await node.output(/http:\S+/, 30_000);
  return url;
}

function programOf(name: string): string {
  return fileURLToPath(new URL(`${name}.ts`, import.meta.url));
}

/** Keeps a process, its threads and what it will start to one core. */
function pin(child: Child, core: 0 | 1): Child {
  execFileSync('taskset', ['-a', '-p', '-c', String(core), String(child.pid)]);
  return child;
}

function shown({ requests, seconds, refused, p50Ms, p99Ms, slowestMs }: ClientNews): string {
  const times = [p50Ms, p99Ms, slowestMs].map((ms) => ms.toFixed(1)).join(', ');
  return `${Math.round(requests / seconds)} requests/s; p50, p99 and slowest ${times} ms${refused > 0 ? `; ${refused} refused or never answered` : ''}`;
}
