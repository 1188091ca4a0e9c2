import type { Clock } from '../../../runtime/clock.js';
import { Turns } from '../../../runtime/turns.js';
import type { ObserveChain } from './chain-notice.js';
import { HttpEndpoint } from './http-endpoint.js';
import { AnswerReader } from './answer-reader.js';
import { BatchSize } from './batch-size.js';
import { parseBody } from './json-rpc-answer.js';
import type { HttpAnswer, RpcCall, RpcOutcome } from './json-rpc-answer.js';
import { observeRequest } from './observe-request.js';
import { parseAround } from './long-array.js';
import { RpcError } from '../errors/rpc-error.js';
import { pickResults } from './picked-results.js';
import type { RateStatement } from './rate-headers.js';
import { isWebSocketUrl, leadToOneNode } from './transport.js';
import type { OpenTransport, PushChannel, Transport, TransportOptions } from './transport.js';
import { WebSocketEndpoint } from './websocket-endpoint.js';

export interface JsonRpcOptions {
  readonly url: string;
  /** What the endpoint is called among others; its host where nothing is said. */
  readonly name?: string | undefined;
  readonly clock: Clock;
  /** How long one request may take, in milliseconds; 30,000 where nothing is said. */
  readonly timeoutMs?: number | undefined;
  /** The longest answer that is read, in bytes; 64 MB where nothing is said. */
  readonly maxBytes?: number | undefined;
  /** How many calls one batch holds at most, to begin with; 100 where nothing is said. */
  readonly maxBatch?: number | undefined;
  /** How the URL is reached; over HTTP or a WebSocket, as it says, where nothing is said. */
  readonly transport?: OpenTransport | undefined;
  /** Hears of each request. */
  readonly observe?: ObserveChain | undefined;
}

/** Hears what an answer states of the rate, when its request left by the monotonic clock, and whether it was not refused. */
type RateListener = (
  rates: readonly RateStatement[],
  answer: { readonly since: number; readonly isTaken: boolean },
) => void;

/** From this length on an answer is no refusal, and takes a while to be read, in bytes. */
const longBytes = 16 * 1024;

/** One JSON-RPC endpoint over HTTP or a WebSocket. */
export class JsonRpcEndpoint {
  readonly name: string;
  readonly #url: string;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #answers: AnswerReader;
  readonly #observe: ObserveChain | undefined;
  readonly #batchSize: BatchSize;
  #connected: () => void = () => undefined;
  #stated: RateListener = () => undefined;
  #nextId = 1;

