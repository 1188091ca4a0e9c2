import { gunzipSync } from 'node:zlib';
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import type { BlockRef } from '../../model/block.js';
import type { Clock } from '../../runtime/clock.js';
import { messageOf } from '../../runtime/errors.js';
import { abortLater } from '../../runtime/give-up-later.js';
import { loginHeader } from '../../runtime/login-header.js';
import { Scope } from '../../runtime/scope.js';
import { SecretMask } from '../../runtime/secrets.js';
import { shownHost, shownTarget } from '../../runtime/shown-host.js';
import { shorten } from '../transport/rpc/json-rpc-answer.js';
import { retryAfterIn } from '../transport/errors/rpc-error-hints.js';
import { fieldsOf, readHash, readQuantity, MalformedValue } from '../transport/rpc/rpc-values.js';
import { PortalBody } from './portal-body.js';
import { PortalError, malformed } from './portal-error.js';
import { PortalPace } from './portal-pace.js';
import type { PortalQuery } from './portal-query.js';

interface PortalClientOptions {
  /** Its base, in front of `/datasets/NAME`. */
  readonly url: string;
  readonly clock: Clock;
}

/** What a stream was answered with. */
export interface PortalResponse {
  /** Null: there is nothing (yet) of what was asked for. */
  readonly body: PortalBody | null;
  /** The newest final block of the data set, as the answer tells it; undefined where it does not. */
  readonly finalized: number | undefined;
  /** How long the request waited for its turn, in milliseconds. */
  readonly waitedMs: number;
}

interface PortalRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string | null;
  readonly silenceMs: number;
}

/** How long an answer may take, of a stream its head and then whatever comes next, in milliseconds. */
const answerMs = 60_000;
/** The longest answer that is no stream. */
const mostBytes = 64 * 2 ** 10;

/** Asks one SQD Portal, as often as it allows. */
export class PortalClient {
  /** As it may be shown. */
  readonly host: string;
  readonly #url: URL;
  readonly #clock: Clock;
  readonly #pace: PortalPace;
  readonly #secrets = new SecretMask();
  #pool: Pool | null = null;
  #hasAnswered = false;
  #gaveAt = Number.NEGATIVE_INFINITY;

