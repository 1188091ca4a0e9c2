import { UsageError } from '../runtime/errors.js';
import { maskUrl } from '../runtime/secrets.js';
import { parsePostgresUrl } from './drivers/postgres/postgres-address.js';
import type { PostgresAddress } from './drivers/postgres/postgres-address.js';

export interface SqliteAddress {
  readonly kind: 'sqlite';
  readonly path: string;
}

export interface MysqlAddress {
  readonly kind: 'mysql';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** TLS options for the driver; null: no TLS. */
  readonly tls: { readonly rejectUnauthorized: boolean; readonly caPath: string | null } | null;
}

export type DatabaseAddress = SqliteAddress | MysqlAddress | PostgresAddress;

const shapes = 'sqlite:PATH, mysql://user:password@host:port/database, mariadb://… or postgres://…';

/** Reads a database URL; throws UsageError, with secrets masked, where it is none. */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  if (/^sqlite:/i.test(url)) return parseSqlite(url);
  if (/^(mysql|mariadb):\/\//i.test(url)) return parseMysql(url);
  if (/^postgres(ql)?:\/\//i.test(url)) return parsePostgresUrl(url);
  throw new UsageError(`not a database URL: ${maskUrl(url)}`, { hint: `use ${shapes}` });
}

function parseSqlite(url: string): SqliteAddress {
  const path = url.slice('sqlite:'.length).replace(/^\/\/(?=\/|[^/])/, '');
  if (path === ':memory:') {
    throw new UsageError('a database in memory would be another one for each connection', { hint: 'use sqlite:PATH' });
  }
  if (path === '') throw new UsageError('the database URL sqlite: names no file', { hint: 'use sqlite:PATH' });
  return { kind: 'sqlite', path };
}

function parseMysql(url: string): MysqlAddress {
  const parsed = parseUrl(url);
  const database = decode(url, parsed.pathname.slice(1));
  if (database === '') {
    throw new UsageError(`the database URL ${maskUrl(url)} names no database`, { hint: `use ${shapes}` });
  }
  return {
    kind: 'mysql',
    host: parsed.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: parsed.port === '' ? 3306 : Number(parsed.port),
    user: decode(url, parsed.username) || 'root',
    password: decode(url, parsed.password),
    database,
    tls: parseTls(parsed.searchParams),
  };
}

function parseUrl(url: string): URL {
  try {
    return new URL(url);
  } catch (cause) {
    throw malformed(url, cause);
  }
}

function decode(url: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw malformed(url, cause);
  }
}

function malformed(url: string, cause: unknown): UsageError {
  const hint = `use ${shapes}; write special characters of a password as %XX`;
  return new UsageError(`not a database URL: ${maskUrl(url)}`, { hint, cause });
}

function parseTls(query: URLSearchParams): MysqlAddress['tls'] {
  const unknown = [...query.keys()].find((key) => /ssl|tls/i.test(key) && key !== 'ssl' && key !== 'ssl_ca');
  if (unknown !== undefined) throw unknownTls(unknown);
  const mode = (query.get('ssl') ?? '').toLowerCase();
  const caPath = query.get('ssl_ca');
  if (['', 'false', '0', 'off', 'disabled'].includes(mode)) {
    return caPath === null ? null : { rejectUnauthorized: true, caPath };
  }
  if (['true', '1', 'on', 'required', 'verify'].includes(mode)) return { rejectUnauthorized: true, caPath };
  if (['skip-verify', 'no-verify', 'insecure'].includes(mode)) return { rejectUnauthorized: false, caPath };
  throw unknownTls(`ssl=${mode}`);
}

/** What asks for encryption in words that are not understood must not end without it. */
function unknownTls(what: string): UsageError {
  return new UsageError(`${what} in the database URL is not known`, {
    hint: 'use ssl=true, ssl=skip-verify or ssl=false, and ssl_ca=FILE for a private certificate authority',
  });
}
