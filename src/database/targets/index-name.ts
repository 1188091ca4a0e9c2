import { createHash } from 'node:crypto';

/** Bytes of the longest name that every database takes: PostgreSQL cuts what is longer, and so makes two the same. */
export const longestName = 63;

/** Returns the name of an index of a table. */
export function indexName(table: string, columns: readonly string[], unique: boolean): string {
  const name = `${unique ? 'uniq' : 'idx'}_${table}_${columns.join('_')}`;
  if (/^[\x20-\x7e]*$/.test(name) && name.length <= longestName) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${unique ? 'uniq' : 'idx'}_${digest}`;
}
