import type { Database } from '../database.js';

/** Returns an empty value for each column of a table that must have one and has no default, as an older program's may. */
export async function fillRequired(database: Database, table: string): Promise<Record<string, unknown>> {
  const { dialect, knex } = database;
  const columns = await database.withSchema((schema) => schema.columns(table));
  const emptyOf = (type: string): unknown => {
    if (/^(date|time)/.test(type)) return dialect.now(knex);
    if (/^bool/.test(type)) return dialect.flag(false);
    return /char|text|blob|binary/.test(type) ? '' : 0;
  };
  const required = [...columns].filter(([, { required: isRequired }]) => isRequired);
  return Object.fromEntries(required.map(([name, { type }]) => [name, emptyOf(type)]));
}
