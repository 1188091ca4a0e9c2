import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DatabaseServer } from './database-server.js';
import { execute } from './execute-sql.js';
import { declareMissing, extentOf, isSample } from './extent.js';
import { mariadb } from './mariadb.js';
import { mysql } from './mysql.js';
import { postgres } from './postgres.js';
import type { ServerKind } from './server-kind.js';
import { temporaryFolder } from './temporary-folder.js';

/** Those of servers that tests can have. */
export const kinds: readonly ServerKind[] = [mariadb, mysql, postgres];

const dialects = ['sqlite', ...kinds.map(({ name }) => name)] as const;

/** Gives a suite empty databases of one dialect. */
export interface TestDatabase {
  readonly dialect: 'sqlite' | ServerKind['name'];
  /** Makes an empty database and returns its URL; it is removed at the end of the suite. */
  fresh(): Promise<string>;
  /** The URL of the latest database that `fresh` made. */
  url(): string;
}

/** Declares a suite once for each dialect, in a sample for SQLite and one server; pending where one can't be had. */
export function eachDatabase(name: string, suite: (database: TestDatabase) => void): void {
  describe(`${name} (sqlite)`, () => suite(new SqliteFiles()));
  for (const kind of playedOn(name, kinds, canUse)) describeDatabase(kind, name, suite);
}

/**
 * The same for a suite that takes long: a sample plays it on one database alone, all tests on `chosen`, and `npm run soak` on
 * every one. MariaDB and MySQL have one driver: where nothing is chosen, all tests play it on one of the two, another for
 * each suite and the same each time.
 */
export function eachDatabaseInTurn(
  name: string,
  suite: (database: TestDatabase) => void,
  chosen: readonly TestDatabase['dialect'][] = ['sqlite', inTurn(name, ['mariadb', 'mysql']), 'postgres'],
): void {
  const played = extentOf({ sample: dialects, full: chosen, soak: dialects });
  for (const kind of playedOn(name, ['sqlite' as const, ...kinds], canUse)) {
    if (!played.includes(kind === 'sqlite' ? kind : kind.name)) continue;
    if (kind === 'sqlite') describe(`${name} (sqlite)`, () => suite(new SqliteFiles()));
    else describeDatabase(kind, name, suite);
  }
}

function describeDatabase(kind: ServerKind, name: string, suite: (database: TestDatabase) => void): void {
  describeWith(kind, canUse(kind), name, () => {
    const databases = new ServerDatabases(kind);
    after(() => databases.drop());
    suite(databases);
  });
}

function canUse(kind: 'sqlite' | ServerKind): boolean {
  return kind === 'sqlite' || kind.canStart || givenUrl(kind) !== undefined;
}

/** All databases; in a sample one of those that can be had, another for each suite and the same each time. */
function playedOn<T>(suite: string, databases: readonly T[], canBeHad: (database: T) => boolean): readonly T[] {
  const available = databases.filter(canBeHad);
  return !isSample || available.length === 0 ? databases : [inTurn(suite, available)];
}

function inTurn<T>(suite: string, all: readonly T[]): T {
  return all[createHash('sha256').update(suite).digest().readUInt32BE() % all.length]!;
}

/**
 * Declares a suite once with a MariaDB, a MySQL and a PostgreSQL of its own each, which it may freeze, kill and restart;
 * pending where none can be started. Further servers of that kind are to be had from `kind`; `options` are its program's.
 */
export function eachServer(name: string, suite: ServerSuite, options: readonly string[] = []): void {
  for (const kind of playedOn(name, kinds, ({ canStart }) => canStart)) describeServer(kind, name, suite, options);
}

/** As `eachServer`, for what is MySQL's and MariaDB's alone. */
export function onMysql(name: string, suite: ServerSuite, options: readonly string[] = []): void {
  for (const kind of [mariadb, mysql]) describeServer(kind, name, suite, options);
}

/** As `eachServer`, for what is PostgreSQL's alone. */
export function onPostgres(name: string, suite: ServerSuite, options: readonly string[] = []): void {
  describeServer(postgres, name, suite, options);
}

type ServerSuite = (server: () => DatabaseServer, kind: ServerKind) => void;

function describeServer(kind: ServerKind, name: string, suite: ServerSuite, options: readonly string[]): void {
  describeWith(kind, kind.canStart, name, () => {
    let server: DatabaseServer | undefined;
    before(async function () {
      this.timeout(90_000);
      server = await kind.start(...options);
    });
    after(() => server?.stop());
    suite(() => server!, kind);
  });
}

