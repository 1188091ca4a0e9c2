import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { BatchStore } from '../src/database/events/batch-store.js';
import type { BatchCommit, PreparedRows } from '../src/database/events/batch-store.js';
import { CheckpointStore } from '../src/database/events/checkpoint-store.js';
import type { Database } from '../src/database/database.js';
import { openDatabase } from '../src/database/open/open-database.js';
import { TaskStore } from '../src/database/tasks/task-store.js';
import type { EventBatch } from '../src/model/batch.js';
import type { ChainEvent } from '../src/model/event.js';
import { createDatabase } from '../test/support/databases.js';
import { execute } from '../test/support/execute-sql.js';
import { freePort } from '../test/support/free-port.js';
import { Scenario } from '../test/support/scenario.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import type { BenchOptions, Benchmark, Report } from './benchmark.js';
import { startDurablePostgres, startDurableServer } from './durable-server.js';
import { openFloorWriter } from './floor-writer.js';
import type { FloorRow } from './floor-writer.js';
import { migrate } from './ingest-program.js';
import { eventsPerBlock, makeBatches } from './made-batches.js';
import { median } from './percentile.js';

const pipelineId = 45;
const chainId = 1;

/** What it costs to bring events into the tables, without the node: beside rows that are inserted by hand. */
export const store: Benchmark = {
  summary:
    'events from memory into SQLite, MariaDB and PostgreSQL: at least 80 % of the floor; --growth N: at N stored rows',
  async run(options, report) {
    const { server, connection } = await startDurableServer();
    const postgresServer = await startDurablePostgres();
    const sqliteUrl = (): Promise<string> => Promise.resolve(`sqlite:${temporaryFolder()}/store.db`);
    const stages: readonly Stage[] = [
      { name: 'SQLite', fresh: sqliteUrl, rest: () => Promise.resolve() },
      { name: 'MariaDB', fresh: () => createDatabase(server.url()), rest: () => writeBack(connection) },
      {
        name: 'PostgreSQL',
        fresh: () => createDatabase(postgresServer.url()),
        rest: () => execute(postgresServer.url(), 'CHECKPOINT').then(() => undefined),
      },
    ];
    const only = options.number('only', 0);
    for (const stage of only === 0 ? stages : stages.slice(only - 1, only)) {
      if (options.number('growth', 0) > 0) await grow(report, stage, options);
      else await compare(report, stage, options);
    }
  },
};

interface Stage {
  readonly name: string;
  /** Names a database that is empty, or is yet to be made. */
  readonly fresh: () => Promise<string>;
  /** Resolves once nothing is left to do of what was stored. */
  readonly rest: () => Promise<void>;
}

/** Waits until the server has written its changed pages back. */
async function writeBack(connection: Connection): Promise<void> {
  await connection.query('SET GLOBAL innodb_max_dirty_pages_pct = 0');
  const dirty = async (): Promise<number> => {
    const [rows] = await connection.query("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'");
    return Number((rows as { Value: string }[])[0]?.Value);
  };
  while ((await dirty()) > 100) await sleep(200);
  await connection.query('SET GLOBAL innodb_max_dirty_pages_pct = 90');
}

async function compare(report: Report, stage: Stage, options: BenchOptions): Promise<void> {
  const rows = options.number('rows', 200_000);
  const size = options.number('batch', 5_000);
  const batches = makeBatches(1, rows + size, size);
  const ratios: number[] = [];
  for (let round = 0; round < options.number('rounds', 5); round++) {
    const floor = await storeByHand(await stage.fresh(), batches);
    const ours = await storeByBatches(await stage.fresh(), batches);
    ratios.push(floor / ours);
    report.note(`${stage.name}: floor ${speed(rows, floor)}, ours ${speed(rows, ours)}`);
  }
  report.atLeast(`${stage.name}: share of the floor's speed`, median(ratios), 0.8);
}

/** Fills one table to two sizes, and measures what follows at each. */
async function grow(report: Report, stage: Stage, options: BenchOptions): Promise<void> {
  const sizes = [100_000, options.number('growth', 10_000_000)];
  const sample = options.number('rows', 200_000);
  const url = await stage.fresh();
  const scenario = await Scenario.begin(url, null, { mode: 'historical' });
  const run = await OwnRun.begin(url);
  const seconds: number[] = [];
  for (const size of sizes) {
    await run.fillTo(size, options.number('batch', 5_000));
    // What the fill has left to be written back would be counted as the cost of many rows.
    await stage.rest();
    const took = await run.measure(sample, options.number('batch', 5_000), options.number('rounds', 5));
    report.note(`${stage.name}: at ${size} rows ${speed(sample, took)}`);
    seconds.push(took);
  }
  await run.close();
  const [few = NaN, many = NaN] = seconds;
  report.atMost(`${stage.name}: how much slower at ${String(sizes[1])} rows`, 100 * (many / few - 1), 10, ' %');
  await ask(report, `${stage.name}, ${String(sizes[1])} rows`, scenario, (sizes[1] ?? 0) / eventsPerBlock);
}

