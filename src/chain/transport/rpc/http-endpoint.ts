import { finished } from 'node:stream/promises';
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import { UsageError, messageOf } from '../../../runtime/errors.js';
import { loginHeader } from '../../../runtime/login-header.js';
import { Rooms } from '../../../runtime/rooms.js';
import { Scope } from '../../../runtime/scope.js';
import { SecretMask, maskUrl } from '../../../runtime/secrets.js';
import { shownHost, shownTarget } from '../../../runtime/shown-host.js';
import { answerText } from './answer-text.js';
import { expire } from './expire.js';
import { shorten } from './json-rpc-answer.js';
import type { HttpAnswer } from './json-rpc-answer.js';
import { RpcError } from '../errors/rpc-error.js';
import { ratesIn } from './rate-headers.js';
import { ReceivedBody } from './received-body.js';
import type { Transport, TransportOptions } from './transport.js';

/** As many as there are requests: how many those are is not decided here. */
const mostConnections = 1_024;

/** POSTs JSON to one URL over connections that are kept alive; connects at the first request. */
export class HttpEndpoint implements Transport {
  readonly host: string;
  readonly push = null;
  readonly #options: TransportOptions;
  readonly #url: URL;
  readonly #secrets = new SecretMask();
  readonly #rooms = new Rooms();
  #pool: Pool | null = null;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#url = parseHttpUrl(options.url);
    this.host = shownHost(this.#url.host);
    this.#secrets.remember(options.url);
  }

  /** Sends a body and returns the whole answer, whatever its status; throws RpcError where there is none. */
  async post(body: string, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    const scope = new Scope(signal);
    void expire(scope, this.host, this.#options);
    try {
      return await this.#exchange(body, scope.signal);
    } catch (error) {
      signal.throwIfAborted();
      throw this.#failure(scope.signal.reason ?? error);
    } finally {
      scope.end();
    }
  }

  /** Closes the connections; calls in the air fail. */
  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    await pool?.destroy();
  }

  async #exchange(body: string, signal: AbortSignal): Promise<HttpAnswer> {
    const response = await this.#connections().request({
      method: 'POST',
      path: this.#url.pathname + this.#url.search,
      headers: this.#headers(),
      body,
      signal,
    });
    const retryAfter = response.headers['retry-after'];
    const rates = ratesIn(response.headers, this.#options.clock.now());
    const read = await this.#read(response);
    const received = withoutMark(read.whole());
    return {
      status: response.statusCode,
      retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
      leadsTo: shownTarget(response.headers['location'], this.#url),
      rates,
      body: received,
      bytes: received.length,
      // Made when it is wanted: long answers are read from their bytes.
      get text(): string {
        return answerText(received);
      },
      release: () => read.release(),
    };
  }

  #connections(): Pool {
    // The deadline of `post` is the only one: undici's own are switched off.
    if (this.#pool !== null) return this.#pool;
    const pool = new Pool(this.#url.origin, { connections: mostConnections, headersTimeout: 0, bodyTimeout: 0 });
    // The first one, and the first after one was lost: the others of an outage may come before the last is gone.
    let isSure = false;
    pool.on('connect', () => {
      if (!isSure) this.#options.connected?.();
      isSure = true;
    });
    pool.on('disconnect', (_origin, _targets, { code, message }) => {
      // What was given up here says nothing about who stands there.
      if (code !== 'UND_ERR_INFO' || message !== 'aborted') isSure = false;
    });
    this.#pool = pool;
    return pool;
  }

  #headers(): Record<string, string> {
    return {
      'content-type': 'application/json',
      accept: 'application/json',
      // What is packed may be a thousand times as long once it is unpacked.
      'accept-encoding': 'identity',
      'user-agent': 'chainparse',
      ...loginHeader(this.#url),
    };
  }

  async #read({ body, headers }: Dispatcher.ResponseData): Promise<ReceivedBody> {
    const expected = lengthIn(headers['content-length']);
    const refusal = this.#refusalOf(expected, headers['content-encoding']);
    const received = new ReceivedBody(expected, this.#rooms);
    if (refusal !== undefined) body.destroy(refusal);
    // Whoever asks for piece after piece gets one in each turn of the loop, and while ranges are decoded there are few.
    body.on('data', (piece: Buffer) => {
      if (received.length + piece.length > this.#options.maxBytes) body.destroy(this.#tooLarge());
      else received.add(piece);
    });
    await finished(body);
    return received;
  }

  /** Returns why an answer is not read at all; undefined where it may be. */
  #refusalOf(expected: number | undefined, packed: string | string[] = 'identity'): RpcError | undefined {
    if (expected !== undefined && expected > this.#options.maxBytes) return this.#tooLarge();
    // Names of encodings have no case; an empty list names none.
    if (/^(identity)?$/i.test(String(packed).trim())) return undefined;
    const message = `the answer is packed (${shorten(String(packed), 40)}), which was not asked for`;
    return new RpcError(message, { class: 'malformed', host: this.host });
  }

  #tooLarge(): RpcError {
    const message = `the answer is larger than ${Math.round(this.#options.maxBytes / 2 ** 20)} MB`;
    return new RpcError(message, { class: 'response-too-large', host: this.host });
  }

  #failure(error: unknown): RpcError {
    if (error instanceof RpcError) return error;
    const { code } = error as { readonly code?: unknown };
    const text = messageOf(error) || (typeof code === 'string' ? code : 'connection failed');
    return new RpcError(this.#secrets.mask(text), {
      class: 'transport',
      host: this.host,
      lostConnection: true,
      cause: error,
    });
  }
}

/** Returns the bytes after a byte order mark of UTF-8, which is no JSON. */
function withoutMark(bytes: Buffer): Buffer {
  return bytes.subarray(bytes.toString('utf8', 0, 3) === '\ufeff' ? 3 : 0);
}

function lengthIn(header: string | string[] | undefined): number | undefined {
  const length = Number(header);
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}

function parseHttpUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return parsed;
  throw new UsageError(`RPC URL ${maskUrl(url)} is no http:// or https:// URL`, {
    hint: 'give the URL of a JSON-RPC endpoint, such as http://127.0.0.1:8545',
  });
}