  constructor(options: JsonRpcOptions) {
    const { url, clock, timeoutMs = 30_000, maxBytes = 64 * 2 ** 20, maxBatch = 100 } = options;
    this.#transport = (options.transport ?? openTransport)({
      ...{ url, clock, timeoutMs, maxBytes },
      connected: () => this.#connected(),
    });
    this.#url = url;
    this.name = options.name ?? this.#transport.host;
    this.#clock = clock;
    this.#observe = options.observe;
    this.#batchSize = new BatchSize(maxBatch);
    this.#answers = new AnswerReader({ url, host: this.host, clock });
  }

  /** The host of the URL: all of it that may be shown. */
  get host(): string {
    return this.#transport.host;
  }

  /** How many calls it takes in one request at most, as far as it has told. */
  get mostCalls(): number {
    return this.#batchSize.most;
  }

  /** Returns in how many requests so many calls leave. */
  requestsOf(calls: number): number {
    return Math.max(1, Math.ceil(calls / this.#batchSize.most));
  }

  /** How the node tells news by itself; null where it can't. */
  get push(): PushChannel | null {
    return this.#transport.push;
  }

  /** Says whether another endpoint is the same node, over HTTP and over a WebSocket: neither knows more than the other. */
  sharesNode(other: JsonRpcEndpoint): boolean {
    return leadToOneNode(this.#url, other.#url);
  }

  /** Has a listener hear of each connection where there was none, before anything comes over it. */
  onConnect(listener: () => void): void {
    this.#connected = listener;
  }

  /** Has a listener hear what each answer states of the rate. */
  onRates(listener: RateListener): void {
    this.#stated = listener;
  }

  /** Makes one call and returns its result; throws RpcError. */
  async call(method: string, params: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    const outcome = await this.#ask({ method, params }, signal);
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  }

  /**
   * Makes calls together, in as few requests as the server takes, and returns the outcome of each in their order; `received`: called
   * when all has come, before what is long is read. Throws RpcError where a request as a whole fails.
   */
  async batch(calls: readonly RpcCall[], signal: AbortSignal, received?: () => void): Promise<RpcOutcome[]> {
    const outcomes: RpcOutcome[] = [];
    while (outcomes.length < calls.length) {
      const part = calls.slice(outcomes.length, outcomes.length + this.#batchSize.most);
      const isAll = part.length === calls.length;
      const answered =
        part.length === 1
          ? await this.#alone(part, signal)
          : await this.#observed(part, signal, () => this.#together(part, signal, isAll ? received : undefined));
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
      const answer = await this.#post(envelope(id, call), signal);
      return [this.#answers.readOne(answer, await this.#parsed(answer, [call]), id)] as const;
    });
    return outcome;
  }

  async #post(body: string, signal: AbortSignal): Promise<HttpAnswer> {
    const since = this.#clock.monotonic();
    const answer = await this.#transport.post(body, signal);
    this.#stated(answer.rates ?? [], { since, isTaken: answer.status < 400 });
    return answer;
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
      const outcome = await this.#ask(call, signal);
      this.#batchSize.answeredAlone();
      return [outcome];
    } catch (error) {
      if (error instanceof RpcError && !signal.aborted) return [{ ok: false, error, bytes: 0 }];
      throw error;
    }
  }

  /** Answers null where the server refused the batch as such: then a smaller one is due. */
  async #together(calls: readonly RpcCall[], signal: AbortSignal, received?: () => void): Promise<RpcOutcome[] | null> {
    const firstId = this.#nextId;
    this.#nextId += calls.length;
    const body = `[${calls.map((call, index) => envelope(firstId + index, call)).join(',')}]`;
    const answer = await this.#postAll(body, calls.length, signal);
    if (received !== undefined && answer.status < 400 && answer.bytes >= longBytes) {
      received();
      // Whoever waits for what others have answered meanwhile asks on, too, before one of them is read.
      await this.#clock.sleep(0);
    }
    const parsed = await this.#parsed(answer, calls);
    if (!Array.isArray(parsed) || parsed.length === 0) {
      const error = this.#answers.refusalIn(parsed, answer);
      const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
      this.#batchSize.refused(calls.length, error, isObject);
      return null;
    }
    const outcomes = this.#answers.readEach(parsed, answer, { firstId, count: calls.length });
    const told = outcomes.filter((outcome) => outcome.ok || outcome.isLeftOut !== true).length;
    if (told === calls.length) this.#batchSize.answered(told);
    else this.#batchSize.answeredInPart(calls.length, told);
    const refused = outcomes.find((outcome) => !outcome.ok && outcome.error.class === 'batch');
    if (refused === undefined || refused.ok) return outcomes;
    this.#batchSize.refused(calls.length, refused.error);
    return null;
  }

  async #postAll(body: string, calls: number, signal: AbortSignal): Promise<HttpAnswer> {
    const sentAt = this.#clock.monotonic();
    try {
      return await this.#post(body, signal);
    } catch (error) {
      const isBroken = error instanceof RpcError && error.class === 'transport' && error.lostConnection;
      if (isBroken && !signal.aborted) this.#batchSize.lost(calls, { sentAt, now: this.#clock.monotonic() });
      throw error;
    }
  }

  /** Returns an answer's JSON, or what is wanted of it; a long array of a call that collects it is read by its collector. */
  async #parsed(answer: HttpAnswer, calls: readonly RpcCall[]): Promise<unknown> {
    if (answer.parsed !== undefined) return answer.parsed;
    const collect = calls.find((call) => call.collect !== undefined)?.collect;
    const collected = answer.body && collect && (await parseAround(answer.body, collect(), new Turns(this.#clock)));
    if (collected) {
      answer.release?.();
      return collected;
    }
    const pick = calls.every((call) => call.pick === calls[0]?.pick) ? calls[0]?.pick : undefined;
    const picked = answer.body && pick && pickResults(answer.body, pick);
    return picked ?? parseBody(answer.text);
  }
}

function openTransport(options: TransportOptions): Transport {
  return isWebSocketUrl(options.url) ? new WebSocketEndpoint(options) : new HttpEndpoint(options);
}

function envelope(id: number, { method, params }: RpcCall): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}