/** Asks what people and the page ask, each once: the first answer is the slowest. */
async function ask(report: Report, name: string, scenario: Scenario, blocks: number): Promise<void> {
  const middle = String(Math.round(blocks / 2));
  const port = await freePort();
  const server = scenario.start('serve', '--port', String(port));
  await server.output(/http:\/\/127/);
  const events = '/api/v1/pipeline/45/events?limit=100';
  const paths = [
    ...[events, `${events}&order=desc`, `${events}&from_block=${middle}`, `${events}&order=desc&to_block=${middle}`],
    ...[`${events}&event=Transfer&order=desc`, `${events}&event=Transfer&from_block=${middle}`],
    ...['/api/v1/pipeline/tasks', '/api/v1/pipeline/config/45', '/api/v1/timeline', '/api/v1/workers', '/readyz'],
    ...['/api/v1/pipeline/45/sinks', '/api/v1/alerts?state=all&limit=200', '/metrics'],
  ];
  const slowest = { path: '', ms: 0 };
  for (const path of paths) {
    const since = performance.now();
    await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    const ms = performance.now() - since;
    if (ms > slowest.ms) Object.assign(slowest, { path, ms });
  }
  server.signal('SIGTERM');
  await server.exit();
  report.atMost(
    `${name}: the slowest of ${paths.length} questions of the page (${slowest.path})`,
    slowest.ms,
    100,
    ' ms',
  );
  const listed = await took(scenario, 'events', 'list', '--pipeline', '45', '--from-block', middle);
  const start = await took(scenario, 'tasks', 'list');
  report.atMost(`${name}: events list, beside tasks list`, listed - start, 100, ' ms');
}

/** Returns the milliseconds that a command takes. */
async function took(scenario: Scenario, ...args: string[]): Promise<number> {
  const since = performance.now();
  await scenario.start(...args).exit();
  return performance.now() - since;
}

/** Commits as a run does: one batch after the other, the next one built while one is in the air. */
export class OwnRun {
  readonly #database: Database;
  readonly #batches: BatchStore;
  readonly #taskId: number;
  #version = 0;
  #stored = 0;

  private constructor(database: Database, taskId: number) {
    this.#database = database;
    this.#batches = new BatchStore(database);
    this.#taskId = taskId;
  }

  static async begin(url: string): Promise<OwnRun> {
    await migrate(url);
    const database = await openDatabase(url, { statementTimeoutMs: 60_000 });
    await new CheckpointStore(database).get(pipelineId);
    const taskId = await new TaskStore(database).claim({
      pipelineId,
      holder: null,
      replaces: null,
      worker: 'bench:1',
      workerIdentity: 'bench',
      heartbeatIntervalSeconds: 30,
      timeoutMinutes: null,
      logPathPrefix: 'logs/pipeline_',
    });
    return new OwnRun(database, taskId);
  }

  /** Returns the seconds that it takes. */
  async store(batches: readonly EventBatch[]): Promise<number> {
    const startedAt = performance.now();
    let rows: PreparedRows | null = null;
    for (const [at, batch] of batches.entries()) {
      const committed = this.#batches.commit(this.#commitOf(batch), rows);
      const next = batches[at + 1];
      const added = this.#version + 2;
      await setImmediate();
      rows = next === undefined ? null : this.#batches.prepare({ pipelineId, chainId, added }, next);
      await committed;
      this.#version += 1;
    }
    return (performance.now() - startedAt) / 1_000;
  }

  async fillTo(rows: number, batch: number): Promise<void> {
    while (this.#stored < rows) await this.store(this.#more(Math.min(100_000, rows - this.#stored), batch));
  }

  /** Returns the median time of several stretches in seconds. */
  async measure(rows: number, batch: number, rounds: number): Promise<number> {
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round++) seconds.push(await this.store(this.#more(rows, batch)));
    return median(seconds);
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  #more(rows: number, batch: number): readonly EventBatch[] {
    const batches = makeBatches(this.#stored / eventsPerBlock + 1, rows, batch);
    this.#stored += rows;
    return batches;
  }

  #commitOf(batch: EventBatch): BatchCommit {
    return {
      pipelineId,
      chainId,
      taskId: this.#taskId,
      version: this.#version,
      batch,
      startBlock: 1,
      replaces: false,
      forgets: false,
      progress: { mode: 'historical', nextBlock: batch.toBlock + 1, targetBlock: null, headBlock: null, events: 0 },
    };
  }
}

async function storeByBatches(url: string, batches: readonly EventBatch[]): Promise<number> {
  const run = await OwnRun.begin(url);
  // What starts a writer and opens a connection is no part of the speed, here and of the floor's.
  await run.store(batches.slice(0, 1));
  const seconds = await run.store(batches.slice(1));
  await run.close();
  return seconds;
}

async function storeByHand(url: string, batches: readonly EventBatch[]): Promise<number> {
  await migrate(url);
  const writer = await openFloorWriter(url);
  const first = batches[0]?.events ?? [];
  await writer.insert(first.map(floorRow));
  await writer.finish();
  const startedAt = performance.now();
  for (const { events } of batches.slice(1)) await writer.insert(events.map(floorRow));
  await writer.finish();
  return (performance.now() - startedAt) / 1_000;
}

function floorRow(event: ChainEvent): FloorRow {
  return [
    pipelineId,
    event.blockNumber,
    event.logIndex,
    event.transactionHash,
    chainId,
    event.blockHash,
    event.timestamp,
    event.transactionIndex,
    event.contractAddress,
    event.eventName,
    event.eventSignature,
    event.argsJson,
  ];
}

function speed(rows: number, seconds: number): string {
  return `${Math.round(rows / seconds)} rows/s`;
}