  constructor({ url, clock }: PortalClientOptions) {
    this.#url = new URL(url);
    this.host = shownHost(this.#url.host);
    this.#clock = clock;
    this.#pace = new PortalPace(this.#url.host, clock);
    this.#secrets.remember(url);
  }

  /** True once it has answered any question. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** When it last gave blocks, by the monotonic clock. */
  get gaveAt(): number {
    return this.#gaveAt;
  }

  /** It has given blocks. */
  gave(): void {
    this.#gaveAt = this.#clock.monotonic();
  }

  /**
   * Opens a stream of final blocks; throws PortalError, also where the portal wants to be left alone for longer than `mostWaitMs`, or is
   * silent for so long.
   */
  async stream(
    dataset: string,
    query: PortalQuery,
    signal: AbortSignal,
    mostWaitMs = Number.POSITIVE_INFINITY,
  ): Promise<PortalResponse> {
    const waitedMs = await this.#pace.turn(signal, mostWaitMs);
    const path = `${dataset}/finalized-stream`;
    const silenceMs = Math.min(answerMs, mostWaitMs);
    const asked = { method: 'POST', path, body: JSON.stringify(query), silenceMs } as const;
    return this.#request(asked, signal, async ({ statusCode, headers, body }) => {
      const finalized = numberIn(headers['x-sqd-finalized-head-number']);
      if (statusCode === 204) {
        await body.dump().catch(() => undefined);
        return { body: null, finalized, waitedMs };
      }
      const encoding = headers['content-encoding'] ?? 'identity';
      return {
        body: PortalBody.open(body, String(encoding), {
          clock: this.#clock,
          silenceMs,
          told: (text) => this.#told(text),
        }),
        finalized,
        waitedMs,
      };
    });
  }

  /** Returns the newest final block of a data set; null where there is none yet. Throws PortalError as `stream` does. */
  async finalizedHead(
    dataset: string,
    signal: AbortSignal,
    mostWaitMs = Number.POSITIVE_INFINITY,
  ): Promise<BlockRef | null> {
    await this.#pace.turn(signal, mostWaitMs);
    const silenceMs = Math.min(answerMs, mostWaitMs);
    const asked = { method: 'GET', path: `${dataset}/finalized-head`, body: null, silenceMs } as const;
    return this.#request(asked, signal, async (response) => this.#readRef(await this.#text(response)));
  }

  /** Has no request leave for some time, in milliseconds. */
  pause(ms: number): void {
    this.#pace.pause(ms);
  }

  /** Closes the connections; answers that are being read break off. */
  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    await pool?.destroy();
  }

  /** `read` makes of an answer what is wanted: what it awaits of it may not take long either. */
  async #request<T>(
    { method, path, body, silenceMs }: PortalRequest,
    signal: AbortSignal,
    read: (response: Dispatcher.ResponseData) => Promise<T>,
  ): Promise<T> {
    const reason = (): Error =>
      new PortalError(`no answer within ${silenceMs / 1_000} s`, { class: 'away', tookMs: silenceMs });
    const late = abortLater({ clock: this.#clock, delayMs: silenceMs, reason });
    const scope = new Scope(signal, late.signal);
    try {
      const response = await this.#connections().request({
        ...{ method, body, path: this.#pathOf(path), headers: this.#headers(method) },
        signal: scope.signal,
      });
      // Nobody may listen to it any more when its connection is cut.
      response.body.on('error', () => undefined);
      // Until then it is cut with its request.
      response.body.once('close', () => scope.release());
      if (response.statusCode !== 200 && (response.statusCode !== 204 || method !== 'POST'))
        throw await this.#refusal(response, path);
      const answer = await read(response);
      this.#hasAnswered = true;
      return answer;
    } catch (error) {
      scope.end();
      signal.throwIfAborted();
      // What was known by then counts.
      throw this.#failure(error instanceof PortalError ? error : (late.signal.reason ?? error));
    } finally {
      late.callOff();
    }
  }

  /** An answer is cut by its own reader: nothing else ends it. What is left of one may keep its connection for long. */
  #connections(): Pool {
    return (this.#pool ??= new Pool(this.#url.origin, { headersTimeout: 0, bodyTimeout: 0 }));
  }

  #pathOf(path: string): string {
    const [, base = '', named] = /^(.*?)(?:\/datasets(?:\/([^/]+))?)?\/*$/.exec(this.#url.pathname) ?? [];
    const dataset = path.split('/')[0] ?? '';
    if (named !== undefined && named !== dataset) {
      const message = `its URL names the data set '${this.#secrets.mask(named)}', and '${dataset}' is wanted: leave it out of the URL, or set portal_dataset`;
      throw new PortalError(message, { class: 'refused' });
    }
    return `${base}/datasets/${path}${this.#url.search}`;
  }

  #headers(method: string): Record<string, string> {
    return {
      'user-agent': 'chainparse',
      accept: method === 'GET' ? 'application/json' : 'application/jsonl, application/x-ndjson, application/json',
      'accept-encoding': method === 'GET' ? 'identity' : 'gzip',
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
      ...loginHeader(this.#url),
    };
  }

  async #refusal(response: Dispatcher.ResponseData, path: string): Promise<PortalError> {
    const { statusCode, headers } = response;
    const header = headers['retry-after'];
    const after = Array.isArray(header) ? header[0] : header;
    const retryAfterMs = retryAfterIn('', undefined, after, this.#clock.now());
    // Masked first: of a secret that is cut short the rest would be shown.
    const text = shorten(this.#secrets.mask(await this.#text(response).catch(() => '')), 200);
    const says = `HTTP ${statusCode}${text === '' ? '' : ` ${text}`}`;
    if (statusCode === 409)
      return new PortalError(`another block is in the chain: ${says}`, { class: 'fork', isAnswer: true });
    if (statusCode === 429 || statusCode === 503)
      return new PortalError(says, { class: 'busy', retryAfterMs, isAnswer: statusCode === 429 });
    if (statusCode >= 500 || statusCode === 408) return new PortalError(says, { class: 'away', retryAfterMs });
    if (statusCode >= 300 && statusCode < 400) {
      const leadsTo = shownTarget(headers['location'], this.#url);
      const where = leadsTo === undefined ? '' : ` to ${leadsTo}`;
      const message = `HTTP ${statusCode}: a redirect${where}, which is not followed: name the portal as it is there`;
      return new PortalError(message, { class: 'refused' });
    }
    if (statusCode === 404)
      return new PortalError(`it has no data set '${path.split('/')[0] ?? ''}': ${says}`, { class: 'refused' });
    const beginsAt = beginningIn(text);
    const isAnswer = beginsAt !== undefined;
    return new PortalError(says, { class: statusCode < 300 ? 'malformed' : 'refused', beginsAt, isAnswer });
  }

  /** Some servers pack what was not asked to be packed. */
  async #text({ body, headers }: Dispatcher.ResponseData): Promise<string> {
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of body as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > mostBytes) throw malformed('the answer is too long');
      parts.push(part);
    }
    const whole = Buffer.concat(parts);
    const isPacked = headers['content-encoding'] === 'gzip';
    return (isPacked ? gunzipSync(whole, { maxOutputLength: mostBytes }) : whole).toString('utf8');
  }

  #readRef(text: string): BlockRef | null {
    try {
      const value = JSON.parse(text) as unknown;
      if (value === null) return null;
      const fields = fieldsOf(value, 'the finalized head');
      return { number: readQuantity(fields['number'], 'its number'), hash: readHash(fields['hash'], 'its hash') };
    } catch (error) {
      if (error instanceof SyntaxError) throw malformed(`the finalized head is no JSON: ${this.#told(text)}`);
      if (error instanceof MalformedValue) throw malformed(`the finalized head is no block: ${error.message}`);
      throw error;
    }
  }

  /** Returns what an answer says that is not what was asked for, such as a page of whoever stands in front of the portal. */
  #told(text: string): string {
    return shorten(this.#secrets.mask(text), 200) || 'nothing';
  }

  #failure(error: unknown): PortalError {
    if (error instanceof PortalError) return error;
    const text = this.#secrets.mask(messageOf(error)) || 'the connection failed';
    return new PortalError(text, { class: 'away', cause: error });
  }
}

/** Returns the first block of a data set, where a refusal names it; undefined where it does not. */
function beginningIn(text: string): number | undefined {
  return numberIn(/dataset starts from block (\d+)/.exec(text)?.[1]);
}

function numberIn(header: string | string[] | undefined): number | undefined {
  const number = Number(Array.isArray(header) ? header[0] : (header ?? NaN));
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}
