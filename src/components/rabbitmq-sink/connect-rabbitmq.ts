import type { Socket } from 'node:net';
import type { ChannelModel, Connection, SocketOptions } from 'amqplib';
import type { Clock } from '../../runtime/clock.js';
import { isLoginEncoded } from '../../runtime/login-header.js';
import { openedUrl, requireLoginWhole } from '../keys/secret.js';
import { readTlsFiles } from '../keys/tls-files.js';
import type { RabbitmqLibrary } from './rabbitmq-library.js';
import type { RabbitmqConfig } from './schema.js';

/** How long the server may take to let somebody in. */
const connectMs = 5_000;
/** How long it may take to say goodbye. */
const closeMs = 1_000;
/** After two beats that did not come a connection is dead. */
const beatSeconds = 20;

/** Connects; throws what the client throws, and UsageError where files for TLS can't be read, or have no place. */
export async function connectRabbitmq(
  library: RabbitmqLibrary,
  config: RabbitmqConfig,
  name: string,
): Promise<ChannelModel> {
  const url = withBeat(config.url);
  return await library.connect(url.href, {
    ...loginOf(url, library),
    ...(await readTlsFiles(config, config.url.startsWith('amqps:'))),
    timeout: connectMs,
    noDelay: true,
    clientProperties: { connection_name: name },
  });
}

/** Closes a connection, with or without a server that answers: one that is frozen must not hold anybody up. */
export async function closeConnection(connection: ChannelModel, clock: Clock): Promise<void> {
  const closed = connection.close().catch(() => undefined);
  await Promise.race([closed, clock.sleep(closeMs)]);
  const { stream } = connection.connection as Connection & { readonly stream?: Socket };
  stream?.destroy();
}

/** Returns the host and port of a URL: what may be told of it. */
export function shownServer(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}

/** The client itself would take each byte of a letter beyond ASCII (`%C3%A4`) for one. */
function loginOf(url: URL, { credentials }: RabbitmqLibrary): Pick<SocketOptions, 'credentials'> {
  const { username, password } = url;
  if (username + password === '' || !isLoginEncoded(url)) return {};
  return { credentials: credentials.plain(decodeURIComponent(username), decodeURIComponent(password)) };
}

function withBeat(text: string): URL {
  const url = openedUrl(text, ['amqp', 'amqps']);
  requireLoginWhole(url);
  if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', String(beatSeconds));
  return url;
}
