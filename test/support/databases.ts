import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { hasMariadb, MariadbServer } from './mariadb.js';
import { temporaryFolder } from './temporary-folder.js';

const serverUrl = process.env['CHAINPARSE_TEST_MYSQL_URL'];
const howToGet = 'install mariadb-server or set CHAINPARSE_TEST_MYSQL_URL';
const isRequired = process.env['CHAINPARSE_REQUIRE_MARIADB'] === '1';

/** Gives a suite empty databases of one dialect. */
export interface TestDatabase {
  readonly dialect: 'sqlite' | 'mariadb';
  /** Makes an empty database and returns its URL; it is removed at the end of the suite. */
  fresh(): Promise<string>;
  /** The URL of the latest database that `fresh` made. */
  url(): string;
}

/** Declares a suite once for each dialect. MariaDB's is pending where no server can be had. */
export function eachDatabase(name: string, suite: (database: TestDatabase) => void): void {
  describe(`${name} (sqlite)`, () => suite(new SqliteFiles()));
  describeWith(serverUrl !== undefined || hasMariadb, `${name} (mariadb)`, () => {
    const databases = new MariadbDatabases();
    after(() => databases.drop());
    suite(databases);
  });
}

/** Declares a suite with a MariaDB of its own, which it may freeze, kill and restart; pending where none is installed. */
export function withMariadbServer(name: string, suite: (server: () => MariadbServer) => void): void {
  describeWith(hasMariadb, `${name} (mariadb)`, () => {
    let server: MariadbServer | undefined;
    before(async function () {
      this.timeout(90_000);
      server = await MariadbServer.start();
    });
    after(() => server?.stop());
    suite(() => server!);
  });
}

function describeWith(isAvailable: boolean, title: string, suite: () => void): void {
  if (isAvailable) describe(title, suite);
  else if (isRequired) it(title, () => Promise.reject(new Error(howToGet)));
  else describe.skip(`${title}: ${howToGet}`, suite);
}

class SqliteFiles implements TestDatabase {
  readonly dialect = 'sqlite';
  #url: string | undefined;

  fresh(): Promise<string> {
    this.#url = `sqlite:${join(temporaryFolder(), 'test.db')}`;
    return Promise.resolve(this.#url);
  }

  url(): string {
    return latest(this.#url);
  }
}

class MariadbDatabases implements TestDatabase {
  readonly dialect = 'mariadb';
  readonly #urls: string[] = [];

  async fresh(): Promise<string> {
    const url = await createDatabase(serverUrl ?? (await sharedServer()).url());
    this.#urls.push(url);
    return url;
  }

  url(): string {
    return latest(this.#urls.at(-1));
  }

  async drop(): Promise<void> {
    for (const url of this.#urls.splice(0)) await dropDatabase(url);
  }
}

let shared: Promise<MariadbServer> | undefined;

function sharedServer(): Promise<MariadbServer> {
  shared ??= MariadbServer.start();
  return shared;
}

function latest(url: string | undefined): string {
  if (url === undefined) throw new Error('call `await database.fresh()` first');
  return url;
}

/** Makes an empty database with a random name on the server of `url`; returns the database's URL. */
export async function createDatabase(url: string): Promise<string> {
  const name = `chainparse_test_${randomBytes(6).toString('hex')}`;
  await execute(url, `CREATE DATABASE ${name}`);
  return withDatabase(url, name);
}

/** Drops the database that `url` names. */
export async function dropDatabase(url: string): Promise<void> {
  await execute(url, `DROP DATABASE IF EXISTS ${new URL(url).pathname.slice(1)}`);
}

async function execute(url: string, sql: string): Promise<void> {
  const connection = await createConnection(withDatabase(url, ''));
  // A connection that a test left in a transaction would hold a DROP up for a day.
  await connection.query('SET SESSION lock_wait_timeout = 10');
  await connection.query(sql).finally(() => connection.end());
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
