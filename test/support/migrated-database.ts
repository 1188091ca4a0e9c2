import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../../src/database/database.js';
import { Migrator } from '../../src/database/schema/migrator.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { temporaryFolder } from './temporary-folder.js';

/** Opens a database with the newest schema at a URL where there is an empty one or, with SQLite, none. */
export async function openMigrated(url: string): Promise<Database> {
  const path = /^sqlite:(.*)$/.exec(url)?.[1];
  if (path === undefined || existsSync(path)) return migrate(url);
  copyFileSync(await migratedFile(), path);
  return openDatabase(url);
}

async function migrate(url: string): Promise<Database> {
  const database = await openDatabase(url, { create: true });
  await new Migrator(database).up(() => undefined);
  return database;
}

let file: Promise<string> | undefined;

/** A file that has been migrated once, for all that would migrate one. */
function migratedFile(): Promise<string> {
  file ??= (async () => {
    const path = join(temporaryFolder(), 'migrated.db');
    await (await migrate(`sqlite:${path}`)).close();
    return path;
  })();
  return file;
}
