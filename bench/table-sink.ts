import { openDatabase } from '../src/database/open/open-database.js';
import type { Database } from '../src/database/database.js';
import { eventMonitorFields } from '../src/components/event-monitor/event-fields.js';
import type { Sink, SinkBatch, SinkContext } from '../src/components/seam/sink.js';
import { tableSink } from '../src/components/table-sink/kind.js';
import { tableSinkSchema } from '../src/components/table-sink/schema.js';
import { builtinAbi } from '../src/chain/abi/builtin-abis.js';
import type { EventBatch } from '../src/model/batch.js';
import { MessageData } from '../src/model/event-message.js';
import type { EventMessage } from '../src/model/event-message.js';
import { systemClock } from '../src/runtime/clock.js';
import { silentLogger } from '../src/runtime/logger.js';
import { createDatabase } from '../test/support/databases.js';
import { postgres } from '../test/support/postgres.js';
import { childrenOf } from '../test/support/process-tree.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import type { Benchmark, Report } from './benchmark.js';
import { startDurableServer } from './durable-server.js';
import { chainparseOf } from './ingest-program.js';
import type { Ingested } from './ingest-program.js';
import { makeBatches } from './made-batches.js';
import { readCpuSeconds } from './processor-time.js';
import { OwnRun } from './store.js';
import { startLogNode } from './start-log-node.js';

/** What a table sink's rows cost beside the commits of the same events. */
export const tableSinkBench: Benchmark = {
  summary: "a table sink's rows beside commits: at most three times the processor's time, 60 % of the events a second",
  async run(options, report) {
    const [{ server: mariadb }, server] = [await startDurableServer(), await postgres.start()];
    const places: readonly Place[] = [
      { name: 'SQLite', fresh: () => Promise.resolve(`sqlite:${temporaryFolder()}/store.db`), pid: process.pid },
      { name: 'MariaDB', fresh: () => createDatabase(mariadb.url()), pid: mariadb.pid },
      { name: 'PostgreSQL', fresh: () => createDatabase(server.url()), pid: server.pid },
    ];
    const size = options.number('batch', 5_000);
    const batches = makeBatches(1, options.number('rows', 200_000) + size, size);
    const rounds = options.number('rounds', 3);
    for (let round = 0; round < rounds; round++) {
      for (const place of places) await compare(report, place, batches);
    }
    const node = await startNode(options.number('events', 200_000));
    for (const place of places) await compareRuns(report, place, node, rounds);
  },
};

interface Place {
  readonly name: string;
  readonly fresh: () => Promise<string>;
  /** The server's process; this one where there is none. */
  readonly pid: number;
}

async function compare(report: Report, place: Place, batches: readonly EventBatch[]): Promise<void> {
  const [commits, deliveries] = [await commit(place, batches), await deliverAll(place, batches)];
  for (const [what, cost] of [
    ['commits', commits],
    ['deliveries', deliveries],
  ] as const) {
    const { here, there, rowsPerSecond } = cost;
    const parts = `${here.toFixed(1)} us here and ${there.toFixed(1)} us in the database a row`;
    report.note(`${place.name}: ${what} ${Math.round(rowsPerSecond / 1_000)}k/s, ${parts}`);
  }
  const ratio = (deliveries.here + deliveries.there) / (commits.here + commits.there);
  report.atMost(`${place.name}: a delivered row's processor time beside a committed one's`, ratio, 3);
}

interface LogNode {
  readonly url: string;
  readonly blocks: number;
}

const logsPerBlock = 100;

async function startNode(events: number): Promise<LogNode> {
  const blocks = Math.ceil(events / logsPerBlock);
  return { url: await startLogNode(blocks, logsPerBlock), blocks };
}

/** Whole runs, from the node to the last row, with a table in the pipeline's own database and without. */
async function compareRuns(report: Report, place: Place, { url, blocks }: LogNode, rounds: number): Promise<void> {
  const run = async (below: Parameters<typeof chainparseOf>[1]): Promise<Ingested> =>
    chainparseOf(50, below)(await place.fresh(), url, { from: 1, to: blocks, step: 50 });
  const shares: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const without = await run([]);
    const table = await run([{ name: 'own', type: 'table_sink', table: 'usdc' }]);
    for (const [name, { events, seconds, cpuSeconds }] of Object.entries({ without, table })) {
      const cost = `${((cpuSeconds * 1e6) / events).toFixed(1)} us of a processor an event`;
      report.note(`${place.name}, ${name}: ${Math.round(events / seconds / 1_000)}k/s, ${cost}`);
    }
    shares.push(without.seconds / table.seconds);
  }
  report.atLeast(`${place.name}: events a second, beside those without a table`, Math.max(...shares), 0.6);
}

