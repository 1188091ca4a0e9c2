import type { Database } from '../database.js';

/** What a worker tells of itself with each beat. */
export interface WorkerState {
  /** Tasks that it runs now. */
  readonly running: number;
}

/** A worker as it makes itself known. */
export interface NewWorker {
  /** `host:pid`. */
  readonly name: string;
  /** From one sign of life to the next at most, in seconds. */
  readonly heartbeatIntervalSeconds: number;
  /** Tasks that it runs at one time. */
  readonly concurrency: number;
}

const table = 'worker';

/** For how long a worker that is gone is remembered, in seconds. */
const keptSeconds = 7 * 24 * 3_600;

/** The rows of `worker`: who runs queued tasks, and whether it is alive. */
export class WorkerStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds a worker and returns its id; forgets those that are gone for long. */
  async register({ name, heartbeatIntervalSeconds, concurrency }: NewWorker): Promise<number> {
    const { knex, dialect } = this.#database;
    const now = dialect.now(knex);
    const row = { name, create_time: now, last_heartbeat: now, concurrency, running: 0 };
    const results = await this.#database.write([
      knex(table)
        .whereRaw(dialect.isOlder(knex, 'last_heartbeat', keptSeconds))
        .delete(),
      knex(table).insert({ ...row, heartbeat_interval: heartbeatIntervalSeconds }),
    ]);
    return results[1]?.insertId ?? 0;
  }

  /** Renews a worker's sign of life; returns false where its row is gone. */
  async beat(id: number, { running }: WorkerState): Promise<boolean> {
    const { knex, dialect } = this.#database;
    const beat = knex(table)
      .where({ id })
      .update({ last_heartbeat: dialect.now(knex), running });
    const [result] = await this.#database.write([beat]);
    return result?.matched === 1;
  }

  /** Notes that a worker has ended in order. */
  async end(id: number): Promise<void> {
    const { knex, dialect } = this.#database;
    await this.#database.write([
      knex(table)
        .where({ id })
        .update({ end_time: dialect.now(knex), running: 0 }),
    ]);
  }
}
