import type { BulkInsert, InsertColumn, SqlValue } from '../../src/database/script.js';

/** Returns the insert of rows that are written down row by row. */
export function bulkInsert(
  table: string,
  columns: readonly Omit<InsertColumn, 'values'>[],
  rows: readonly (readonly SqlValue[])[],
): BulkInsert {
  const withValues = columns.map((column, i) => ({ ...column, values: rows.map((row) => row[i] ?? null) }));
  return { table, columns: withValues, count: rows.length };
}
