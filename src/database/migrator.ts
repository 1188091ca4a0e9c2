import { migrations } from '../../migrations/index.js';
import { systemClock } from '../runtime/clock.js';
import type { Clock } from '../runtime/clock.js';
import { NotMigratedError } from '../runtime/errors.js';
import type { Database } from './database.js';
import { translateError } from './database-errors.js';
import { historyTable, MigrationHistory } from './migration-history.js';
import type { AppliedMigration } from './migration-history.js';
import { withMigrationLock } from './migration-lock.js';
import { mysqlSchema, sqliteSchema } from './schema-reader.js';
import type { Migration, Schema, SchemaChange, SchemaObject } from './schema.js';

export interface MigrationStatus {
  readonly name: string;
  /** In the database's time zone; null: not applied. */
  readonly appliedAt: string | null;
}

/** Tells what the migrator does, a line at a time. */
export type Report = (line: string) => void;

/** Brings a database's schema forward and back, one process at a time. */
export class Migrator {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock = systemClock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Lists every migration that this version knows or the database has, in order. */
  async status(): Promise<readonly MigrationStatus[]> {
    const applied = await this.#unlocked(({ history }) => history.list());
    const names = new Set([...migrations.map(({ name }) => name), ...applied.map(({ name }) => name)]);
    const at = new Map(applied.map(({ name, appliedAt }) => [name, appliedAt]));
    return [...names].sort().map((name) => ({ name, appliedAt: at.get(name) ?? null }));
  }

  /** Returns the SQL that `up` would run now, without running it. */
  sql(): Promise<readonly SchemaChange[]> {
    return this.#unlocked(async ({ schema, history }) => {
      const applied = await history.list();
      const changes = await Promise.all(pending(applied).map((migration) => migration.changes(schema)));
      return changes.flat();
    });
  }

  /** Applies what is pending; returns the names of the migrations that it applied. */
  up(report: Report): Promise<readonly string[]> {
    return this.#locked(report, async (work) => {
      await work.history.ensureTable();
      const names: string[] = [];
      for (const migration of pending(await work.history.list())) {
        report(`applying ${migration.name}`);
        await this.#apply(work, migration, report);
        names.push(migration.name);
      }
      return names;
    });
  }

  /** Takes back the newest migration, or all; drops only what chainparse itself made. Returns their names. */
  down(report: Report, all: boolean): Promise<readonly string[]> {
    return this.#locked(report, async (work) => {
      const applied = [...(await work.history.list())].reverse();
      const names: string[] = [];
      for (const migration of all ? applied : applied.slice(0, 1)) {
        report(`rolling back ${migration.name}`);
        await this.#takeBack(work, migration, report);
        names.push(migration.name);
      }
      if (applied.length > 0 && names.length === applied.length) await work.run(`DROP TABLE ${historyTable}`);
      return names;
    });
  }

  async #apply(work: Work, migration: Migration, report: Report): Promise<void> {
    const before = (await work.history.list()).find(({ name }) => name === migration.name);
    const made: SchemaObject[] = [...(before?.made ?? [])];
    for (const change of await migration.changes(work.schema)) {
      report(`  ${change.text}`);
      made.push(...(change.makes ?? []).filter((object) => !made.some((other) => sameObject(object, other))));
      await work.history.note(migration.name, made);
      await work.change(change);
    }
    await work.history.note(migration.name, made);
    await work.history.markApplied(migration.name, this.#database.dialect.now(this.#database.knex));
  }

  async #takeBack(work: Work, migration: AppliedMigration, report: Report): Promise<void> {
    const dropped = new Set<string>();
    for (const object of [...migration.made].sort(tablesLast)) {
      const sql = await dropSql(work.schema, object, dropped);
      if (sql === null) continue;
      report(`  ${sql}`);
      await work.drop(sql, report);
    }
    await work.history.remove(migration.name);
  }

  async #locked<T>(report: Report, work: (parts: Work) => Promise<T>): Promise<T> {
    const onWait = (): void => report('waiting for another migrate to finish');
    try {
      return await withMigrationLock(this.#database, this.#clock, onWait, (connection) => work(this.#work(connection)));
    } catch (error) {
      throw translateError(this.#database.dialect, this.#database.label, error);
    }
  }

  async #unlocked<T>(work: (parts: Work) => Promise<T>): Promise<T> {
    const client = this.#database.knex.client as {
      acquireConnection(): Promise<unknown>;
      releaseConnection(connection: unknown): Promise<void>;
    };
    try {
      const connection = await client.acquireConnection();
      try {
        return await work(this.#work(connection));
      } finally {
        await client.releaseConnection(connection);
      }
    } catch (error) {
      throw translateError(this.#database.dialect, this.#database.label, error);
    }
  }

  #work(connection: unknown): Work {
    const { knex, dialect } = this.#database;
    const schema = (dialect.name === 'sqlite' ? sqliteSchema : mysqlSchema)(knex, connection);
    return new Work(schema, connection);
  }
}

