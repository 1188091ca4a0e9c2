import { mysqlTlsWords } from '../../../runtime/database-parameters.js';
import { UsageError } from '../../../runtime/errors.js';
import { maskUrl } from '../../../runtime/secrets.js';
import { decodePart, readServerUrl, refuseWrongParameters } from '../server-url.js';

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
  refuseWrongParameters(url);
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

function parseTls(query: URLSearchParams): MysqlAddress['tls'] {
  const mode = query.get('ssl')?.toLowerCase();
  const caPath = query.get('ssl_ca');
  if (is(mode, mysqlTlsWords.unchecked)) return { rejectUnauthorized: false, caPath };
  const isOn = is(mode, mysqlTlsWords.checked) || caPath !== null;
  return isOn ? { rejectUnauthorized: true, caPath } : null;
}

function is(mode: string | undefined, words: readonly string[]): boolean {
  return mode !== undefined && words.includes(mode);
}
