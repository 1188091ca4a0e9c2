import type { postgresSslModes } from '../../../runtime/database-parameters.js';
import { UsageError } from '../../../runtime/errors.js';
import { maskUrl } from '../../../runtime/secrets.js';
import { decodePart, readServerUrl, refuseWrongParameters } from '../server-url.js';

/** How a connection is encrypted, by libpq's names; `allow` is taken for `prefer`. */
export type SslMode = Exclude<(typeof postgresSslModes)[number], 'allow'>;

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

/** Reads a URL of PostgreSQL's; throws UsageError, with secrets masked, where it is none. */
export function parsePostgresUrl(url: string): PostgresAddress {
  const parsed = readServerUrl(url, shape);
  const decode = (part: string): string => decodePart(url, shape, part);
  refuseWrongParameters(url);
  const query = parsed.searchParams;
  const database = query.get('dbname') ?? decode(parsed.pathname.slice(1));
  if (database === '') {
    throw new UsageError(`the database URL ${maskUrl(url)} names no database`, { hint: `use ${shape}` });
  }
  const user = query.get('user') ?? decode(parsed.username);
  return {
    kind: 'postgres',
    host: query.get('host') ?? (decode(parsed.hostname).replace(/^\[|\]$/g, '') || '127.0.0.1'),
    port: Number((query.get('port') ?? parsed.port) || 5432),
    user: user === '' ? null : user,
    password: query.get('password') ?? decode(parsed.password),
    database,
    ssl: parseSsl(query),
  };
}

function parseSsl(query: URLSearchParams): PostgresAddress['ssl'] {
  const written = (query.get('sslmode') ?? 'prefer') as (typeof postgresSslModes)[number];
  const mode = written === 'allow' ? 'prefer' : written;
  const rootCertPath = query.get('sslrootcert');
  return {
    // As libpq does: who names an authority wants it to be looked at.
    mode: mode === 'require' && rootCertPath !== null ? 'verify-ca' : mode,
    rootCertPath: rootCertPath === 'system' ? null : rootCertPath,
    certPath: query.get('sslcert'),
    keyPath: query.get('sslkey'),
  };
}