/** What a migration works with: one connection, and the schema and history as seen through it. */
class Work {
  readonly schema: Schema;
  readonly history: MigrationHistory;
  readonly #connection: unknown;

  constructor(schema: Schema, connection: unknown) {
    this.schema = schema;
    this.history = new MigrationHistory(schema, connection);
    this.#connection = connection;
  }

  async run(sql: string): Promise<void> {
    await this.schema.knex.raw(sql).connection(this.#connection);
  }

  /** Drops something; an index that a foreign key has come to lean on stays. */
  async drop(sql: string, report: Report): Promise<void> {
    try {
      await this.run(sql);
    } catch (error) {
      if ((error as { errno?: number }).errno !== neededByForeignKey) throw error;
      report('  kept: a foreign key needs it');
    }
  }

  async change(change: SchemaChange): Promise<void> {
    try {
      await this.run(change.sql);
    } catch (error) {
      if (change.fallback === undefined || !unsupportedAlgorithm.has((error as { errno?: number }).errno ?? 0))
        throw error;
      await this.run(change.fallback);
    }
  }
}

/** ER_DROP_INDEX_FK. */
const neededByForeignKey = 1553;

/** ER_ALTER_OPERATION_NOT_SUPPORTED and its variant with a reason; ER_PARSE_ERROR and ER_UNKNOWN_ALTER_ALGORITHM of old servers. */
const unsupportedAlgorithm = new Set([1845, 1846, 1064, 1800]);

function pending(applied: readonly AppliedMigration[]): readonly Migration[] {
  const done = new Set(applied.filter(({ appliedAt }) => appliedAt !== null).map(({ name }) => name));
  return migrations.filter(({ name }) => !done.has(name));
}

function sameObject(a: SchemaObject, b: SchemaObject): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function tablesLast(a: SchemaObject, b: SchemaObject): number {
  const rank = { index: 0, column: 1, table: 2 };
  return rank[a.kind] - rank[b.kind];
}

async function dropSql(schema: Schema, object: SchemaObject, dropped: Set<string>): Promise<string | null> {
  const q = schema.isMysql ? '`' : '"';
  const table = `${q}${object.table}${q}`;
  if (dropped.has(object.table) || !(await schema.hasTable(object.table))) return null;
  if (object.kind === 'table') {
    dropped.add(object.table);
    return `DROP TABLE ${table}`;
  }
  const name = `${q}${object.name}${q}`;
  if (object.kind === 'column') {
    return (await schema.columns(object.table)).has(object.name) ? `ALTER TABLE ${table} DROP COLUMN ${name}` : null;
  }
  if (!(await schema.indexes(object.table)).has(object.name)) return null;
  return schema.isMysql ? `DROP INDEX ${name} ON ${table}` : `DROP INDEX ${name}`;
}

/** Throws NotMigratedError where migrations of this version have not been applied. */
export async function requireMigrated(database: Database): Promise<void> {
  const missing = (await new Migrator(database).status()).filter(
    ({ name, appliedAt }) => appliedAt === null && migrations.some((migration) => migration.name === name),
  );
  if (missing.length === 0) return;
  throw new NotMigratedError(
    `the database ${database.label} is not migrated: ${missing.length === 1 ? '1 migration is' : `${missing.length} migrations are`} pending`,
    {
      hint: 'chainparse migrate',
    },
  );
}
