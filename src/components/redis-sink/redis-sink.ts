import { isIP } from 'node:net';
import type { createClient } from 'redis';
import type { EventMessage } from '../../model/event-message.js';
import type { Clock } from '../../runtime/clock.js';
import { RuntimeFailure, UsageError, messageOf } from '../../runtime/errors.js';
import { giveUpLater } from '../../runtime/give-up-later.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import type { Sink, SinkBatch, SinkContext } from '../seam/sink.js';
import { nameFor } from '../keys/name-pattern.js';
import { openedUrl, requireDecodable, requireLoginWhole } from '../keys/secret.js';
import { headersOf } from '../seam/message-headers.js';
import { readTlsFiles } from '../keys/tls-files.js';
import type { TlsContents } from '../keys/tls-files.js';
import { redisSchemes } from './schema.js';
import type { RedisConfig } from './schema.js';
import { failedIn, redisFailure } from './redis-errors.js';

interface Means {
  readonly createClient: typeof createClient;
  readonly clock: Clock;
}

type Client = ReturnType<typeof connectable>;

/**
 * Adds messages to streams of Redis: of each stream a batch's messages all, or none. Where a key is no stream the others have
 * theirs, and do not get them again.
 */
export class RedisSink implements Sink {
  readonly #config: RedisConfig;
  readonly #means: Means;
  readonly #url: string;
  #client: Client | null = null;
  /** Keys of messages that are in their streams, of batches that are not in all of them. */
  readonly #taken = new Set<string>();

  constructor(config: RedisConfig, means: Means) {
    this.#config = config;
    this.#means = means;
    this.#url = urlOf(config);
  }

  async deliver({ messages }: SinkBatch, { signal, moved }: SinkContext): Promise<void> {
    const seconds = this.#config.timeout;
    const reason = (): Error => new RuntimeFailure(`no answer ${this.#isGreeting ? 'to TLS ' : ''}within ${seconds} s`);
    const limit = { clock: this.#means.clock, delayMs: seconds * 1_000, reason };
    moved(limit.delayMs);
    try {
      await giveUpLater(limit, () => untilAborted(this.#add(messages), signal));
      signal.throwIfAborted();
    } catch (error) {
      // Its answers are no longer awaited; and behind a name there may be another server by now.
      await this.close();
      signal.throwIfAborted();
      throw redisFailure(error, new URL(this.#url).host);
    }
  }

  close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    if (client?.isOpen === true) client.destroy();
    return Promise.resolve();
  }

  /** Whether a server that knows no TLS would keep silent now: it waits for the end of what it takes for a line. */
  get #isGreeting(): boolean {
    return this.#isEncrypted && this.#client?.isReady !== true;
  }

  get #isEncrypted(): boolean {
    return this.#url.startsWith('rediss:');
  }

  /** One transaction: nothing comes to a stream before what must precede it. Only a key that is no stream fails alone. */
  async #add(messages: readonly EventMessage[]): Promise<void> {
    const client = await this.#connected();
    const transaction = client.multi();
    const left = this.#taken.size === 0 ? messages : messages.filter((message) => !this.#taken.has(keyOf(message)));
    for (const message of left) transaction.addCommand(this.#commandOf(message));
    try {
      await transaction.exec();
    } catch (error) {
      const failed = failedIn(error);
      for (const [i, message] of left.entries()) if (failed?.has(i) === false) this.#taken.add(keyOf(message));
      throw error;
    }
    for (const message of messages) this.#taken.delete(keyOf(message));
  }

  #commandOf(message: EventMessage): string[] {
    const { stream, max_length: most } = this.#config;
    const trimmed = most === undefined ? [] : ['MAXLEN', '~', String(most)];
    const fields = Object.entries(headersOf(message)).flat();
    return ['XADD', nameFor(stream, message.eventName), ...trimmed, '*', ...fields, 'data', message.data.text];
  }

  async #connected(): Promise<Client> {
    if (this.#client?.isReady === true) return this.#client;
    await this.close();
    const files = await readTlsFiles(this.#config, this.#isEncrypted);
    const connectTimeout = this.#config.timeout * 1_000;
    const client = connectable(this.#means.createClient, this.#url, {
      connectTimeout,
      tls: this.#isEncrypted ? files : null,
    });
    this.#client = client;
    await client.connect().catch((error: unknown) => {
      throw this.#isEncrypted || !isHungUp(error) ? error : ungreeted(error);
    });
    return client;
  }
}

function keyOf({ id, op, seq }: EventMessage): string {
  return `${id}:${op}:${seq}`;
}

/** Says whether the server closed the connection: one for TLS does so to who sends anything else. */
function isHungUp(error: unknown): boolean {
  return /socket closed unexpectedly|ECONNRESET/i.test(messageOf(error));
}

function ungreeted(cause: unknown): RuntimeFailure {
  return new RuntimeFailure('the connection was closed before it was greeted', { cause });
}

/** Returns the URL; throws UsageError where the client would refuse it in words that nobody understands. */
function urlOf(config: RedisConfig): string {
  const url = openedUrl(config.url, redisSchemes);
  requireDecodable(url);
  requireLoginWhole(url);
  const { href, pathname } = url;
  if (/^\/?\d*$/.test(pathname)) return href;
  throw new UsageError('with what the environment says, the path of url is no number of a database', {
    hint: 'behind the host stands a number, or nothing',
  });
}

/** What is lost is for its caller to try again: the client itself neither reconnects nor keeps anything back. */
function connectable(
  create: typeof createClient,
  url: string,
  { connectTimeout, tls }: { readonly connectTimeout: number; readonly tls: TlsContents | null },
) {
  const { hostname } = new URL(url);
  // Whoever sends connections on by the name that they ask for needs it; an address is none.
  const servername = isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? { servername: hostname } : {};
  const encrypted = tls === null ? {} : ({ ...tls, ...servername, tls: true } as const);
  const socket = { reconnectStrategy: false, connectTimeout, ...encrypted } as const;
  const client = create({ url, RESP: 2, disableOfflineQueue: true, socket });
  // Whoever waits for an answer is told; between two batches nobody does.
  client.on('error', () => undefined);
  return client;
}
