import { isMonitorAlive, type Monitor } from '../../model/monitor.js';
import type { Database } from '../database.js';
import { toInstant, toInstantOrNull } from '../instant.js';
import { agedRows, change, latestFirst, register } from './presence-rows.js';

/** What a monitor tells of itself with each beat. */
export interface MonitorState {
  readonly checks: number;
  readonly timedOut: number;
  /** Why it judges nobody for now; null: it does. */
  readonly waiting: string | null;
  /** It has just made a check. */
  readonly checked: boolean;
}

/** Who watches tasks. */
export interface Watch {
  /** Those with the latest sign of life that is known first. */
  readonly monitors: readonly Monitor[];
  /** Whether one is alive. */
  readonly isWatched: boolean;
  /** None is, and the database takes no writes: whatever runs, nobody's sign of life lands. */
  readonly isReadOnly: boolean;
}

const table = 'monitor';

/** The rows of `monitor`: who watches tasks, and whether it is alive itself. */
export class MonitorStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds a monitor and returns its id; forgets those that are gone for long. */
  register(name: string, checkIntervalSeconds: number): Promise<number> {
    return register(this.#database, table, { name, check_interval: checkIntervalSeconds });
  }

  /** Renews a monitor's sign of life; returns false where its row is gone. */
  beat(id: number, { checks, timedOut, waiting, checked }: MonitorState): Promise<boolean> {
    const { knex, dialect } = this.#database;
    const now = dialect.now(knex);
    const values = { last_heartbeat: now, checks, timed_out: timedOut, waiting };
    return change(this.#database, table, id, checked ? { ...values, last_check_time: now } : values);
  }

  /** Notes that a monitor has ended in order. */
  async end(id: number): Promise<void> {
    const { knex, dialect } = this.#database;
    const now = dialect.now(knex);
    await change(this.#database, table, id, { last_heartbeat: now, end_time: now });
  }

  /** Lists at most `limit` monitors, those with the latest sign of life that is known first. */
  async list(limit: number): Promise<readonly Monitor[]> {
    const rows = await this.#database.read<MonitorRow[]>(() =>
      latestFirst(this.#database, agedRows(this.#database, table)).orderBy('id', 'desc').limit(limit),
    );
    return rows.map(toMonitor);
  }

  /** Looks at so many monitors at most; where none is alive, asks also whether the database would take a sign of life. */
  async watch(limit: number): Promise<Watch> {
    const monitors = await this.list(limit);
    const isWatched = monitors.some(isMonitorAlive);
    return { monitors, isWatched, isReadOnly: !isWatched && (await this.#database.isReadOnly()) };
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
    endTime: toInstantOrNull(row.end_time),
    checkIntervalSeconds: row.check_interval,
    checks: row.checks,
    timedOut: row.timed_out,
    lastCheckTime: toInstantOrNull(row.last_check_time),
    waiting: row.waiting,
    heartbeatAgeSeconds: row.age,
  };
}
