import type { Knex } from 'knex';
import type { Monitor } from '../../model/monitor.js';
import type { Database } from '../database.js';
import { toInstant } from '../instant.js';
import { aheadLast } from './ahead-last.js';

/** What a monitor tells of itself with each beat. */
export interface MonitorState {
  readonly checks: number;
  readonly timedOut: number;
  /** Why it judges nobody for now; null: it does. */
  readonly waiting: string | null;
  /** It has just made a check. */
  readonly checked: boolean;
}

const table = 'monitor';

/** For how long a monitor that is gone is remembered, in seconds. */
const keptSeconds = 7 * 24 * 3_600;

/** The rows of `monitor`: who watches tasks, and whether it is alive itself. */
export class MonitorStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds a monitor and returns its id; forgets those that are gone for long. */
  async register(name: string, checkIntervalSeconds: number): Promise<number> {
    const { knex, dialect } = this.#database;
    const now = dialect.now(knex);
    const results = await this.#database.write([
      knex(table)
        .whereRaw(dialect.isOlder(knex, 'last_heartbeat', keptSeconds))
        .delete(),
      knex(table).insert({ name, create_time: now, last_heartbeat: now, check_interval: checkIntervalSeconds }),
    ]);
    return results[1]?.insertId ?? 0;
  }

  /** Renews a monitor's sign of life; returns false where its row is gone. */
  async beat(id: number, { checks, timedOut, waiting, checked }: MonitorState): Promise<boolean> {
    const { knex, dialect } = this.#database;
    const now = dialect.now(knex);
    const values = { last_heartbeat: now, checks, timed_out: timedOut, waiting };
    const [result] = await this.#database.write([
      knex(table)
        .where({ id })
        .update(checked ? { ...values, last_check_time: now } : values),
    ]);
    return result?.matched === 1;
  }

  /** Notes that a monitor has ended in order. */
  async end(id: number): Promise<void> {
    const { knex, dialect } = this.#database;
    const now = dialect.now(knex);
    await this.#database.write([knex(table).where({ id }).update({ last_heartbeat: now, end_time: now })]);
  }

  /** Lists at most `limit` monitors, those with the latest sign of life that is known first. */
  async list(limit: number): Promise<readonly Monitor[]> {
    const { dialect } = this.#database;
    const rows = await this.#database.read<MonitorRow[]>((knex: Knex) =>
      knex(table)
        .select('*', knex.raw('? AS age', [dialect.secondsSince(knex, 'last_heartbeat')]))
        .orderByRaw(aheadLast(this.#database))
        .orderBy([
          { column: 'last_heartbeat', order: 'desc' },
          { column: 'id', order: 'desc' },
        ])
        .limit(limit),
    );
    return rows.map(toMonitor);
  }
}

interface MonitorRow {
  readonly id: number;
  readonly name: string;
  readonly create_time: string;
  readonly last_heartbeat: string;
  readonly end_time: string | null;
  readonly check_interval: number;
  readonly checks: number;
  readonly timed_out: number;
  readonly last_check_time: string | null;
  readonly waiting: string | null;
  readonly age: number;
}

function toMonitor(row: MonitorRow): Monitor {
  return {
    id: row.id,
    name: row.name,
    createTime: toInstant(row.create_time),
    lastHeartbeat: toInstant(row.last_heartbeat),
    endTime: row.end_time === null ? null : toInstant(row.end_time),
    checkIntervalSeconds: row.check_interval,
    checks: row.checks,
    timedOut: row.timed_out,
    lastCheckTime: row.last_check_time === null ? null : toInstant(row.last_check_time),
    waiting: row.waiting,
    heartbeatAgeSeconds: row.age,
  };
}
