import { splitDatabaseUrls } from '../../runtime/database-urls.js';
import { UsageError } from '../../runtime/errors.js';
import { maskUrl } from '../../runtime/secrets.js';
import { parseMysqlUrl } from '../drivers/mysql/mysql-address.js';
import type { MysqlAddress } from '../drivers/mysql/mysql-address.js';
import { parsePostgresUrl } from '../drivers/postgres/postgres-address.js';
import type { PostgresAddress } from '../drivers/postgres/postgres-address.js';
import { parseSqliteUrl } from '../drivers/sqlite/sqlite-address.js';
import type { SqliteAddress } from '../drivers/sqlite/sqlite-address.js';

type DatabaseAddress = SqliteAddress | MysqlAddress | PostgresAddress;

/** A database: a file, or a server, which may be several nodes of one cluster. */
export type DatabasePlace =
  | SqliteAddress
  | { readonly kind: 'mysql'; readonly nodes: readonly MysqlAddress[] }
  | { readonly kind: 'postgres'; readonly nodes: readonly PostgresAddress[] };

/** What a database is a kind of; MariaDB is MySQL here. */
export type DatabaseKind = DatabasePlace['kind'];

/** How the URLs of each kind begin. */
const beginnings: Readonly<Record<DatabaseKind, RegExp>> = {
  sqlite: /^sqlite:/i,
  mysql: /^(mysql|mariadb):\/\//i,
  postgres: /^postgres(ql)?:\/\//i,
};

export const databaseKinds = Object.keys(beginnings) as readonly DatabaseKind[];

/** Says what kind of database a URL, or the first of several, leads to; null: it is none, or begins with a variable. */
export function databaseKindOf(url: string): DatabaseKind | null {
  return databaseKinds.find((kind) => beginnings[kind].test(url)) ?? null;
}

const shapes = 'sqlite:PATH, mysql://user:password@host:port/database, mariadb://… or postgres://…';

/** Reads a database URL, or those of the nodes of a cluster; throws UsageError, with secrets masked, where they are none. */
export function parseDatabaseUrls(urls: string): DatabasePlace {
  const addresses = splitDatabaseUrls(urls).map(parseDatabaseUrl);
  const [first] = addresses;
  if (first?.kind === 'sqlite' && addresses.length === 1) return first;
  const mysql = addresses.filter((address) => address.kind === 'mysql');
  const postgres = addresses.filter((address) => address.kind === 'postgres');
  const names = new Set([...mysql, ...postgres].map(({ database }) => database));
  if (names.size === 1 && mysql.length === addresses.length) return { kind: 'mysql', nodes: mysql };
  if (names.size === 1 && postgres.length === addresses.length) return { kind: 'postgres', nodes: postgres };
  throw new UsageError(`the database URLs are not of one database: ${maskUrl(urls)}`, {
    hint: 'several URLs are nodes of one cluster: of one kind, with one database',
  });
}

/** Reads one database URL; throws UsageError, with secrets masked, where it is none. */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  const kind = databaseKindOf(url);
  if (kind === 'sqlite') return parseSqliteUrl(url);
  if (kind === 'mysql') return parseMysqlUrl(url);
  if (kind === 'postgres') return parsePostgresUrl(url);
  throw new UsageError(`not a database URL: ${maskUrl(url)}`, { hint: `use ${shapes}` });
}
