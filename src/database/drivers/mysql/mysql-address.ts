import { UsageError } from '../../../runtime/errors.js';
import { maskUrl } from '../../../runtime/secrets.js';
import { decodePart, readServerUrl, refuseUnknownParameters } from '../server-url.js';

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

const shape = 'mysql://user:password@host:port/database or mariadb://…';

/** Reads a URL of MySQL's or MariaDB's; throws UsageError, with secrets masked, where it is none. */
export function parseMysqlUrl(url: string): MysqlAddress {
  const parsed = readServerUrl(url, shape);
  const decode = (part: string): string => decodePart(url, shape, part);
  refuseUnknownParameters(parsed, ['ssl', 'ssl_ca', 'charset']);
  refuseCharset(parsed.searchParams.get('charset'));
  const database = decode(parsed.pathname.slice(1));
  if (database === '') {
    throw new UsageError(`the database URL ${maskUrl(url)} names no database`, { hint: `use ${shape}` });
  }
  return {
    kind: 'mysql',
    host: parsed.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: parsed.port === '' ? 3306 : Number(parsed.port),
    user: decode(parsed.username) || 'root',
    password: decode(parsed.password),
    database,
    tls: parseTls(parsed.searchParams),
  };
}

/** Other programs' URLs name the one that is spoken here. */
function refuseCharset(charset: string | null): void {
  if (charset === null || /^utf8mb4$/i.test(charset)) return;
  throw new UsageError(`charset=${charset} in the database URL is not known`, { hint: 'leave it out: it is utf8mb4' });
}

function parseTls(query: URLSearchParams): MysqlAddress['tls'] {
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
