import { toBytes } from '../../../runtime/hex-bytes.js';

/** Types of columns by their numbers in `pg_type`, as far as they come back as something else than a text. */
const bool = 16;
const bytea = 17;
const numbers = new Set([20, 21, 23, 26, 700, 701, 1700]);

/**
 * Returns how a value of a type becomes what the stores know: a number (those of `bigint` here lie within what one holds:
 * blocks, ids, counts), bytes, 1 or 0, else a text. Instants stay as the server writes them.
 */
export function parseValue(type: number): (text: string) => unknown {
  if (numbers.has(type)) return Number;
  if (type === bytea) return toBytes;
  if (type === bool) return (text) => (text === 't' ? 1 : 0);
  return (text) => text;
}

/** Returns the rows of the answer to a query that Knex sent as it was written. */
export function rowsOf(answer: unknown): readonly unknown[] {
  return (answer as { readonly rows: readonly unknown[] }).rows;
}
