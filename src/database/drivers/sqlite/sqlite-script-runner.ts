import Sqlite from 'better-sqlite3';
import type { Database as Connection, Statement as Prepared } from 'better-sqlite3';
import { busyTimeoutMs } from './busy-timeout.js';
import { quoteName } from '../quote-name.js';
import { replacing } from '../standard-targets.js';
import { FenceError, hexDigits, isBulkDelete, isBulkInsert, rowsFenced } from '../../script.js';
import type {
  BulkDelete,
  BulkInsert,
  InsertColumn,
  ScriptRunner,
  ScriptStep,
  TellSent,
  SqlValue,
  Statement,
  StepResult,
} from '../../script.js';

/** Rows of one INSERT: more do not make it faster, and SQLite takes at most 32,766 bindings. */
const rowsPerInsert = 50;

/** How many rows are in the log before `checkpoint` moves them: some 10 MB. A script counts for so many at least. */
const rowsPerCheckpoint = 20_000;
const rowsPerScript = 100;
/** Pages in the log with which a commit moves them after all, because nobody else does, or rows are long: 64 MB. */
const longestLog = 16_384;

interface SqliteScriptRunnerOptions {
  /**
   * Leave it to `checkpoint` to move rows from the log into the file, which waits for the disk several times; otherwise
   * every so many commits one of them waits for it.
   */
  readonly checkpointsLater?: boolean;
  /** How long SQLite itself waits for another's write lock, in milliseconds, and does nothing else meanwhile. */
  readonly busyMs?: number;
}

/** Sets what every connection of chainparse to a SQLite file has set. */
export function prepareSqlite(connection: Connection, busyMs = busyTimeoutMs): Connection {
  connection.pragma(`busy_timeout = ${busyMs}`);
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = NORMAL');
  connection.pragma(`journal_size_limit = ${longestLog * 4_096}`);
  connection.pragma('foreign_keys = ON');
  return connection;
}

/** Runs scripts in this process, each synchronously in one BEGIN IMMEDIATE … COMMIT. */
export class SqliteScriptRunner implements ScriptRunner {
  readonly #open: () => Connection;
  readonly #checkpointsLater: boolean;
  readonly #busyMs: number;
  #connection: Connection | null = null;
  readonly #prepared = new Map<string, Prepared>();
  #rowsInLog = 0;

  /** Takes a file's path, or how to open another connection. */
  constructor(
    target: string | (() => Connection),
    { checkpointsLater = false, busyMs = busyTimeoutMs }: SqliteScriptRunnerOptions = {},
  ) {
    this.#open = typeof target === 'string' ? (): Connection => openFile(target, busyMs) : target;
    this.#checkpointsLater = checkpointsLater;
    this.#busyMs = busyMs;
  }

  // Async although SQLite is not: a ScriptRunner's errors are rejections.
  async run(steps: readonly ScriptStep[], sent?: TellSent): Promise<readonly StepResult[]> {
    await Promise.resolve();
    // Nothing has to leave; who is told goes on behind the script.
    sent?.();
    return this.runSync(steps);
  }

  /** What an insert costs this process is to run it. */
  prepare(insert: BulkInsert): BulkInsert {
    return insert;
  }

  async runAside(steps: readonly ScriptStep[]): Promise<readonly StepResult[]> {
    await Promise.resolve();
    return this.runAsideSync(steps);
  }

  /** Runs a script before it returns, if nobody holds the lock; throws what `runAside` rejects with. */
  runAsideSync(steps: readonly ScriptStep[]): readonly StepResult[] {
    const connection = (this.#connection ??= this.#connect());
    connection.pragma('busy_timeout = 0');
    try {
      return this.runSync(steps);
    } finally {
      connection.pragma(`busy_timeout = ${this.#busyMs}`);
    }
  }

  /** Runs a script before it returns; throws what `run` rejects with. */
  runSync(steps: readonly ScriptStep[]): readonly StepResult[] {
    const connection = (this.#connection ??= this.#connect());
    const results = connection.transaction(() => steps.map((step) => this.#runStep(step))).immediate();
    const rows = results.reduce((sum, { matched }) => sum + matched, 0);
    this.#rowsInLog += Math.max(rowsPerScript, rows);
    return results;
  }

  /** Moves rows from the log into the file, if there are many: for when nobody waits. Others go on reading and writing. */
  checkpoint(): void {
    if (this.#rowsInLog < rowsPerCheckpoint) return;
    this.#rowsInLog = 0;
    this.#connection?.pragma('wal_checkpoint(PASSIVE)');
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.#prepared.clear();
    this.#connection?.close();
    this.#connection = null;
  }

  #connect(): Connection {
    const connection = this.#open();
    if (this.#checkpointsLater) connection.pragma(`wal_autocheckpoint = ${longestLog}`);
    return connection;
  }

  #runStep(step: ScriptStep): StepResult {
    if (isBulkInsert(step)) return this.#insert(step);
    return isBulkDelete(step) ? this.#delete(step) : this.#execute(step);
  }

  #execute(statement: Statement): StepResult {
    const { changes, lastInsertRowid } = this.#prepare(statement.sql).run(...statement.bindings);
    const fenced = rowsFenced(statement);
    if (fenced !== null && changes !== fenced) throw new FenceError();
    return { matched: changes, insertId: Number(lastInsertRowid) };
  }

  #insert(insert: BulkInsert): StepResult {
    const { shared = {} } = insert;
    const columns = insert.columns.map(toBindings);
    const bindings: SqlValue[] = [];
    let statement: Prepared | null = null;
    // One array for all statements, and one statement for all but the last: to find it by its text takes long.
    for (let from = 0; from < insert.count; from += rowsPerInsert) {
      const to = Math.min(from + rowsPerInsert, insert.count);
      if (statement === null || to - from < rowsPerInsert) statement = this.#prepare(insertSql(insert, to - from));
      let length = 0;
      for (let row = from; row < to; row++) {
        for (const values of columns) bindings[length++] = values[row] ?? null;
      }
      bindings.length = length;
      statement.run(bindings, shared);
    }
    return { matched: insert.count, insertId: 0 };
  }

  #delete({ table, match, count }: BulkDelete): StepResult {
    const columns = match.map(toBindings);
    const where = match.map(({ name }) => `${quoteName(name)} = ?`).join(' AND ');
    const prepared = this.#prepare(`DELETE FROM ${quoteName(table)} WHERE ${where}`);
    let matched = 0;
    for (let row = 0; row < count; row++) {
      matched += prepared.run(columns.map((values) => values[row] ?? null)).changes;
    }
    return { matched, insertId: 0 };
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

function openFile(path: string, busyMs: number): Connection {
  const connection = new Sqlite(path, { fileMustExist: true });
  try {
    return prepareSqlite(connection, busyMs);
  } catch (error) {
    // Who waits for a lock tries this many times a second.
    connection.close();
    throw error;
  }
}

function insertSql(bulk: BulkInsert, rows: number): string {
  const { table, shared = {}, columns } = bulk;
  const names = [...Object.keys(shared), ...columns.map(({ name }) => name)].map(quoteName);
  const row = `(${[...Object.keys(shared).map((name) => `@${name}`), ...columns.map(() => '?')].join(', ')})`;
  const values = new Array<string>(rows).fill(row).join(', ');
  return `INSERT INTO ${quoteName(table)} (${names.join(', ')}) VALUES ${values}${replacing(bulk)}`;
}

function toBindings({ hex, values }: InsertColumn): readonly SqlValue[] {
  if (hex !== true) return values;
  return values.map((value) => (typeof value === 'string' ? Buffer.from(hexDigits(value), 'hex') : value));
}
