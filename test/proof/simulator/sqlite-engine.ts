import Sqlite from 'better-sqlite3';
import type { Database as Connection, Statement as Prepared } from 'better-sqlite3';
import { Migrator } from '../../../src/database/schema/migrator.js';
import { SqliteScriptRunner } from '../../../src/database/drivers/sqlite/sqlite-script-runner.js';
import { mysqlDialect } from '../../../src/database/drivers/mysql/mysql-dialect.js';
import { sqliteDialect } from '../../../src/database/drivers/sqlite/sqlite-dialect.js';
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
    ...sqliteDialect(() => timezone),
    uptime: (knex) => mysqlDialect.uptime(knex),
    liveNow: (knex) => knex.raw("datetime('live', ?)", [timezone]),
  };
}

/** Has statements tell the time by a virtual clock, which stands still while one runs: SQLite may ask it once for all rows. */
function defineClock(connection: Connection, now: () => Circumstances): void {
  connection.function('sim_at', () => now().at);
  connection.function('sim_sender', () => now().sender);
  connection.function('sim_now', { deterministic: true }, () => Math.floor(now().clockMs / 1_000));
  connection.function('sim_live', { deterministic: true }, () => Math.floor(now().liveMs / 1_000));
  const prepare = connection.prepare.bind(connection);
  const virtual = (sql: string): string => sql.replaceAll(/'(now|live)'/g, "sim_$1(), 'unixepoch'");
  connection.prepare = (sql: string) => prepare(virtual(sql));
}
