import { execFile } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Database } from '../src/database/database.js';
import { CheckpointStore } from '../src/database/events/checkpoint-store.js';
import { openDatabase } from '../src/database/open/open-database.js';
import { WorkerStore } from '../src/database/operations/worker-store.js';
import { TaskQueue, type QueuedTask } from '../src/database/tasks/task-queue.js';
import { TaskStore } from '../src/database/tasks/task-store.js';
import { LeaseHeldError } from '../src/runtime/errors.js';
import { systemClock } from '../src/runtime/clock.js';
import { silentLogger } from '../src/runtime/logger.js';
import { ClaimRounds } from '../src/tasks/run/claim-rounds.js';
import { FairShare } from '../src/tasks/fleet/fair-share.js';
import { QueueWorker } from '../src/tasks/fleet/queue-worker.js';
import { OutageWatch } from '../src/tasks/monitor/outage-watch.js';
import { WorkerPresence } from '../src/tasks/fleet/worker-presence.js';
import { claimRequest } from '../test/database/claim-request.js';
import { createDatabase } from '../test/support/databases.js';
import { openMigrated } from '../test/support/migrated-database.js';
import { postgres } from '../test/support/postgres.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { eventually } from '../test/support/within.js';
import type { Benchmark, Report } from './benchmark.js';
import { startDurableServer } from './durable-server.js';

/** How many tasks workers claim in a second, each by its own transaction that is fenced by the checkpoint. */
export const claims: Benchmark = {
  summary: '8 workers claim what waits, on MariaDB and PostgreSQL: 1,000 a second, none twice; pg-boss beside them',
  async run(options, report) {
    const size: Size = { tasks: options.number('tasks', 4_000), workers: options.number('workers', 8) };
    const only = options.number('only', 0);
    if (only !== 2) {
      const { server } = await startDurableServer();
      await measure(report, 'MariaDB', await createDatabase(server.url()), size);
    }
    if (only === 1) return;
    const server = await postgres.start();
    const rate = await measure(report, 'PostgreSQL', await createDatabase(server.url()), size);
    await compare(report, await createDatabase(server.url()), size, rate);
  },
};

interface Size {
  readonly tasks: number;
  readonly workers: number;
}

/** Has workers claim all that waits in an empty database; returns how many a second. */
async function measure(report: Report, name: string, url: string, { tasks, workers }: Size): Promise<number> {
  const database = await openMigrated(url);
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  const fleet: ClaimingWorker[] = [];
  for (let i = 0; i < workers; i++) fleet.push(await ClaimingWorker.start(url, `bench:${i}`, tasks, over.signal));
  await eventually('all are known', async () => (await new WorkerStore(database).listLiving()).length === workers);
  await queueTasks(database, tasks);
  const since = performance.now();
  const claimed = (): number => fleet.reduce((sum, worker) => sum + worker.claimed.length, 0);
  await eventually('all are claimed', () => claimed() >= tasks, 120_000);
  const rate = (1_000 * tasks) / (performance.now() - since);
  over.abort(new Error('over'));
  await Promise.all(fleet.map((worker) => worker.end()));
  await database.close();
  const counts = fleet.map((worker) => worker.claimed.length);
  report.atLeast(`${name}: claims a second of ${workers} workers`, rate, 1_000);
  report.atMost(`${name}: claimed twice`, claimed() - new Set(fleet.flatMap((worker) => worker.claimed)).size, 0);
  report.note(`${name}: ${Math.min(...counts)} to ${Math.max(...counts)} of ${tasks} tasks a worker`);
  return rate;
}

/** A worker as `chainparse worker` has it, whose tasks end as soon as they are claimed. */
class ClaimingWorker {
  readonly claimed: number[] = [];
  readonly #database: Database;
  readonly #claims: ClaimRounds;
  #ended: Promise<void> = Promise.resolve();

  private constructor(database: Database) {
    this.#database = database;
    this.#claims = new ClaimRounds(new TaskStore(database));
  }