/** What a row costs: microseconds of a processor in this process, and in that of the database. */
interface Cost {
  readonly here: number;
  readonly there: number;
  readonly rowsPerSecond: number;
}

async function commit(place: Place, batches: readonly EventBatch[]): Promise<Cost> {
  const run = await OwnRun.begin(await place.fresh());
  await run.store(batches.slice(0, 1));
  const cost = await costOf(place, batches, () => run.store(batches.slice(1)));
  await run.close();
  return cost;
}

async function deliverAll(place: Place, batches: readonly EventBatch[]): Promise<Cost> {
  const deliveries = batches.map(toBatch);
  const database = await openDatabase(await place.fresh(), { create: true, statementTimeoutMs: 60_000 });
  const sink = await openSink(database);
  await deliver(sink, deliveries.slice(0, 1));
  const cost = await costOf(place, batches, () => deliver(sink, deliveries.slice(1)));
  await sink.close();
  await database.close();
  return cost;
}

async function costOf({ pid }: Place, batches: readonly EventBatch[], work: () => Promise<unknown>): Promise<Cost> {
  const rows = batches.slice(1).reduce((sum, { events }) => sum + events.length, 0);
  const [here, there, at] = [readCpuSeconds(process.pid), secondsOf(pid), performance.now()];
  await work();
  const perRow = (seconds: number): number => (seconds * 1e6) / rows;
  return {
    here: perRow(readCpuSeconds(process.pid) - here),
    there: perRow(secondsOf(pid) - there),
    rowsPerSecond: (rows * 1_000) / (performance.now() - at),
  };
}

/** Of a server with all of its processes; of SQLite, the writer that this process has started. */
function secondsOf(pid: number): number {
  const pids = [...(pid === process.pid ? [] : [pid]), ...childrenOf(pid)];
  return pids.reduce((sum, each) => sum + secondsIfAlive(each), 0);
}

function secondsIfAlive(pid: number): number {
  try {
    return readCpuSeconds(pid);
  } catch {
    return 0;
  }
}

const cursor = { epoch: 'bench', claim: 1, place: '' };

const context: SinkContext = {
  logger: silentLogger,
  moved: () => undefined,
  inserts: () => expectNone(),
  signal: new AbortController().signal,
};

async function* expectNone(): AsyncGenerator<never> {}

async function openSink(database: Database): Promise<Sink> {
  const config = tableSinkSchema.parse({ table: 'usdc' });
  const abi = builtinAbi('erc20');
  const events = eventMonitorFields({ contracts: [{ abi }], eventsToMonitor: ['Transfer'] } as never);
  const sink = await tableSink.open(config, {
    ...{ pipelineId: 45, name: 'warehouse', installation: 'b'.repeat(32), events, database },
    ...{ dataFolder: 'data', clock: systemClock, logger: silentLogger },
  });
  await sink.claim?.(cursor, context);
  return sink;
}

async function deliver(sink: Sink, batches: readonly SinkBatch[]): Promise<void> {
  for (const batch of batches) await sink.deliver(batch, context);
}

/** Made before the clock runs: to read events back is the outbox's affair. */
function toBatch({ events, fromBlock, toBlock }: EventBatch): SinkBatch {
  const after = { ...cursor, place: String(toBlock) };
  return { messages: events.map(toMessage), fromBlock, toBlock, before: null, after };
}

const origin = { pipelineId: 45, chainName: () => 'ethereum' };

function toMessage(event: EventBatch['events'][number]): EventMessage {
  const stored = { ...event, chainId: 1 };
  return {
    ...{
      id: `1:${event.blockHash}:${event.transactionHash}:${event.logIndex}`,
      op: 'insert',
      seq: 1,
      rank: 1,
      place: stored,
    },
    ...{ eventName: event.eventName, eventSignature: event.eventSignature },
    data: MessageData.ofEvent(stored, origin),
  };
}
