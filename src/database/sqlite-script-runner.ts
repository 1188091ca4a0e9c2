import Sqlite from 'better-sqlite3';
import type { Database as Connection, Statement as Prepared } from 'better-sqlite3';
import { FenceError, hexDigits, isBulkInsert } from './script.js';
import type { BulkInsert, InsertColumn, ScriptRunner, ScriptStep, SqlValue, Statement, StepResult } from './script.js';

/** How long SQLite itself waits for another's write lock, in milliseconds. */
const busyTimeoutMs = 5_000;

/** Rows of one INSERT: more do not make it faster, and SQLite takes at most 32,766 bindings. */
const rowsPerInsert = 50;

/** Sets what every connection of chainparse to a SQLite file has set. */
export function prepareSqlite(connection: Connection): Connection {
  connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = NORMAL');
  connection.pragma('foreign_keys = ON');
  return connection;
}

/** Runs scripts in this process, each synchronously in one BEGIN IMMEDIATE … COMMIT. */
export class SqliteScriptRunner implements ScriptRunner {
  readonly #open: () => Connection;
  #connection: Connection | null = null;
  readonly #prepared = new Map<string, Prepared>();

  /** Takes a file's path, or how to open another connection. */
  constructor(target: string | (() => Connection)) {
    this.#open = typeof target === 'string' ? (): Connection => openFile(target) : target;
  }

  // Async although SQLite is not: a ScriptRunner's errors are rejections.
  async run(steps: readonly ScriptStep[]): Promise<readonly StepResult[]> {
    await Promise.resolve();
    return this.runSync(steps);
  }

  /** Runs a script before it returns; throws what `run` rejects with. */
  runSync(steps: readonly ScriptStep[]): readonly StepResult[] {
    this.#connection ??= this.#open();
    const transaction = this.#connection.transaction(() => steps.map((step) => this.#runStep(step)));
    return transaction.immediate();
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.#prepared.clear();
    this.#connection?.close();
    this.#connection = null;
  }

  #runStep(step: ScriptStep): StepResult {
    return isBulkInsert(step) ? this.#insert(step) : this.#execute(step);
  }

  #execute(statement: Statement): StepResult {
    const { changes, lastInsertRowid } = this.#prepare(statement.sql).run(...statement.bindings);
    if (statement.fence === true && changes !== 1) throw new FenceError();
    return { matched: changes, insertId: Number(lastInsertRowid) };
  }

  #insert(insert: BulkInsert): StepResult {
    const columns = insert.columns.map(toBindings);
    const bindings: SqlValue[] = [];
    // One array for all statements.
    for (let from = 0; from < insert.count; from += rowsPerInsert) {
      const to = Math.min(from + rowsPerInsert, insert.count);
      let length = 0;
      for (let row = from; row < to; row++) {
        for (const values of columns) bindings[length++] = values[row] ?? null;
      }
      bindings.length = length;
      this.#prepare(insertSql(insert, to - from)).run(bindings);
    }
    return { matched: insert.count, insertId: 0 };
  }

  #prepare(sql: string): Prepared {
    let prepared = this.#prepared.get(sql);
    if (prepared === undefined) {
      // Scripts come from a handful of stores; the bound is for the odd one with a list of ids in its text.
      if (this.#prepared.size >= 200) this.#prepared.clear();
      prepared = (this.#connection as Connection).prepare(sql);
      this.#prepared.set(sql, prepared);
    }
    return prepared;
  }
}

function openFile(path: string): Connection {
  return prepareSqlite(new Sqlite(path, { fileMustExist: true }));
}

function insertSql(insert: BulkInsert, rows: number): string {
  const columns = insert.columns.map((column) => `"${column.name}"`).join(', ');
  const row = `(${insert.columns.map(() => '?').join(', ')})`;
  return `INSERT INTO "${insert.table}" (${columns}) VALUES ${new Array<string>(rows).fill(row).join(', ')}`;
}

function toBindings({ hex, values }: InsertColumn): readonly SqlValue[] {
  if (hex !== true) return values;
  return values.map((value) => (typeof value === 'string' ? Buffer.from(hexDigits(value), 'hex') : value));
}
