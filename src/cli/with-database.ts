import type { Database } from '../database/database.js';
import type { CommandContext } from './context.js';

/**
 * Opens the database of the settings for a command's work, and closes it however the work ends. Throws NotMigratedError
 * where migrations are pending.
 */
export async function withDatabase<T>(
  { settings, clock }: Pick<CommandContext, 'settings' | 'clock'>,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const [{ openDatabase }, { requireMigrated }] = await Promise.all([
    import('../database/open-database.js'),
    import('../database/schema/migrator.js'),
  ]);
  const database = await openDatabase(settings.databaseUrl, { timezone: settings.databaseTimezone, clock });
  try {
    await requireMigrated(database);
    return await work(database);
  } finally {
    await database.close();
  }
}
