import { createHash } from 'node:crypto';
import type { TargetTable } from '../target-dialect.js';

/** Bytes of the longest name that every database takes: PostgreSQL cuts what is longer, and so makes two the same. */
export const longestName = 63;

/** Returns a name for an index of a table. */
export type NameIndex = (columns: readonly string[], unique: boolean) => string;

/**
 * Returns what names the indexes of a table: none as another of them, and none as is taken. On some databases that is what any
 * table's index is called: those of a table that was renamed keep their names.
 */
export function indexNames({ place, taken = [] }: Pick<TargetTable, 'place' | 'taken'>): NameIndex {
  const given = new Set(taken.map((name) => name.toLowerCase()));
  return (columns, unique) => {
    const kind = unique ? 'uniq' : 'idx';
    const plain = `${kind}_${place.name}_${columns.join('_')}`;
    let name = shortName(kind, plain);
    for (let i = 2; given.has(name.toLowerCase()); i++) name = shortName(kind, `${plain}_${i}`);
    given.add(name.toLowerCase());
    return name;
  };
}

function shortName(kind: string, name: string): string {
  if (/^[\x20-\x7e]*$/.test(name) && name.length <= longestName) return name;
  return `${kind}_${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}
