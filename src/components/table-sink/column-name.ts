import type { DatabaseKind } from '../../database/open/database-url.js';
import { longestName } from '../../database/targets/index-name.js';
import { UsageError } from '../../runtime/errors.js';
import { freeName } from '../seam/free-name.js';

/** Names that a database keeps for columns of its own: PostgreSQL only as they are written here, InnoDB in whatever case. */
const reserved: Readonly<Partial<Record<DatabaseKind, RegExp>>> = {
  postgres: /^(?:tableoid|ctid|[cx]min|[cx]max)$/,
  mysql: /^(?:db_row_id|db_trx_id|db_roll_ptr|fts_doc_id)$/i,
};

/**
 * Returns the name of a field's column; throws UsageError where the field's name can be none of a column. Names that differ in
 * case alone would be the same on most databases: those that are taken are in lower case.
 */
export function columnName(name: string, taken: ReadonlySet<string>, database: DatabaseKind): string {
  const free = freeColumnName(name, taken, database);
  const problem = problemOf(free, database);
  if (problem !== null) {
    throw new UsageError(`${JSON.stringify(free)} can't be the name of a column: ${problem}`, {
      hint: 'give it another name by a dict_mapper above the sink',
    });
  }
  return free;
}

/** Returns the same whether or not there can be a column of that name. */
export function freeColumnName(name: string, taken: ReadonlySet<string>, database: DatabaseKind): string {
  return freeName(name, (each) => taken.has(each.toLowerCase()) || reserved[database]?.test(each) === true);
}

/** Half of a pair of surrogates is no character: databases would store another one. */
const unprintable = /\p{Cc}|\p{Cs}/u;

function problemOf(name: string, database: DatabaseKind): string | null {
  if (name.trim() !== name || name === '' || unprintable.test(name) || Buffer.byteLength(name) > longestName) {
    return `it is empty, longer than ${longestName} bytes, or not plain`;
  }
  const [beyond] = database === 'mysql' ? (/[\u{10000}-\u{10FFFF}]/u.exec(name) ?? []) : [];
  return beyond === undefined ? null : `MySQL and MariaDB take no name with a character like ${beyond}`;
}
