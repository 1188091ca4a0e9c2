import type { Knex } from 'knex';
import type { DefineTable, Schema, SchemaObject } from '../../../migrations/schema.js';

/** A row of the table that remembers which migrations ran and what they made. */
export interface AppliedMigration {
  readonly name: string;
  /** Null while it runs, and after a crash in its middle. */
  readonly appliedAt: string | null;
  readonly made: readonly SchemaObject[];
}

export const historyTable = 'chainparse_migration';

/** The name of the row that is no migration but the lock of whoever migrates. */
export const lockName = '~lock';

/** Reads and writes the history of migrations on one connection. */
export class MigrationHistory {
  readonly #schema: Schema;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  isThere(): Promise<boolean> {
    return this.#schema.hasTable(historyTable);
  }

  /** Makes the table where it is missing, perhaps while another does. */
  async ensureTable(): Promise<void> {
    const { types } = this.#schema;
    if (await this.isThere()) return;
    const define: DefineTable = (table) => {
      table.string('name', 191).primary();
      table.specificType('applied_at', types.instant).nullable();
      table.text('made', 'mediumtext').notNullable();
    };
    try {
      for (const change of this.#schema.createTable(historyTable, define, false)) await this.#schema.change(change);
    } catch (error) {
      // A transaction that an error has ended answers nothing more: what went wrong is that first error.
      if (!(await this.isThere().catch(() => false))) throw error;
    }
  }

  async list(): Promise<readonly AppliedMigration[]> {
    if (!(await this.isThere())) return [];
    const rows = await this.#schema.ask<{ name: string; applied_at: string | null; made: string }>(
      this.#rows().select('name', 'applied_at', 'made').whereNot({ name: lockName }).orderBy('name'),
    );
    return rows.map((row) => ({
      name: row.name,
      appliedAt: row.applied_at,
      made: JSON.parse(row.made) as SchemaObject[],
    }));
  }

  /** Notes that a migration is about to make something: before it does, so that a crash leaves nothing unaccounted. */
  async note(name: string, made: readonly SchemaObject[]): Promise<void> {
    const row = { name, made: JSON.stringify(made) };
    const insert = this.#rows().insert({ ...row, applied_at: null });
    await this.#schema.ask(insert.onConflict('name').merge({ made: row.made }));
  }

  async markApplied(name: string, now: Knex.Raw): Promise<void> {
    await this.#schema.ask(this.#rows().where({ name }).update({ applied_at: now }));
  }

  async remove(name: string): Promise<void> {
    await this.#schema.ask(this.#rows().where({ name }).delete());
  }

  #rows(): Knex.QueryBuilder {
    return this.#schema.knex(historyTable);
  }
}
