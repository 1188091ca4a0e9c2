import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import type { Database } from '../../src/database/database.js';
import { Migrator } from '../../src/database/schema/migrator.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { atEnd } from './at-end.js';
import { createDatabase, dropDatabase, isShared } from './databases.js';
import { execute } from './execute-sql.js';
import { temporaryFolder } from './temporary-folder.js';

/** Opens a database with the newest schema at a URL where there is an empty one or, with SQLite, none. */
export async function openMigrated(url: string): Promise<Database> {
  const path = /^sqlite:(.*)$/.exec(url)?.[1];
  if (path !== undefined && !existsSync(path)) copyFileSync(await migratedFile(), path);
  else if (url.startsWith('mysql') && isShared(url) && (await tablesOf(url)).length === 0) await copyTables(url);
  else return migrate(url);
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

/** The statements that make the newest schema in an empty database, for each server that has a migrated one. */
const schemas = new Map<string, Promise<string>>();

/** Copies the tables of a database that has been migrated once: a fraction of what all migrations cost MySQL and MariaDB. */
async function copyTables(url: string): Promise<void> {
  const { host } = new URL(url);
  const schema = schemas.get(host) ?? migratedSchema(url);
  schemas.set(host, schema);
  const connection = await createConnection({ uri: url, multipleStatements: true });
  await connection.query(await schema);
  await connection.end();
}

async function migratedSchema(server: string): Promise<string> {
  const url = await createDatabase(server);
  atEnd(() => dropDatabase(url));
  await (await migrate(url)).close();
  const from = nameOf(url);
  const tables = await tablesOf(url);
  const made = tables.map((table) => `CREATE TABLE ${table} LIKE ${from}.${table}`);
  const filled = tables.map((table) => `INSERT INTO ${table} SELECT * FROM ${from}.${table}`);
  return [...made, ...filled].join(';');
}

async function tablesOf(url: string): Promise<readonly string[]> {
  const schema = `information_schema.tables WHERE table_schema = '${nameOf(url)}'`;
  return (await execute(url, `SELECT table_name AS name FROM ${schema}`)).map(({ name }) => String(name));
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
