import type { Knex } from 'knex';
import { storedTimezoneSql } from '../database-timezone.js';
import { MigrationHistory } from './migration-history.js';
import type { AppliedMigration } from './migration-history.js';
import type { Schema, SchemaChange, SchemaObject } from './schema.js';

/** Tells what the migrator does, a line at a time. */
export type Report = (line: string) => void;

/** ER_DROP_INDEX_FK. */
const neededByForeignKey = 1553;

/** ER_ALTER_OPERATION_NOT_SUPPORTED and its variant with a reason; ER_PARSE_ERROR and ER_UNKNOWN_ALTER_ALGORITHM of old servers. */
const unsupportedAlgorithm = new Set([1845, 1846, 1064, 1800]);

/** What a migration works with: one connection, and the schema and history as seen through it. */
export class MigrationWork {
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

  /** Runs a query; returns its rows. */
  async ask<T = unknown>(query: string | Knex.QueryBuilder): Promise<readonly T[]> {
    const asked = typeof query === 'string' ? this.schema.knex.raw(query) : query;
    const answer = (await asked.connection(this.#connection)) as unknown;
    // A raw query of a server is answered with its columns as well.
    return (typeof query === 'string' && this.schema.isMysql ? (answer as [T[]])[0] : answer) as readonly T[];
  }

  async readTimezone(): Promise<string | undefined> {
    return (await this.ask<{ time_zone: string }>(storedTimezoneSql))[0]?.time_zone;
  }

  /** Drops what a migration made, gives columns their old names, and forgets the migration. */
  async takeBack(migration: AppliedMigration, report: Report): Promise<void> {
    const dropped = new Set<string>();
    for (const object of [...migration.made].sort(tablesLast)) {
      const sql = await dropSql(this.schema, object, dropped);
      if (sql === null) continue;
      report(`  ${sql}`);
      await this.#drop(sql, report);
    }
    await this.history.remove(migration.name);
  }

  /** Drops something; an index that a foreign key has come to lean on stays. */
  async #drop(sql: string, report: Report): Promise<void> {
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

function tablesLast(a: SchemaObject, b: SchemaObject): number {
  const rank = { index: 0, rename: 1, column: 1, table: 2 };
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
  if (object.kind === 'rename') {
    const isRenamed = (await schema.columns(object.table)).has(object.name);
    return isRenamed ? `ALTER TABLE ${table} RENAME COLUMN ${name} TO ${q}${object.from}${q}` : null;
  }
  if (!(await schema.indexes(object.table)).has(object.name)) return null;
  return schema.isMysql ? `DROP INDEX ${name} ON ${table}` : `DROP INDEX ${name}`;
}
