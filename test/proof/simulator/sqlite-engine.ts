import Sqlite from 'better-sqlite3';
import type { Database as Connection, Statement as Prepared } from 'better-sqlite3';
import { Migrator } from '../../../src/database/schema/migrator.js';
import { SqliteScriptRunner } from '../../../src/database/sqlite/sqlite-script-runner.js';
import { sqliteDialect } from '../../../src/database/sqlite/sqlite-dialect.js';
import type { Dialect } from '../../../src/database/dialect.js';
import { directDatabase } from './direct-database.js';
import type { Circumstances, Engine, Request, Row } from './engine.js';
import { ledgerStatements, sqliteWords, tables } from './ledger.js';
import type { LedgerRow } from './ledger.js';

/** SQLite in memory behind a simulated server, with a virtual clock. */
export class SqliteEngine implements Engine {
  readonly client = 'better-sqlite3';
  readonly #connection: Connection;
  readonly #runner: SqliteScriptRunner;
  readonly #prepared = new Map<string, Prepared>();
  #dialect = serverDialect('+00:00');
  #now: Circumstances = { at: 0, sender: 'migrate', clockMs: 0, liveMs: 0 };

  private constructor(connection: Connection) {
    this.#connection = connection;
    this.#runner = new SqliteScriptRunner(() => connection);
    defineClock(connection, () => this.#now);
  }

  /** Opens an empty database and brings it to the newest schema. */
  static async open(): Promise<SqliteEngine> {
    const connection = new Sqlite(':memory:');
    const engine = new SqliteEngine(connection);
    const database = directDatabase(engine);
    await new Migrator(database).up(() => undefined);
    await database.close();
    for (const statement of ledgerStatements(sqliteWords)) connection.exec(statement);
    return engine;
  }

  get dialect(): Dialect {
    return this.#dialect;
  }

  begin(timezone: string): void {
    this.#dialect = serverDialect(timezone);
    for (const table of [...tables, 'sqlite_sequence']) this.#prepare(`DELETE FROM ${table}`).run();
  }

  execute(request: Exclude<Request, { kind: 'hello' }>, circumstances: Circumstances): unknown {
    this.#now = circumstances;
    return request.kind === 'script' ? this.#runner.runSync(request.steps) : this.#read(request.sql, request.bindings);
  }

  ledger(): readonly LedgerRow[] {
    return this.#prepare('SELECT * FROM sim_ledger ORDER BY seq').all() as LedgerRow[];
  }

  ask(sql: string): readonly Row[] {
    return this.#prepare(sql).all() as Row[];
  }

  async close(): Promise<void> {
    this.#connection.close();
    await Promise.resolve();
  }

  #read(sql: string, bindings: readonly unknown[]): unknown {
    const prepared = this.#prepare(sql);
    return prepared.reader ? prepared.all(...bindings) : prepared.run(...bindings);
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const prepared = this.#connection.prepare(sql);
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}

/** SQLite's dialect, but with a server that comes up, and a clock that goes on while a statement runs. */
function serverDialect(timezone: string): Dialect {
  return {
    ...sqliteDialect(timezone),
    uptime: (knex) => knex.raw("SHOW GLOBAL STATUS LIKE 'Uptime'"),
    liveNow: (knex) => knex.raw("datetime('live', ?)", [timezone]),
  };
}

function defineClock(connection: Connection, now: () => Circumstances): void {
  connection.function('sim_at', () => now().at);
  connection.function('sim_sender', () => now().sender);
  const seconds = (instant: unknown, timezone: unknown): number | null => {
    if (typeof instant !== 'string') return null;
    if (instant !== 'now' && instant !== 'live') return Date.parse(`${instant.replace(' ', 'T')}Z`) / 1_000;
    const ms = instant === 'now' ? now().clockMs : now().liveMs;
    return Math.floor(ms / 1_000) + offsetSeconds(timezone as string);
  };
  connection.function('unixepoch', { varargs: true }, (instant: unknown, timezone: unknown) =>
    seconds(instant, timezone),
  );
  connection.function('datetime', { varargs: true }, (instant: unknown, timezone: unknown) =>
    new Date(1_000 * (seconds(instant, timezone) ?? 0)).toISOString().slice(0, 19).replace('T', ' '),
  );
}

function offsetSeconds(timezone: string): number {
  const [hours, minutes] = timezone.slice(1).split(':').map(Number);
  return (timezone.startsWith('-') ? -60 : 60) * (60 * (hours ?? 0) + (minutes ?? 0));
}
