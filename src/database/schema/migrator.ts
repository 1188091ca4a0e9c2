import { migrations } from '../../../migrations/index.js';
import { systemClock } from '../../runtime/clock.js';
import type { Clock } from '../../runtime/clock.js';
import { ConflictError, NotMigratedError, SchemaNewerError } from '../../runtime/errors.js';
import type { Database } from '../database.js';
import { changeTimezone, findLivingTask } from './change-timezone.js';
import { refuseForeignTables } from './foreign-tables.js';
import { installationTable } from '../database-timezone.js';
import { historyTable } from './migration-history.js';
import type { AppliedMigration } from './migration-history.js';
import { MigrationWork } from './migration-work.js';
import type { Report } from './migration-work.js';
import type { Migration, Schema, SchemaChange, SchemaObject } from '../../../migrations/schema.js';

export interface MigrationStatus {
  readonly name: string;
  /** In the database's time zone; null: not applied. */
  readonly appliedAt: string | null;
  /** False: a newer version of this program has made it. */
  readonly isKnown: boolean;
}

/** Brings a database's schema forward and back, one process at a time. */
export class Migrator {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock = systemClock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Which database it is, as a person may see it. */
  get label(): string {
    return this.#database.label;
  }

  /** Lists every migration that this version knows or the database has, in order. */
  async status(): Promise<readonly MigrationStatus[]> {
    const applied = await this.#unlocked(({ history }) => history.list());
    const names = new Set([...migrations.map(({ name }) => name), ...applied.map(({ name }) => name)]);
    const at = new Map(applied.map(({ name, appliedAt }) => [name, appliedAt]));
    return [...names].sort().map((name) => ({ name, appliedAt: at.get(name) ?? null, isKnown: isKnown(name) }));
  }

  /** Throws SchemaNewerError where the database has migrations that this version does not know. */
  refuseNewer(status: readonly MigrationStatus[]): void {
    refuseNewer(this.#database, status);
  }

  /** Returns the SQL that `up` would run now, without running it. */
  sql(): Promise<readonly SchemaChange[]> {
    return this.#unlocked(async ({ schema, history }) => {
      const applied = await history.list();
      refuseNewer(this.#database, applied);
      await refuseForeignTables(this.#database, schema);
      const changes = await Promise.all(pending(applied).map((migration) => migration.changes(schema)));
      return changes.flat();
    });
  }

  /**
   * Applies what is pending; returns the names of the migrations that it applied. Throws ConflictError where tables are another's,
   * NotMigratedError where the database has lost its time zone, and none is given that is about to be stored.
   */
  up(report: Report, timezone?: string): Promise<readonly string[]> {
    return this.#locked(report, async (work) => {
      refuseNewer(this.#database, await work.history.list());
      await refuseForeignTables(this.#database, work.schema);
      await work.history.ensureTable();
      const names: string[] = [];
      for (const migration of pending(await work.history.list())) {
        report(`applying ${migration.name}`);
        await this.#apply(work, migration, report);
        names.push(migration.name);
      }
      learn(this.#database, (await work.readTimezone()) ?? timezone);
      return names;
    });
  }

  /**
   * Lets all instants be read in another offset, those that are stored too: none is written anew. Returns which it was;
   * throws ConflictError while something runs.
   */
  changeTimezone(report: Report, to: string, defaultIntervalSeconds: number): Promise<string> {
    return this.#locked(report, async (work) => {
      refuseNewer(this.#database, await work.history.list());
      return changeTimezone(this.#database, work, to, defaultIntervalSeconds);
    });
  }

  /** Says whether the database has stored a time zone: before its first `up` it has none. */
  hasTimezone(): Promise<boolean> {
    return this.#unlocked(
      async (work) => (await work.schema.hasTable(installationTable)) && (await work.readTimezone()) !== undefined,
    );
  }

  /** Says whether `up` would come upon tasks of an older program, whose time zone nobody has told. */
  adoptsTasks(): Promise<boolean> {
    return this.#unlocked(async (work) => {
      if (!this.#database.timezone.isAssumed || !(await work.schema.hasTable('pipeline_task'))) return false;
      const made = (await work.history.list()).flatMap((migration) => migration.made);
      if (made.some(({ kind, table }) => kind === 'table' && table === 'pipeline_task')) return false;
      return (await work.schema.ask('SELECT id FROM pipeline_task LIMIT 1')).length > 0;
    });
  }

