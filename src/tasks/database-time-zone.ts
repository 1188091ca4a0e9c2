import type { Settings } from '../runtime/settings.js';

/** Returns the offset from UTC in which the database's times are told, such as `+08:00`. */
export function databaseTimeZone({ settings }: { readonly settings: Pick<Settings, 'databaseTimezone'> }): string {
  return settings.databaseTimezone;
}
