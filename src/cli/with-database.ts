import type { Database } from '../database/database.js';
import type { CommandContext } from './context.js';

/** Opens the database of the settings for a command's work, and closes it however the work ends. */
export async function withDatabase<T>(
  { settings, clock }: Pick<CommandContext, 'settings' | 'clock'>,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const { openDatabase } = await import('../database/open-database.js');
  const database = await openDatabase(settings.databaseUrl, { timezone: settings.databaseTimezone, clock });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
