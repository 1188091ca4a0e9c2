import { hexDigits } from '../../script.js';
import type { SqlValue } from '../../script.js';

/** Writes a value as SQL, for sessions with `standard_conforming_strings`; a text is of whatever type its place wants. */
export function literal(value: SqlValue | boolean): string {
  if (value === null) return 'NULL';
  // Parentheses, for a minus sign behind another one begins a comment.
  if (typeof value === 'number') return value < 0 ? `(${value})` : String(value);
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'boolean') return value ? "'1'" : "'0'";
  return `'\\x${value.toString('hex')}'::bytea`;
}

/** Writes 0x-hex as bytes; throws a TypeError where it is none. */
export function hexLiteral(value: string): string {
  return `'\\x${hexDigits(value)}'::bytea`;
}

/** Writes a text in single quotes. */
export function quote(text: string): string {
  const storable = withoutNul(text);
  return storable.includes("'") ? `'${storable.replaceAll("'", "''")}'` : `'${storable}'`;
}

/** PostgreSQL's texts hold every character but NUL: what a node or a server sent is kept with a mark in its place. */
function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text;
}

/** A NUL as JSON escapes it; what is escaped twice is none. */
const escapedNul = /\\\\|\\u0000/g;

/** The same for JSON: a column takes an escaped NUL, and then each query that looks into the column fails. */
export function jsonWithoutNul(json: string): string {
  return json.includes('\\u0000') ? json.replace(escapedNul, (found) => (found === '\\\\' ? found : '\\ufffd')) : json;
}

/** A text or a name in quotes, whose question marks are its own; else a placeholder, or a question mark that Knex has escaped. */
const quotedOrPlaceholder = /'[^']*'|"[^"]*"|\\?\?/g;

/** Fills a statement's placeholders with literals. */
export function writeSql(sql: string, bindings: readonly (SqlValue | boolean)[]): string {
  let next = 0;
  return sql.replace(quotedOrPlaceholder, (part) => {
    if (part === '?') return literal(bindings[next++] ?? null);
    return part === '\\?' ? '?' : part;
  });
}
