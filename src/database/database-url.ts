import { UsageError } from '../runtime/errors.js';
import { maskUrl } from '../runtime/secrets.js';
import { parseMysqlUrl } from './drivers/mysql/mysql-address.js';
import type { MysqlAddress } from './drivers/mysql/mysql-address.js';
import { parsePostgresUrl } from './drivers/postgres/postgres-address.js';
import type { PostgresAddress } from './drivers/postgres/postgres-address.js';
import { parseSqliteUrl } from './drivers/sqlite/sqlite-address.js';
import type { SqliteAddress } from './drivers/sqlite/sqlite-address.js';

export type DatabaseAddress = SqliteAddress | MysqlAddress | PostgresAddress;

const shapes = 'sqlite:PATH, mysql://user:password@host:port/database, mariadb://… or postgres://…';

/** Reads a database URL; throws UsageError, with secrets masked, where it is none. */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  if (/^sqlite:/i.test(url)) return parseSqliteUrl(url);
  if (/^(mysql|mariadb):\/\//i.test(url)) return parseMysqlUrl(url);
  if (/^postgres(ql)?:\/\//i.test(url)) return parsePostgresUrl(url);
  throw new UsageError(`not a database URL: ${maskUrl(url)}`, { hint: `use ${shapes}` });
}
