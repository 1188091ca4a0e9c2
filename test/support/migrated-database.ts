import type { Database } from '../../src/database/database.js';
import { Migrator } from '../../src/database/schema/migrator.js';
import { openDatabase } from '../../src/database/open/open-database.js';

/** Opens a database with the newest schema at a URL where there is an empty one or, with SQLite, none. */
export async function openMigrated(url: string): Promise<Database> {
  const database = await openDatabase(url, { create: true });
  await new Migrator(database).up(() => undefined);
  return database;
}
