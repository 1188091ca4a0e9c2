import type { FoundIndex } from '../target-dialect.js';

/** A column of an index, as databases list them: in order, index by index. */
export interface IndexRow {
  readonly name: string;
  readonly col: string | null;
  /** 1 or 0. */
  readonly uniq: number;
  readonly sql?: string | null;
}

/** Groups the columns of indexes by index; the column of an expression is an empty text. */
export function groupIndexes(rows: readonly IndexRow[]): readonly FoundIndex[] {
  const byName = new Map<string, IndexRow[]>();
  for (const row of rows) byName.set(row.name, [...(byName.get(row.name) ?? []), row]);
  return [...byName].map(([name, parts]) => ({
    name,
    columns: parts.map(({ col }) => col ?? ''),
    unique: parts[0]?.uniq === 1,
    sql: parts[0]?.sql,
  }));
}
