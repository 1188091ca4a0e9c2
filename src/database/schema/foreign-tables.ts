import type { Knex } from 'knex';
import { migrations } from '../../../migrations/index.js';
import type { DefineTable, Schema } from '../../../migrations/schema.js';
import { ConflictError } from '../../runtime/errors.js';
import type { Database } from '../database.js';

/** Columns that no migration adds to a table of an older program, by the tables that are adopted. */
const adopted: Readonly<Record<string, readonly string[]>> = {
  pipeline: ['id', 'name'],
  pipeline_task: ['id', 'pipeline_id', 'create_time', 'status', 'log_path'],
  pipeline_classification: ['id'],
};

/** How many columns an error names. */
const mostNamed = 3;

/**
 * Throws ConflictError where tables that bear the names of ours lack columns that ours were made with: somebody else's, into
 * which nothing may be written. What a migration made that was cut short has them all, for each table is made by one statement. And
 * where such tables keep no transactions: what is written together would be written in part.
 */
export async function refuseForeignTables({ label }: Database, schema: Schema): Promise<void> {
  const foreign: string[] = [];
  const required = await requiredColumns(schema);
  for (const [table, columns] of required) {
    const present = new Set([...(await schema.columns(table)).keys()].map((name) => name.toLowerCase()));
    const missing = columns.filter((names) => !names.some((name) => present.has(name))).map(([name = '']) => name);
    if (present.size > 0 && missing.length > 0) foreign.push(`${table} (it lacks ${listed(missing)})`);
  }
  if (foreign.length === 0) {
    const engines = await schema.withoutTransactions();
    refuseEngines(
      label,
      [...engines].filter(([table]) => required.has(table)),
    );
    return;
  }
  const tables = foreign.length === 1 ? 'a table' : 'tables';
  throw new ConflictError(
    `the database ${label} has ${tables} of somebody else's under names that chainparse needs: ${foreign.join(', ')}; nothing was changed`,
    { hint: 'rename what is there, or give chainparse a database, or on PostgreSQL a schema, of its own' },
  );
}

function refuseEngines(label: string, engines: readonly (readonly [string, string])[]): void {
  if (engines.length === 0) return;
  const tables = engines.map(([table, engine]) => `${table} (${engine})`).join(', ');
  throw new ConflictError(
    `the database ${label} has tables that keep no transactions: ${tables}; nothing was changed`,
    {
      hint: engines.map(([table]) => `ALTER TABLE ${table} ENGINE=InnoDB`).join('; '),
    },
  );
}

function listed(names: readonly string[]): string {
  const more = names.length > mostNamed ? [`${names.length - mostNamed} more columns`] : [];
  return [...names.slice(0, mostNamed), ...more].join(', ').replace(/, ([^,]*)$/, ' and $1');
}

/** Returns the columns that each table must have, by the names that each has had. */
async function requiredColumns(schema: Schema): Promise<ReadonlyMap<string, readonly (readonly string[])[]>> {
  const made = new Map<string, readonly string[]>();
  const newNames = new Map<string, string>();
  for (const migration of migrations) {
    for (const { makes = [] } of await migration.changes(ofNothing(schema, made))) {
      for (const object of makes) {
        if (object.kind === 'rename') newNames.set(`${object.table}.${object.from}`, object.name);
      }
    }
  }
  const namesOf = (table: string, name: string): readonly string[] => [name, newNames.get(`${table}.${name}`) ?? name];
  return new Map(
    [...made].map(([table, names]) => [table, (adopted[table] ?? names).map((name) => namesOf(table, name))]),
  );
}

/** The schema of a database that holds nothing yet; notes the columns of the tables that are to be made in it. */
function ofNothing(schema: Schema, made: Map<string, readonly string[]>): Schema {
  return {
    ...schema,
    hasTable: () => Promise.resolve(false),
    columns: () => Promise.resolve(new Map()),
    indexes: () => Promise.resolve(new Map()),
    createTable: (table, define) => {
      made.set(table, columnsOf(define));
      return [];
    },
  };
}

/** Knex tells of a table that is yet to be made nothing but its SQL: so the definition is shown a table that only listens. */
function columnsOf(define: DefineTable): readonly string[] {
  const names: string[] = [];
  const column: unknown = new Proxy({}, { get: () => () => column });
  const defineColumn = (name: unknown): unknown => {
    if (typeof name === 'string') names.push(name);
    return column;
  };
  define(new Proxy({}, { get: () => defineColumn }) as Knex.CreateTableBuilder);
  return names;
}
