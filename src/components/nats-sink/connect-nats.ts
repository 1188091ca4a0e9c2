import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { UsageError } from '../../runtime/errors.js';
import { encodedHint, notEncoded, requireDecodable, requireLoginWhole } from '../keys/secret.js';
import { readNamedFile, readTlsFiles } from '../keys/tls-files.js';
import { connectionError } from './nats-errors.js';
import type { NatsLibrary } from './nats-library.js';
import type { NatsConfig } from './schema.js';

/** How long a server may take to let somebody in. */
const connectMs = 5_000;

/**
 * Connects; throws ReceiverAwayError, and UsageError where a file can't be read. The connection is never mended by itself: what was not acknowledged on one that broke
 * is sent again from its beginning, and not from where the client thinks that it was.
 */
export async function connectNats(library: NatsLibrary, stored: NatsConfig, name: string): Promise<NatsConnection> {
  // One variable may hold them all.
  const config = { ...stored, servers: stored.servers.flatMap((server) => server.split(',')) };
  requireUrls(config.servers);
  const login = await loginOf(library, config);
  const tls = await tlsOf(config);
  try {
    return await library.connect({
      ...login,
      ...tls,
      name,
      servers: config.servers.map(withoutLogin),
      timeout: connectMs,
      reconnect: false,
      maxReconnectAttempts: 0,
      pingInterval: 20_000,
      noAsyncTraces: true,
    });
  } catch (error) {
    throw connectionError(error, config);
  }
}

/** A host alone will do for the client; what is no URL and looks like one, or like the rest of one, would be shown as a whole. */
function requireUrls(servers: readonly string[]): void {
  for (const server of servers) {
    const url = parsed(server);
    if (url !== null) {
      requireDecodable(url, 'servers');
      requireLoginWhole(url, 'servers');
    } else if (server.includes('://')) {
      throw new UsageError('with what the environment says, servers holds what is no URL of nats or tls', {
        hint: encodedHint,
      });
    } else if (server.includes('@')) throw notEncoded('servers', 'a comma is %2C, an @ is %40');
  }
}

async function loginOf({ authenticators }: NatsLibrary, config: NatsConfig): Promise<ConnectionOptions> {
  const { token, nkey_seed: seed, creds_file: file } = config;
  if (token !== undefined) return { token };
  if (seed !== undefined) return { authenticator: authenticators.nkey(Buffer.from(seed.trim())) };
  if (file !== undefined) return { authenticator: authenticators.creds(await readNamedFile('creds_file', file)) };
  return userOf(config);
}

/** The user that is named, or that of a URL; one without a password is a token, as for other programs of NATS. */
function userOf({ user, password, servers }: NatsConfig): Pick<ConnectionOptions, 'user' | 'pass' | 'token'> {
  if (user !== undefined && password !== undefined) return { user, pass: password };
  const url = servers.map(parsed).find((each) => each !== null && each.username !== '');
  if (url === null || url === undefined) return {};
  const [name, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  return pass === '' ? { token: name } : { user: name, pass };
}

function withoutLogin(server: string): string {
  return parsed(server)?.host ?? server;
}

/** Null for a host alone: of one with a port (`localhost:4222`) the name would be taken for a scheme. */
function parsed(server: string): URL | null {
  return server.includes('://') && URL.canParse(server) ? new URL(server) : null;
}

async function tlsOf(config: NatsConfig): Promise<Pick<ConnectionOptions, 'tls'>> {
  const tls = await readTlsFiles(config);
  const isWanted = Object.keys(tls).length > 0 || config.servers.some((server) => server.startsWith('tls:'));
  return isWanted ? { tls } : {};
}
