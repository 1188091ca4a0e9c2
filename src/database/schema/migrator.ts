import { migrations } from '../../../migrations/index.js';
import { systemClock } from '../../runtime/clock.js';
import type { Clock } from '../../runtime/clock.js';
import { NotMigratedError } from '../../runtime/errors.js';
import type { Database } from '../database.js';
import { translateError } from '../database-errors.js';
import { historyTable } from './migration-history.js';
import type { AppliedMigration } from './migration-history.js';
import { withConnection, withMigrationLock } from './migration-lock.js';
import { MigrationWork } from './migration-work.js';
import type { Report } from './migration-work.js';
import { mysqlSchema, sqliteSchema } from './schema-reader.js';
import type { Migration, SchemaChange, SchemaObject } from './schema.js';

export interface MigrationStatus {
  readonly name: string;
  /** In the database's time zone; null: not applied. */
  readonly appliedAt: string | null;
}

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
        await work.takeBack(migration, report);
        names.push(migration.name);
      }
      if (applied.length > 0 && names.length === applied.length) await work.run(`DROP TABLE ${historyTable}`);
      return names;
    });
  }

  async #apply(work: MigrationWork, migration: Migration, report: Report): Promise<void> {
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

  async #locked<T>(report: Report, work: (parts: MigrationWork) => Promise<T>): Promise<T> {
    const onWait = (): void => report('waiting for another migrate to finish');
    try {
      return await withMigrationLock(this.#database, this.#clock, onWait, (connection) => work(this.#work(connection)));
    } catch (error) {
      throw translateError(this.#database.dialect, this.#database.label, error);
    }
  }

  async #unlocked<T>(work: (parts: MigrationWork) => Promise<T>): Promise<T> {
    try {
      return await withConnection(this.#database, (connection) => work(this.#work(connection)));
    } catch (error) {
      throw translateError(this.#database.dialect, this.#database.label, error);
    }
  }

  #work(connection: unknown): MigrationWork {
    const { knex, dialect } = this.#database;
    const schema = (dialect.name === 'sqlite' ? sqliteSchema : mysqlSchema)(knex, connection);
    return new MigrationWork(schema, connection);
  }
}

function pending(applied: readonly AppliedMigration[]): readonly Migration[] {
  const done = new Set(applied.filter(({ appliedAt }) => appliedAt !== null).map(({ name }) => name));
  return migrations.filter(({ name }) => !done.has(name));
}

function sameObject(a: SchemaObject, b: SchemaObject): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Throws NotMigratedError where migrations of this version have not been applied. */
export async function requireMigrated(database: Database): Promise<void> {
  const missing = (await new Migrator(database).status()).filter(
    ({ name, appliedAt }) => appliedAt === null && migrations.some((migration) => migration.name === name),
  );
  if (missing.length === 0) return;
  const pendingNow = missing.length === 1 ? '1 migration is' : `${missing.length} migrations are`;
  throw new NotMigratedError(`the database ${database.label} is not migrated: ${pendingNow} pending`, {
    hint: 'chainparse migrate',
  });
}
