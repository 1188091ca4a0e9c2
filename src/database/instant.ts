/** `2024-01-15 10:00:00.000` as a database writes it, or with more behind it as in an older program's column, becomes `2024-01-15T10:00:00`. */
export function toInstant(text: string): string {
  return text.slice(0, 19).replace(' ', 'T');
}

/** As `toInstant`; null where the column has no value, or, as MySQL and MariaDB may keep it, a date with a zero in it that no calendar has. */
export function toInstantOrNull(text: string | null): string | null {
  return text === null || /^0000|^.{4}-(00|..-00)/.test(text) ? null : toInstant(text);
}