  /** Returns the id of a task that runs, null for none: where something is pending, nothing of this version can run. */
  livingTask(defaultIntervalSeconds: number): Promise<number | null> {
    return this.#unlocked(async (work) => {
      const isNewest = pending(await work.history.list()).length === 0;
      return isNewest ? findLivingTask(this.#database, work, defaultIntervalSeconds) : null;
    });
  }

  /** Takes back the newest migration, or all; drops only what chainparse itself made. Returns their names. */
  down(report: Report, all: boolean): Promise<readonly string[]> {
    return this.#locked(report, async (work) => {
      const applied = [...(await work.history.list())].reverse();
      refuseNewer(this.#database, applied);
      const names: string[] = [];
      for (const migration of all ? applied : applied.slice(0, 1)) {
        await refuseLoss(work.schema, migration.name);
        report(`rolling back ${migration.name}`);
        await work.takeBack(migration, report);
        names.push(migration.name);
      }
      if (applied.length > 0 && names.length === applied.length) await work.schema.run(`DROP TABLE ${historyTable}`);
      return names;
    });
  }

  async #apply(work: MigrationWork, migration: Migration, report: Report): Promise<void> {
    const before = (await work.history.list()).find(({ name }) => name === migration.name);
    const made: SchemaObject[] = [...(before?.made ?? [])];
    for (const change of await migration.changes(work.schema)) {
      report(`  ${change.text}`);
      made.push(...(change.makes ?? []).filter((object) => !made.some((other) => sameObject(object, other))));
      await work.stillHeld();
      await work.history.note(migration.name, made);
      await work.schema.change(change);
    }
    await work.history.note(migration.name, made);
    await work.history.markApplied(migration.name, this.#database.dialect.now(this.#database.knex));
  }

  #locked<T>(report: Report, work: (parts: MigrationWork) => Promise<T>): Promise<T> {
    const onWait = (): void => report('waiting for another migrate to finish');
    const database = this.#database;
    return database.withSchema((schema) =>
      database.driver.lock(
        {
          schema,
          clock: this.#clock,
          onWait,
          dialect: database.dialect,
          write: (steps) => database.writeUrgently(steps),
        },
        (stillHeld) => work(new MigrationWork(schema, stillHeld)),
      ),
    );
  }

  #unlocked<T>(work: (parts: MigrationWork) => Promise<T>): Promise<T> {
    return this.#database.withSchema((schema) => work(new MigrationWork(schema)));
  }
}

function pending(applied: readonly AppliedMigration[]): readonly Migration[] {
  const done = new Set(applied.filter(({ appliedAt }) => appliedAt !== null).map(({ name }) => name));
  return migrations.filter(({ name }) => !done.has(name));
}

function sameObject(a: SchemaObject, b: SchemaObject): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

async function refuseLoss(schema: Schema, name: string): Promise<void> {
  const reason = await migrations.find((migration) => migration.name === name)?.mustStay?.(schema);
  if (typeof reason === 'string') throw new ConflictError(`${name} can't be rolled back: ${reason}`);
}

function isKnown(name: string): boolean {
  return migrations.some((migration) => migration.name === name);
}

/** What a newer version has made is neither used nor taken back by one that does not know what it is for. */
function refuseNewer({ label }: Database, applied: readonly { readonly name: string }[]): void {
  const unknown = applied.map(({ name }) => name).filter((name) => !isKnown(name));
  if (unknown.length === 0) return;
  throw new SchemaNewerError(
    `the schema of the database ${label} is newer than this program: it has migrations that this version does not know (${unknown.sort().join(', ')})`,
    { hint: 'use the version of chainparse that made them, or a newer one' },
  );
}

function learn({ label, timezone }: Database, stored: string | undefined): void {
  if (stored === undefined) {
    throw new NotMigratedError(`the database ${label} has lost its row of chainparse_installation`, {
      hint: 'chainparse migrate --time-zone +00:00, or whichever its times are in, writes it again',
    });
  }
  timezone.learn(stored);
}

/**
 * Learns the database's time zone. Throws SchemaNewerError where a newer version has changed the schema, NotMigratedError
 * where migrations of this version have not been applied, UsageError where this process is set to another time zone.
 */
export async function requireMigrated(database: Database): Promise<void> {
  const migrator = new Migrator(database);
  const status = await migrator.status();
  migrator.refuseNewer(status);
  const missing = status.filter(({ appliedAt }) => appliedAt === null);
  if (missing.length === 0) {
    learn(database, await readTimezone(database));
    return;
  }
  const pendingNow = missing.length === 1 ? '1 migration is' : `${missing.length} migrations are`;
  throw new NotMigratedError(`the database ${database.label} is not migrated: ${pendingNow} pending`, {
    hint: 'chainparse migrate',
  });
}

async function readTimezone(database: Database): Promise<string | undefined> {
  const rows = await database.read<{ time_zone: string }[]>((knex) => knex(installationTable).select('time_zone'));
  return rows[0]?.time_zone;
}
