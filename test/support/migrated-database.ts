import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import type { Database } from '../../src/database/database.js';
import { Migrator } from '../../src/database/schema/migrator.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { atEnd } from './at-end.js';
import { createDatabase, dropDatabase, isShared, makeCopy } from './databases.js';
import { execute } from './execute-sql.js';
import { temporaryFolder } from './temporary-folder.js';

/** Opens a database with the newest schema at a URL where there is an empty one or, with SQLite, none. */
export async function openMigrated(url: string): Promise<Database> {
  const path = /^sqlite:(.*)$/.exec(url)?.[1];
  if (path !== undefined && !existsSync(path)) copyFileSync(await migratedFile(), path);
  else if (isShared(url) && (await tablesOf(url)).length === 0) await copyMigrated(url);
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

/** The variable that names, for all processes of a test run, a migrated database on each of the servers that they share. */
const migratedVariable = 'CHAINPARSE_TEST_MIGRATED';

/** Migrates a database on each of some servers, for all processes that are given the variables which this returns. */
export async function migrateOnEach(servers: readonly string[]): Promise<Record<string, string>> {
  const urls = await Promise.all(servers.map(makeMigrated));
  return { [migratedVariable]: urls.join(' ') };
}

/** Databases that have been migrated once, by their servers' hosts and ports. */
const migrated = new Map<string, Promise<string>>();

function migratedOn(server: string): Promise<string> {
  const { host } = new URL(server);
  const given = process.env[migratedVariable]
    ?.split(' ')
    .find((url) => URL.canParse(url) && new URL(url).host === host);
  const url = migrated.get(host) ?? (given === undefined ? makeMigrated(server) : Promise.resolve(given));
  migrated.set(host, url);
  return url;
}

async function makeMigrated(server: string): Promise<string> {
  const url = await createDatabase(server);
  atEnd(() => dropDatabase(url));
  await (await migrate(url)).close();
  return url;
}

/** Makes an empty database a copy of the migrated one on its server: a fraction of what all migrations cost. */
async function copyMigrated(url: string): Promise<void> {
  const from = await migratedOn(url);
  if (url.startsWith('postgres')) await makeCopy(from, url);
  else await copyTables(from, url);
}

async function copyTables(from: string, url: string): Promise<void> {
  const statements = copies.get(from) ?? statementsOf(from);
  copies.set(from, statements);
  const connection = await createConnection({ uri: url, multipleStatements: true });
  await connection.query(await statements);
  await connection.end();
}

/** The statements that copy a database's tables into another. */
const copies = new Map<string, Promise<string>>();

async function statementsOf(url: string): Promise<string> {
  const from = nameOf(url);
  const tables = await tablesOf(url);
  const made = tables.map((table) => `CREATE TABLE ${table} LIKE ${from}.${table}`);
  // Nearly all are empty.
  const looks = tables.map((table) => `SELECT '${table}' AS name FROM DUAL WHERE EXISTS (SELECT 1 FROM ${table})`);
  const filled = (await execute(url, looks.join(' UNION ALL '))).map(({ name }) => String(name));
  const copied = filled.map((table) => `INSERT INTO ${table} SELECT * FROM ${from}.${table}`);
  return [...made, ...copied].join(';');
}

async function tablesOf(url: string): Promise<readonly string[]> {
  const schema = url.startsWith('postgres') ? "'public'" : 'DATABASE()';
  const tables = `information_schema.tables WHERE table_schema = ${schema}`;
  return (await execute(url, `SELECT table_name AS name FROM ${tables}`)).map(({ name }) => String(name));
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
