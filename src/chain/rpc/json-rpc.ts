import type { Clock } from '../../runtime/clock.js';
import { SecretMask } from '../../runtime/secrets.js';
import type { ObserveChain } from '../chain-event.js';
import { HttpEndpoint } from './http-endpoint.js';
import { malformed, parseBody, readReply, shorten } from './json-rpc-answer.js';
import type { HttpAnswer, RpcCall, RpcOutcome, RpcReply, StatedError } from './json-rpc-answer.js';
import { observeRequest } from './observe-request.js';
import { capIn, retryAfterIn, suggestionIn } from '../errors/rpc-error-hints.js';
import { classOfStatus, sortError } from '../errors/rpc-error-patterns.js';
import { RpcError, asksForLess } from '../errors/rpc-error.js';
import type { RpcErrorClass } from '../errors/rpc-error.js';
import type { OpenTransport, PushChannel, Transport, TransportOptions } from './transport.js';
import { WebSocketEndpoint, isWebSocketUrl } from './websocket-endpoint.js';

export interface JsonRpcOptions {
  readonly url: string;
  /** What the endpoint is called among others; its host where nothing is said. */
  readonly name?: string | undefined;
  readonly clock: Clock;
  /** How long one request may take, in milliseconds; 30,000 where nothing is said. */
  readonly timeoutMs?: number | undefined;
  /** The longest answer that is read, in bytes; 256 MB where nothing is said. */
  readonly maxBytes?: number | undefined;
  /** How many calls one batch holds at most, to begin with; 100 where nothing is said. */
  readonly maxBatch?: number | undefined;
  /** How the URL is reached; over HTTP or a WebSocket, as it says, where nothing is said. */
  readonly transport?: OpenTransport | undefined;
  /** Hears of each request. */
  readonly observe?: ObserveChain | undefined;
}

/** Classes of a failed batch that say nothing about batches: single calls would fail in the same way. */
const notAboutBatches: ReadonlySet<RpcErrorClass> = new Set([
  'rate-limit',
  'quota',
  'timeout',
  'transport',
  'internal',
  'response-too-large',
  'range-cap',
  'density',
  'lag',
  'pruned',
  'missing-state',
]);

/**
 * A server that looks for a method or its parameters in an array finds none; one that refuses a method by name, or an
 * argument, means that one.
 */
function isAboutBatch({ class: kind, message }: RpcError): boolean {
  if (kind === 'invalid-request') return /request|json|unmarshal|array|object/i.test(message);
  if (kind === 'method-disabled') return !/getlogs|limit exceeded|whitelist|plan|tier/i.test(message);
  return !notAboutBatches.has(kind);
}

/** A server that can't take batches may say so by breaking: after so many failures in a row it is asked one by one. */
const batchFailuresBorne = 3;

/** One JSON-RPC endpoint over HTTP or a WebSocket. */
export class JsonRpcEndpoint {
  readonly name: string;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #secrets = new SecretMask();
  readonly #observe: ObserveChain | undefined;
  #nextId = 1;
  #maxBatch: number;
  #batchFailures = 0;

  constructor(options: JsonRpcOptions) {
    const { url, clock, timeoutMs = 30_000, maxBytes = 256 * 2 ** 20, maxBatch = 100 } = options;
    this.#transport = (options.transport ?? openTransport)({ url, clock, timeoutMs, maxBytes });
    this.name = options.name ?? this.#transport.host;
    this.#clock = clock;
    this.#observe = options.observe;
    this.#maxBatch = maxBatch;
    this.#secrets.remember(url);
  }

  /** The host of the URL: all of it that may be shown. */
  get host(): string {
    return this.#transport.host;
  }

  /** How the node tells news by itself; null where it can't. */
  get push(): PushChannel | null {
    return this.#transport.push;
  }

  /** Makes one call and returns its result; throws RpcError. */
  async call(method: string, params: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    const outcome = await this.#ask({ method, params }, signal);
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  }

  /**
   * Makes calls together, in as few requests as the server takes, and returns the outcome of each in their order.
   * Throws RpcError where a request as a whole fails.
   */
  async batch(calls: readonly RpcCall[], signal: AbortSignal): Promise<RpcOutcome[]> {
    const outcomes: RpcOutcome[] = [];
    while (outcomes.length < calls.length) {
      const part = calls.slice(outcomes.length, outcomes.length + this.#maxBatch);
      const answered =
        part.length === 1
          ? await this.#alone(part, signal)
          : await this.#observed(part, signal, () => this.#together(part, signal));
      if (answered === null) continue;
      outcomes.push(...answered);
      // Who could not answer one call is not asked for the others as well: they fail with it.
      const [first] = answered;
      if (part.length === 1 && first?.ok === false && first.error.retryable) break;
    }
    const last = outcomes.at(-1);
    while (last !== undefined && outcomes.length < calls.length) outcomes.push(last);
    return outcomes;
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #ask(call: RpcCall, signal: AbortSignal): Promise<RpcOutcome> {
    const id = this.#nextId++;
    const [outcome] = await this.#observed([call], signal, async () => {
      const answer = await this.#transport.post(envelope(id, call), signal);
      return [this.#outcome(this.#single(answer, id), answer)] as const;
    });
    return outcome;
  }

