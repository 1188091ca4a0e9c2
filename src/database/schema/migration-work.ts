import { storedTimezoneSql } from '../database-timezone.js';
import type { StillHeld } from '../driver.js';
import { MigrationHistory } from './migration-history.js';
import type { AppliedMigration } from './migration-history.js';
import type { Schema, SchemaObject } from '../../../migrations/schema.js';

/** Tells what the migrator does, a line at a time. */
export type Report = (line: string) => void;

/** What a migration works with: the schema and its history as seen through one connection. */
export class MigrationWork {
  readonly schema: Schema;
  readonly history: MigrationHistory;
  /** Called before each change: it throws where another migrate has taken over. */
  readonly stillHeld: StillHeld;

  constructor(schema: Schema, stillHeld: StillHeld = () => Promise.resolve()) {
    this.schema = schema;
    this.stillHeld = stillHeld;
    this.history = new MigrationHistory(schema);
  }

  async readTimezone(): Promise<string | undefined> {
    return (await this.schema.ask<{ time_zone: string }>(storedTimezoneSql))[0]?.time_zone;
  }

  /**
   * Drops what a migration made, gives columns their old names, and forgets the migration; an index that a foreign key has
   * come to lean on stays.
   */
  async takeBack(migration: AppliedMigration, report: Report): Promise<void> {
    const dropped = new Set<string>();
    for (const object of [...migration.made].sort(tablesLast)) {
      const sql = await dropSql(this.schema, object, dropped);
      if (sql === null) continue;
      report(`  ${sql}`);
      await this.stillHeld();
      if (!(await this.schema.drop(sql))) report('  kept: a foreign key needs it');
    }
    await this.history.remove(migration.name);
  }
}

function tablesLast(a: SchemaObject, b: SchemaObject): number {
  const rank = { index: 0, rename: 1, column: 1, table: 2 };
  return rank[a.kind] - rank[b.kind];
}

async function dropSql(schema: Schema, object: SchemaObject, dropped: Set<string>): Promise<string | null> {
  const table = schema.quote(object.table);
  if (dropped.has(object.table) || !(await schema.hasTable(object.table))) return null;
  if (object.kind === 'table') {
    dropped.add(object.table);
    return `DROP TABLE ${table}`;
  }
  if (object.kind === 'column') {
    const isThere = (await schema.columns(object.table)).has(object.name);
    return isThere ? `ALTER TABLE ${table} DROP COLUMN ${schema.quote(object.name)}` : null;
  }
  if (object.kind === 'rename') {
    const isRenamed = (await schema.columns(object.table)).has(object.name);
    return isRenamed
      ? `ALTER TABLE ${table} RENAME COLUMN ${schema.quote(object.name)} TO ${schema.quote(object.from)}`
      : null;
  }
  return (await schema.indexes(object.table)).has(object.name) ? schema.dropIndex(object.table, object.name) : null;
}
