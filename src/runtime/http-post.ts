import { lookup as systemLookup } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import type { Dispatcher, Pool, buildConnector } from 'undici';
import type { Clock } from './clock.js';
import { RuntimeFailure, messageOf } from './errors.js';
import { giveUpLater } from './give-up-later.js';
import { loginHeader } from './login-header.js';
import { RefusedAddressError } from './private-address.js';
import { Scope } from './scope.js';

export interface HttpPostOptions {
  /** User and password in it are sent as a header. */
  readonly url: string;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Says of the addresses of each new connection to which none may be made; left out: to all. */
  readonly refuses?: ((address: string) => boolean) | undefined;
  /** Resolves names; left out: as this computer does. */
  readonly lookup?: LookupFunction | undefined;
}

export interface PostAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** To be read to its end, after which its connection is used again, or destroyed: the next answer waits for either. */
  readonly body: Readable;
}

/** How soon a request fails on a connection that was closed while it was idle, in milliseconds. */
const idleCutMs = 1_000;

/** POSTs to one URL over one connection that stays open; follows no redirect. */
export class HttpPost {
  readonly #options: HttpPostOptions;
  readonly #url: URL;
  readonly #login: Readonly<Record<string, string>>;
  #client: Pool | null = null;
  /** Its connection, where there is one, has brought an answer. */
  #isUsed = false;

  constructor(options: HttpPostOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    this.#login = loginHeader(this.#url);
  }

  /** Throws RefusedAddressError, and RuntimeFailure where there is no answer in time; the signal's reason once it is aborted. */
  async send(
    headers: Readonly<Record<string, string>>,
    body: string | Buffer,
    signal: AbortSignal,
  ): Promise<PostAnswer> {
    const { clock, timeoutMs } = this.#options;
    const reason = (): Error => new RuntimeFailure(`no answer within ${timeoutMs / 1_000} s`);
    const limit = { clock, delayMs: timeoutMs, reason };
    const sent = { ...headers, ...this.#login };
    return await giveUpLater(limit, (late) => this.#post(sent, body, [late(), signal]));
  }

  /** Cuts whatever is open. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.destroy();
  }

  async #post(
    headers: Readonly<Record<string, string>>,
    body: string | Buffer,
    outers: readonly AbortSignal[],
  ): Promise<PostAnswer> {
    this.#client ??= await this.#open();
    const scope = new Scope(...outers);
    const { signal } = scope;
    const path = this.#url.pathname + this.#url.search;
    try {
      const answer = await this.#request(this.#client, { path, method: 'POST', headers, body, signal });
      // Nobody may listen to it any more when its connection is cut.
      answer.body.on('error', () => undefined);
      // Until then it is cut with its request.
      answer.body.once('close', () => scope.release());
      return { status: answer.statusCode, headers: answer.headers, body: answer.body };
    } catch (error) {
      scope.release();
      signal.throwIfAborted();
      if (error instanceof RefusedAddressError) throw error;
      throw new RuntimeFailure(messageOf(error) || 'the connection failed', { cause: error });
    }
  }

  /** Receivers close what was idle, perhaps just when the next request comes: that is no sign that they are away. */
  async #request(client: Pool, request: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    const { clock } = this.#options;
    const sentAt = clock.monotonic();
    try {
      const answer = await client.request(request);
      this.#isUsed = true;
      return answer;
    } catch (error) {
      // Who cuts a connection later was at work on what was sent.
      const wasIdle = this.#isUsed && clock.monotonic() - sentAt < idleCutMs;
      if (!wasIdle || !isCut(error)) throw error;
      this.#isUsed = false;
      return this.#request(client, request);
    }
  }

  async #open(): Promise<Pool> {
    const { Pool, buildConnector } = await import('undici');
    const { refuses, lookup = systemLookup } = this.#options;
    const connect =
      refuses === undefined
        ? buildConnector({ lookup })
        : checked(buildConnector({ lookup: checkedLookup(lookup, refuses) }), refuses);
    // A pool of one: undici's client alone keeps silent for ever once a certificate was for another name. Its own limit of
    // five minutes would come before a longer one of ours.
    const client = new Pool(this.#url.origin, { connections: 1, connect, headersTimeout: 0 });
    return client.on('connect', () => (this.#isUsed = false));
  }
}

/** Says whether a connection ended before an answer to what was sent on it. */
function isCut(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

type Refuses = (address: string) => boolean;

/** No name is looked up where the host is an address. */
function checked(connect: buildConnector.connector, refuses: Refuses): buildConnector.connector {
  return (options, callback) => {
    const host = options.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(host) !== 0 && refuses(host)) callback(new RefusedAddressError(host, host), null);
    else connect(options, callback);
  };
}

/** What is connected to is what was checked: a name that leads elsewhere the next time gains nothing. */
function checkedLookup(lookup: LookupFunction, refuses: Refuses): LookupFunction {
  return (name, options, callback) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      const all = found as unknown as LookupAddress[];
      const allowed = error === null ? all.filter(({ address }) => !refuses(address)) : [];
      const [first] = allowed;
      if (error !== null) callback(error, []);
      else if (first === undefined) callback(new RefusedAddressError(name, all[0]?.address ?? ''), []);
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
