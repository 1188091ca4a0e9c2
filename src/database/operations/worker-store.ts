import type { Knex } from 'knex';
import { taskStatus } from '../../model/task.js';
import { workerState, type Worker, type WorkerView } from '../../model/worker.js';
import type { Database } from '../database.js';
import { toInstant, toInstantOrNull } from '../instant.js';
import { agedRows, change, latestFirst, register } from './presence-rows.js';

/** What a worker tells of itself with each beat. */
export interface WorkerLoad {
  /** Tasks that it runs now. */
  readonly running: number;
}

/** A worker as it makes itself known. */
export interface NewWorker {
  /** `host:pid`. */
  readonly name: string;
  readonly host: string;
  /** Tells its process from a later one of the same name; null: not known. */
  readonly identity: string | null;
  /** The version of the program. */
  readonly version: string;
  /** The names of the chains for which it has RPC URLs; null: one URL for whatever chain. */
  readonly chains: readonly string[] | null;
  /** From one sign of life to the next at most, in seconds. */
  readonly heartbeatIntervalSeconds: number;
  /** Tasks that it runs at one time. */
  readonly concurrency: number;
}

/** A worker that lives, as far as the others reckon with it. */
export interface LivingWorker {
  readonly id: number;
  readonly running: number;
  readonly concurrency: number;
  /** The chains that it reaches; null: whatever chain. */
  readonly chains: readonly string[] | null;
}

const table = 'worker';

/** The rows of `worker`: who runs queued tasks, and whether it is alive. */
export class WorkerStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds a worker and returns its id; forgets those that are gone for long. */
  register(worker: NewWorker): Promise<number> {
    return register(this.#database, table, { ...rowOf(worker), running: 0 });
  }

  /** Renews a worker's sign of life; returns false where its row is gone. */
  beat(id: number, { running }: WorkerLoad): Promise<boolean> {
    const { knex, dialect } = this.#database;
    return change(this.#database, table, id, { last_heartbeat: dialect.now(knex), running });
  }

  /** Notes that a worker has ended in order. */
  async end(id: number): Promise<void> {
    const { knex, dialect } = this.#database;
    await change(this.#database, table, id, { end_time: dialect.now(knex), running: 0 });
  }

  /**
   * Lists at most `limit` workers, those with the latest sign of life that is known first, with the tasks that they run, and counts
   * all; `ended: false`: those alone that have not ended.
   */
  async list(
    limit: number,
    { ended = true } = {},
  ): Promise<{ readonly workers: readonly WorkerView[]; readonly total: number }> {
    const shown = (rows: Knex.QueryBuilder): Knex.QueryBuilder => (ended ? rows : rows.whereNull('end_time'));
    const rows = await this.#database.read<WorkerRow[]>(() => {
      const livingFirst = shown(agedRows(this.#database, table)).orderByRaw(
        'CASE WHEN end_time IS NULL THEN 0 ELSE 1 END',
      );
      return latestFirst(this.#database, livingFirst).orderBy('name').limit(limit);
    });
    const tasks = await this.#tasksOf(rows.filter(({ end_time: ended }) => ended === null));
    const workers = rows.map((row) => ({
      ...toWorker(row),
      taskIds: tasks.filter((task) => isOf(task, row)).map(({ id }) => id),
    }));
    if (rows.length < limit) return { workers, total: rows.length };
    const counted = await this.#database.read<{ count: number }[]>((knex) => shown(knex(table)).count({ count: '*' }));
    return { workers, total: counted[0]?.count ?? rows.length };
  }

  /** Lists the workers that are alive. */
  async listLiving(): Promise<readonly LivingWorker[]> {
    const rows = await this.#database.read<WorkerRow[]>(() => agedRows(this.#database, table).whereNull('end_time'));
    return rows.map(toWorker).filter((worker) => workerState(worker) === 'alive');
  }

  async #tasksOf(workers: readonly WorkerRow[]): Promise<readonly TaskRow[]> {
    if (workers.length === 0) return [];
    return this.#database.read<TaskRow[]>((knex) =>
      knex('pipeline_task')
        .where({ status: taskStatus.running })
        .whereIn(
          'worker',
          workers.map(({ name }) => name),
        )
        .select('id', 'worker', 'worker_identity')
        .orderBy('id'),
    );
  }
}

interface WorkerRow {
  readonly id: number;
  readonly name: string;
  readonly host: string | null;
  readonly identity: string | null;
  readonly version: string | null;
  readonly create_time: string;
  readonly last_heartbeat: string;
  readonly end_time: string | null;
  readonly heartbeat_interval: number;
  readonly concurrency: number;
  readonly running: number;
  /** JSON. */
  readonly chains: string | null;
  readonly age: number;
}

interface TaskRow {
  readonly id: number;
  readonly worker: string;
  readonly worker_identity: string | null;
}

/** In containers each process may be number 1 of the same host. */
function isOf(task: TaskRow, worker: WorkerRow): boolean {
  return worker.end_time === null && task.worker === worker.name && task.worker_identity === worker.identity;
}

function rowOf({ name, host, identity, version, chains, concurrency, heartbeatIntervalSeconds }: NewWorker) {
  return {
    ...{ name, host, identity, version, concurrency, heartbeat_interval: heartbeatIntervalSeconds },
    chains: chains === null ? null : JSON.stringify(chains),
  };
}

function toWorker(row: WorkerRow): Worker {
  return {
    id: row.id,
    name: row.name,
    host: row.host,
    version: row.version,
    createTime: toInstant(row.create_time),
    lastHeartbeat: toInstant(row.last_heartbeat),
    endTime: toInstantOrNull(row.end_time),
    heartbeatIntervalSeconds: row.heartbeat_interval,
    concurrency: row.concurrency,
    running: row.running,
    chains: row.chains === null ? null : (JSON.parse(row.chains) as readonly string[]),
    heartbeatAgeSeconds: row.age,
  };
}