  #observed<T extends readonly RpcOutcome[] | null>(
    calls: readonly RpcCall[],
    signal: AbortSignal,
    send: () => Promise<T>,
  ): Promise<T> {
    return observeRequest({ observe: this.#observe, endpoint: this.name, clock: this.#clock, calls, signal }, send);
  }

  async #alone([call]: readonly RpcCall[], signal: AbortSignal): Promise<RpcOutcome[]> {
    if (call === undefined) return [];
    try {
      return [await this.#ask(call, signal)];
    } catch (error) {
      if (error instanceof RpcError && !signal.aborted) return [{ ok: false, error, bytes: 0 }];
      throw error;
    }
  }

  /** Answers null where the server refused the batch as such: then a smaller one is due. */
  async #together(calls: readonly RpcCall[], signal: AbortSignal): Promise<RpcOutcome[] | null> {
    const firstId = this.#nextId;
    this.#nextId += calls.length;
    const body = `[${calls.map((call, index) => envelope(firstId + index, call)).join(',')}]`;
    const answer = await this.#transport.post(body, signal);
    const parsed = answer.parsed ?? parseBody(answer.text);
    if (!Array.isArray(parsed) || parsed.length === 0) {
      const error = this.#error(this.#statedByBody(parsed, answer), answer);
      if (parsed === undefined) this.#bearFailure(error);
      this.#shrinkBatch(calls.length, error);
      return null;
    }
    this.#batchFailures = 0;
    const replies = parsed.map(readReply);
    const outcomes = calls.map((_call, index) => this.#outcome(pick(replies, firstId + index), answer));
    const refused = outcomes.find((outcome) => !outcome.ok && outcome.error.class === 'batch');
    if (refused === undefined || refused.ok) return outcomes;
    this.#shrinkBatch(calls.length, refused.error);
    return null;
  }

  /** Remembers that a batch of this size is too much, or throws the error where it is about something else. */
  #shrinkBatch(size: number, error: RpcError): void {
    if (!isAboutBatch(error)) this.#bearFailure(error);
    const tooLarge = error.class === 'batch' && /larg|big|size|limit|many|exceed|max/i.test(error.message);
    const smaller = error.cap !== undefined && error.cap < size ? error.cap : Math.floor(size / 2);
    this.#maxBatch = tooLarge ? Math.max(1, smaller) : 1;
  }

  #bearFailure(error: RpcError): void {
    const mayBeBatch = error.class !== 'rate-limit' && error.class !== 'quota' && !asksForLess(error);
    if (error.class === 'batch' || (mayBeBatch && ++this.#batchFailures >= batchFailuresBorne)) return;
    throw error;
  }

  #single(answer: HttpAnswer, id: number): RpcReply {
    const parsed = answer.parsed ?? parseBody(answer.text);
    const body: unknown = Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed;
    if (parsed === undefined) return { id: undefined, error: this.#statedByBody(parsed, answer) };
    const reply = readReply(body);
    if (reply.error !== undefined || reply.id === undefined || reply.id === String(id)) return reply;
    return { id: undefined, error: malformed('the answer belongs to another request') };
  }

  /** What an answer says that is not what was asked for: an error for the whole, a page of a proxy, half a document. */
  #statedByBody(parsed: unknown, { status, text }: HttpAnswer): StatedError {
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return readReply(parsed).error ?? malformed('one answer for a batch of calls');
    }
    const ofStatus = classOfStatus(status);
    const prefix = ofStatus === undefined ? '' : `HTTP ${status} `;
    if (text.trim() === '') return { ...malformed(`${prefix}with an empty body`), class: ofStatus ?? 'malformed' };
    const stated = `${prefix}${shorten(text, 200)}`;
    if (ofStatus === undefined) return malformed(`no JSON: ${stated}`);
    // A page says in its own words what the status may hide, such as a rate limit behind a 403.
    return { message: stated, code: undefined, data: undefined };
  }

  #outcome(reply: RpcReply, answer: HttpAnswer): RpcOutcome {
    if (reply.error === undefined) return { ok: true, value: reply.result, bytes: answer.bytes };
    return { ok: false, error: this.#error(reply.error, answer), bytes: answer.bytes };
  }

  #error(stated: StatedError, { status, retryAfter }: HttpAnswer): RpcError {
    const { code, data } = stated;
    const message = this.#secrets.mask(stated.message) || 'an error without a message';
    const text = code === undefined ? message : `${message} (code ${code})`;
    return new RpcError(text, {
      class: stated.class ?? sortError(message, code, status),
      host: this.host,
      cap: capIn(message),
      suggestion: suggestionIn(message, data),
      retryAfterMs: retryAfterIn(message, data, retryAfter, this.#clock.now()),
    });
  }
}

function openTransport(options: TransportOptions): Transport {
  return isWebSocketUrl(options.url) ? new WebSocketEndpoint(options) : new HttpEndpoint(options);
}

function envelope(id: number, { method, params }: RpcCall): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

function pick(replies: readonly RpcReply[], id: number): RpcReply {
  const reply = replies.find((candidate) => candidate.id === String(id));
  if (reply !== undefined) return reply;
  // Some servers refuse a whole batch with one element, which may bear no id.
  const refusal = replies.find((candidate) => candidate.error !== undefined && replies.length === 1);
  return refusal ?? { id: undefined, error: malformed('the batch was answered without this call') };
}
