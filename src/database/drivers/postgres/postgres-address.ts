import { UsageError } from '../../../runtime/errors.js';
import { maskUrl } from '../../../runtime/secrets.js';
import { decodePart, readServerUrl, refuseUnknownParameters } from '../server-url.js';

/** How a connection is encrypted, by libpq's names; `allow` is taken for `prefer`. */
export type SslMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

export interface PostgresAddress {
  readonly kind: 'postgres';
  /** A name, an address, or the folder of the server's socket. */
  readonly host: string;
  readonly port: number;
  /** Null: the name of the user whose process this is. */
  readonly user: string | null;
  readonly password: string;
  readonly database: string;
  readonly ssl: {
    readonly mode: SslMode;
    /** A file with the certificates of authorities; null: those that Node knows. */
    readonly rootCertPath: string | null;
    /** Files of this side's own certificate and key; null where it has none. */
    readonly certPath: string | null;
    readonly keyPath: string | null;
  };
}

const shape = 'postgres://user:password@host:port/database';

const sslModes: Readonly<Record<string, SslMode>> = {
  disable: 'disable',
  allow: 'prefer',
  prefer: 'prefer',
  require: 'require',
  'verify-ca': 'verify-ca',
  'verify-full': 'verify-full',
};

const parameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'host', 'port', 'user', 'password', 'dbname'];

/** Reads a URL of PostgreSQL's; throws UsageError, with secrets masked, where it is none. */
export function parsePostgresUrl(url: string): PostgresAddress {
  const parsed = readServerUrl(url, shape);
  const decode = (part: string): string => decodePart(url, shape, part);
  refuseUnknownParameters(parsed, parameters);
  const query = parsed.searchParams;
  const database = query.get('dbname') ?? decode(parsed.pathname.slice(1));
  if (database === '') {
    throw new UsageError(`the database URL ${maskUrl(url)} names no database`, { hint: `use ${shape}` });
  }
  const user = query.get('user') ?? decode(parsed.username);
  return {
    kind: 'postgres',
    host: query.get('host') ?? (decode(parsed.hostname).replace(/^\[|\]$/g, '') || '127.0.0.1'),
    port: readPort(query.get('port') ?? parsed.port),
    user: user === '' ? null : user,
    password: query.get('password') ?? decode(parsed.password),
    database,
    ssl: parseSsl(query),
  };
}

function readPort(text: string): number {
  if (text === '') return 5432;
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new UsageError(`the port ${text} in the database URL is none`, { hint: `use ${shape}` });
}

/** What asks for encryption in words that are not understood must not end without it. */
function parseSsl(query: URLSearchParams): PostgresAddress['ssl'] {
  const text = query.get('sslmode') ?? 'prefer';
  const mode = sslModes[text];
  if (mode === undefined) throw unknownSsl(`sslmode=${text}`);
  const rootCertPath = query.get('sslrootcert');
  return {
    // As libpq does: who names an authority wants it to be looked at.
    mode: mode === 'require' && rootCertPath !== null ? 'verify-ca' : mode,
    rootCertPath: rootCertPath === 'system' ? null : rootCertPath,
    certPath: query.get('sslcert'),
    keyPath: query.get('sslkey'),
  };
}

function unknownSsl(what: string): UsageError {
  return new UsageError(`${what} in the database URL is not known`, {
    hint: 'use sslmode=disable, prefer, require, verify-ca or verify-full, and sslrootcert=FILE for a private certificate authority',
  });
}
