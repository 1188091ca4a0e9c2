import type { Knex } from 'knex';
import type { Schema, SchemaObject } from './schema.js';

/** A row of the table that remembers which migrations ran and what they made. */
export interface AppliedMigration {
  readonly name: string;
  /** Null while it runs, and after a crash in its middle. */
  readonly appliedAt: string | null;
  readonly made: readonly SchemaObject[];
}

export const historyTable = 'chainparse_migration';

/** Reads and writes the history of migrations on one connection. */
export class MigrationHistory {
  readonly #schema: Schema;
  readonly #connection: unknown;

  constructor(schema: Schema, connection: unknown) {
    this.#schema = schema;
    this.#connection = connection;
  }

  async ensureTable(): Promise<void> {
    if (await this.#schema.hasTable(historyTable)) return;
    const create = this.#schema.knex.schema.createTable(historyTable, (table) => {
      table.string('name', 191).primary();
      table.specificType('applied_at', 'datetime').nullable();
      table.text('made', 'mediumtext').notNullable();
    });
    await create.connection(this.#connection);
  }

  async list(): Promise<readonly AppliedMigration[]> {
    if (!(await this.#schema.hasTable(historyTable))) return [];
    const rows = (await this.#rows().select('name', 'applied_at', 'made').orderBy('name')) as {
      name: string;
      applied_at: string | null;
      made: string;
    }[];
    return rows.map((row) => ({
      name: row.name,
      appliedAt: row.applied_at,
      made: JSON.parse(row.made) as SchemaObject[],
    }));
  }

  /** Notes that a migration is about to make something: before it does, so that a crash leaves nothing unaccounted. */
  async note(name: string, made: readonly SchemaObject[]): Promise<void> {
    const row = { name, made: JSON.stringify(made) };
    await this.#rows()
      .insert({ ...row, applied_at: null })
      .onConflict('name')
      .merge({ made: row.made });
  }

  async markApplied(name: string, now: Knex.Raw): Promise<void> {
    await this.#rows().where({ name }).update({ applied_at: now });
  }

  async remove(name: string): Promise<void> {
    await this.#rows().where({ name }).delete();
  }

  #rows(): Knex.QueryBuilder {
    return this.#schema.knex(historyTable).connection(this.#connection) as Knex.QueryBuilder;
  }
}