/** The variable that names a server which the tests may use instead of one of their own, as long as they leave it alone. */
export function urlVariable({ name }: ServerKind): string {
  return `CHAINPARSE_TEST_${name.toUpperCase()}_URL`;
}

function givenUrl(kind: ServerKind): string | undefined {
  return process.env[urlVariable(kind)];
}

/** Starts a server of each kind that can be had for all processes that are given the variables which this returns. */
export async function startServers(): Promise<Record<string, string>> {
  const wanted = kinds.filter((kind) => kind.canStart && givenUrl(kind) === undefined);
  const started = wanted.map(async (kind) => [urlVariable(kind), (await kind.start()).url()] as const);
  return Object.fromEntries(await Promise.all(started));
}

/** The URLs of the servers that all suites share, as this process was given them. */
export function givenUrls(): readonly string[] {
  return kinds.flatMap((kind) => givenUrl(kind) ?? []);
}

function describeWith(kind: ServerKind, isAvailable: boolean, name: string, suite: () => void): void {
  const title = `${name} (${kind.name})`;
  if (isAvailable) describe(title, suite);
  else declareMissing(title, kind.howToGet, suite);
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

class ServerDatabases implements TestDatabase {
  readonly #kind: ServerKind;
  readonly #urls: string[] = [];

  constructor(kind: ServerKind) {
    this.#kind = kind;
  }

  get dialect(): ServerKind['name'] {
    return this.#kind.name;
  }

  async fresh(): Promise<string> {
    const url = await createDatabase(givenUrl(this.#kind) ?? (await sharedServer(this.#kind)).url());
    sharedHosts.add(new URL(url).host);
    this.#urls.push(url);
    return url;
  }

  url(): string {
    return latest(this.#urls.at(-1));
  }

  async drop(): Promise<void> {
    // Several at a time: each waits for the disk.
    while (this.#urls.length > 0) await Promise.all(this.#urls.splice(0, 8).map(dropDatabase));
  }
}

/** Hosts and ports of servers that many suites have databases on. */
const sharedHosts = new Set<string>();

/** Says whether a database is on a server that all suites leave alone, by an address that goes straight to it. */
export function isShared(url: string): boolean {
  return URL.canParse(url) && sharedHosts.has(new URL(url).host);
}

const shared = new Map<ServerKind, Promise<DatabaseServer>>();

function sharedServer(kind: ServerKind): Promise<DatabaseServer> {
  const server = shared.get(kind) ?? kind.start();
  shared.set(kind, server);
  return server;
}

function latest(url: string | undefined): string {
  if (url === undefined) throw new Error('call `await database.fresh()` first');
  return url;
}

/** Makes an empty database with a random name on the server of `url`; returns the database's URL. */
export async function createDatabase(url: string): Promise<string> {
  const name = `chainparse_test_${randomBytes(6).toString('hex')}`;
  await execute(serverOf(url), `CREATE DATABASE ${name}${await byFiles(url)}`);
  return withDatabase(url, name);
}

/** By their servers' hosts and ports: how a PostgreSQL is told to copy the files of a database, which costs it half of a copy by pages. */
const fileCopies = new Map<string, Promise<string>>();

async function byFiles(url: string): Promise<string> {
  if (!url.startsWith('postgres')) return '';
  const { host } = new URL(url);
  const told = fileCopies.get(host) ?? askForFileCopies(url);
  fileCopies.set(host, told);
  return await told;
}

/** PostgreSQL 15 has the choice; those before it copy files. */
async function askForFileCopies(url: string): Promise<string> {
  const [row] = await execute(serverOf(url), "SELECT current_setting('server_version_num')::int >= 150000 AS can");
  return row?.['can'] === true ? ' STRATEGY FILE_COPY' : '';
}

/** Drops the database that `url` names. */
export async function dropDatabase(url: string): Promise<void> {
  const force = url.startsWith('postgres') ? ' WITH (FORCE)' : '';
  await execute(serverOf(url), `DROP DATABASE IF EXISTS ${new URL(url).pathname.slice(1)}${force}`);
}

/** Makes a PostgreSQL database a copy of another one, anew: it copies into none that is there. */
export async function makeCopy(from: string, url: string): Promise<void> {
  const [original, copy] = [from, url].map((each) => new URL(each).pathname.slice(1));
  await dropDatabase(url);
  await execute(serverOf(url), `CREATE DATABASE ${copy} TEMPLATE ${original}${await byFiles(url)}`);
}

/** PostgreSQL has no connection without a database. */
function serverOf(url: string): string {
  return withDatabase(url, url.startsWith('postgres') ? 'postgres' : '');
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