  static async start(url: string, name: string, tasks: number, stopping: AbortSignal): Promise<ClaimingWorker> {
    const database = await openDatabase(url);
    const worker = new ClaimingWorker(database);
    const store = new WorkerStore(database);
    const parts = { name, concurrency: tasks, clock: systemClock };
    const presence = new WorkerPresence({ ...parts, store, host: 'bench', identity: name, version: '1', chains: null });
    const queued = new QueueWorker({
      ...{
        ...parts,
        presence,
        queue: new TaskQueue(database, 30),
        share: new FairShare({ store, presence, ...parts }),
        outages: new OutageWatch({ ...parts, heartbeatIntervalMs: 30_000 }),
      },
      run: (task) => worker.#claim(name, task),
      ...{ logger: silentLogger, mask: (text: string) => text, stopping },
    });
    worker.#ended = queued.run();
    return worker;
  }

  async end(): Promise<void> {
    await this.#ended;
    await this.#database.close();
  }

  async #claim(worker: string, { taskId, pipelineId }: QueuedTask): Promise<'ran' | 'taken'> {
    try {
      await this.#claims.claim(claimRequest({ pipelineId, queuedTaskId: taskId, worker, workerIdentity: worker }));
      this.claimed.push(taskId);
      return 'ran';
    } catch (error) {
      if (error instanceof LeaseHeldError) return 'taken';
      throw error;
    }
  }
}

/** Has a task of as many pipelines wait, all from one moment on. */
async function queueTasks(database: Database, count: number): Promise<void> {
  const { knex, dialect } = database;
  const ids = Array.from({ length: count }, (_none, i) => i + 1);
  for (const id of ids) await new CheckpointStore(database).get(id);
  const row = { create_time: dialect.now(knex), status: 3, log_path: '' };
  await database.write(ids.map((id) => knex('pipeline_task').insert({ ...row, pipeline_id: id })));
}

interface Boss {
  start(): Promise<unknown>;
  createQueue(name: string): Promise<unknown>;
  insert(jobs: readonly { readonly name: string }[]): Promise<unknown>;
  fetch(name: string): Promise<readonly unknown[]>;
  on(event: 'error', listen: () => void): void;
  stop(options: { readonly graceful: boolean }): Promise<unknown>;
}

/** The last version of pg-boss that runs on Node 20, fetched by npm into a folder of its own. */
async function compare(report: Report, url: string, { tasks, workers }: Size, rate: number): Promise<void> {
  const folder = temporaryFolder();
  try {
    await promisify(execFile)('npm', ['install', '--no-save', '--prefix', folder, 'pg-boss@10'], { timeout: 60_000 });
  } catch {
    report.note('pg-boss can not be had here: it is left out');
    return;
  }
  const PgBoss = createRequire(join(folder, 'x.js'))('pg-boss') as new (options: object) => Boss;
  const bosses = Array.from({ length: workers }, () => new PgBoss({ connectionString: url, max: 4 }));
  for (const boss of bosses) boss.on('error', () => undefined);
  await Promise.all(bosses.slice(0, 1).map((boss) => boss.start()));
  await Promise.all(bosses.slice(1).map((boss) => boss.start()));
  await bosses[0]?.createQueue('bench');
  await bosses[0]?.insert(Array.from({ length: tasks }, () => ({ name: 'bench' })));
  const since = performance.now();
  const drain = async (boss: Boss): Promise<void> => {
    while ((await boss.fetch('bench')).length > 0);
  };
  await Promise.all(bosses.flatMap((boss) => [1, 2, 3, 4].map(() => drain(boss))));
  const theirs = (1_000 * tasks) / (performance.now() - since);
  await Promise.all(bosses.map((boss) => boss.stop({ graceful: false })));
  report.note(`pg-boss 10, one job a call, 4 calls at a time of each worker: ${Math.round(theirs)} claims a second`);
  // Theirs marks a row; ours moves a pipeline's fence, too.
  report.atLeast('PostgreSQL: claims a second, of those of pg-boss', rate / theirs, 0.5, ' times as many');
}
