import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { makeBlock, sealBlock } from './simulated-chain.js';
import type { SimBlock, SimEvent, SimLog } from './simulated-chain.js';
import type { RateCounter } from './rate-counter.js';
import { SimRefusal, answerCall, headerOf } from './simulated-node.js';
import type { NodeTraits, SimError } from './simulated-node.js';
import { SimulatedSockets } from './simulated-sockets.js';

export interface SimCall {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What goes wrong with one HTTP request. */
export type Fault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly retryAfter?: string;
      readonly location?: string;
    }
  /** The body is cut in the middle. */
  | { readonly kind: 'truncate' }
  /** There is never an answer. */
  | { readonly kind: 'hang' }
  /** The connection breaks. */
  | { readonly kind: 'drop' }
  /** One error object answers for all, an array of calls included. */
  | { readonly kind: 'error'; readonly error: SimError }
  /** Only the calls of this method fail. */
  | { readonly kind: 'call-error'; readonly method: string; readonly error: SimError }
  | { readonly kind: 'body'; readonly body: string };

/** Which node behind a load balancer answers: one that lags, one that still holds the chain before the last reorg. */
export interface Backend {
  /** How many blocks it lacks. */
  readonly behind?: number;
  /** How many blocks below its own head it has no logs yet, and answers `[]`. */
  readonly logsBehind?: number;
  readonly beforeReorg?: boolean;
}

export interface SimulatorOptions {
  readonly chainId?: number;
  /** How arrays of calls are taken: all, none (one error object), or so many at most. */
  readonly batches?: 'any' | 'none' | number;
  /** Called for each HTTP request, with its number (from 1); what it returns goes wrong. */
  readonly fault?: (calls: readonly SimCall[], request: number) => Fault | undefined;
  readonly backend?: (request: number) => Backend;
  /** How long each answer takes, in milliseconds. */
  readonly delayMs?: number;
  /** What the answer to a request waits for. */
  readonly hold?: (calls: readonly SimCall[]) => Promise<void> | undefined;
  /** Changes what a call answers with. */
  readonly lie?: ((call: SimCall, result: unknown) => unknown) | undefined;
  /** Counts requests over HTTP, refuses those that are too many, and says in headers what is left. */
  readonly rate?: RateCounter;
  /** Make blocks whose headers give their hashes, as those of most chains do. */
  readonly sealed?: boolean;
}

const tooMany: Fault = { kind: 'status', status: 429 };

/** A node that refuses nothing. */
export const defaultTraits: NodeTraits = {
  finalizedDistance: 64,
  safeDistance: 32,
  maxRange: Number.POSITIVE_INFINITY,
  rangeError: { code: -32000, message: 'block range too large' },
  maxResults: Number.POSITIVE_INFINITY,
  resultsError: { code: -32005, message: 'query returned too many results' },
  logTimestamps: 'none',
  repeats: false,
  strays: [],
  receipts: 'none',
  maxAddresses: Number.POSITIVE_INFINITY,
  beyondHead: 'silent',
};

/**
 * An EVM node in this process, over HTTP on 127.0.0.1: it mines, reorganises, lags and fails when the test says so,
 * and knows the truth (`canonicalLogs`).
 *
 *     const node = await ChainSimulator.start({}, { finalizedDistance: 10 });
 *     node.mine(20); node.reorg(3); … node.url … await node.stop();
 */
export class ChainSimulator {
  /** May be changed at any time. */
  readonly traits: NodeTraits;
  /** May be replaced at any time. */
  options: SimulatorOptions;
  /** Each HTTP request so far, as the methods it called. */
  readonly requests: string[][] = [];
  /** The same node over WebSockets. */
  readonly sockets: SimulatedSockets;
  readonly #server: Server;
  readonly #make: typeof makeBlock;
  #blocks: readonly SimBlock[];
  /** The chain before the last reorg, as long as no block that the reorg replaced has become final. */
  #before: readonly SimBlock[] | undefined;
  #forkedAt = 0;
  #forks = 0;

  private constructor(options: SimulatorOptions, traits: Partial<NodeTraits>) {
    this.options = options;
    this.traits = { ...defaultTraits, ...traits };
    this.#make = options.sealed === true ? sealBlock : makeBlock;
    this.#blocks = [this.#make(undefined, 'genesis', [])];
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.sockets = new SimulatedSockets(this.#server, (body) => this.#reply(body));
  }

  /** Starts a node that has mined its block 0. */
  static async start(options: SimulatorOptions = {}, traits: Partial<NodeTraits> = {}): Promise<ChainSimulator> {
    const simulator = new ChainSimulator(options, traits);
    await new Promise<void>((resolve) => simulator.#server.listen(0, '127.0.0.1', resolve));
    return simulator;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get wsUrl(): string {
    return this.url.replace('http', 'ws');
  }

  get head(): SimBlock {
    return this.#blocks.at(-1)!;
  }

  get blocks(): readonly SimBlock[] {
    return this.#blocks;
  }

  /** Mines blocks; each holds one transfer unless `events` says which (by block number). */
  mine(count: number, events: (number: number) => readonly SimEvent[] = () => [{}]): void {
    const grown = [...this.#blocks];
    for (let mined = 0; mined < count; mined++) {
      grown.push(this.#make(grown.at(-1), `fork ${this.#forks}`, events(grown.length)));
    }
    this.#blocks = grown;
    for (const block of grown.slice(grown.length - count)) this.sockets.tell(headerOf(block, this.traits));
  }

  /** Replaces the newest `depth` blocks by `count` others (one more, where nothing is said; fewer lower the head). */
  reorg(depth: number, count = depth + 1, events?: (number: number) => readonly SimEvent[]): void {
    this.#before = this.#blocks;
    this.#forks++;
    this.#blocks = this.#blocks.slice(0, -depth);
    this.#forkedAt = this.#blocks.length;
    this.mine(count, events);
  }

  /** Returns every log of the chain as it is now, of blocks `from` to `to`. */
  canonicalLogs(from = 0, to = this.head.number): SimLog[] {
    return this.#blocks.slice(from, to + 1).flatMap((block) => block.logs);
  }

  /** Ends the server and every connection. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    this.sockets.drop();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as SimCall | SimCall[];
    const calls = [body].flat();
    this.requests.push(calls.map((call) => call.method));
    const now = performance.now();
    const isOverRate = this.options.rate?.take(now) === false;
    for (const [name, value] of Object.entries(this.options.rate?.headers(now, Date.now()) ?? {}))
      response.setHeader(name, value);
    const fault = isOverRate ? tooMany : this.options.fault?.(calls, this.requests.length);
    if (fault?.kind === 'hang') return;
    if (this.options.delayMs !== undefined) await wait(this.options.delayMs);
    await this.options.hold?.(calls);
    if (fault?.kind === 'drop') response.destroy();
    else this.#answer(body, fault, response);
  }

  /** Answers a message of a WebSocket; faults that only HTTP has mean that there is no answer. */
  async #reply(body: SimCall | SimCall[]): Promise<string | undefined> {
    const calls = [body].flat();
    this.requests.push(calls.map((call) => call.method));
    const fault = this.options.fault?.(calls, this.requests.length);
    if (fault?.kind === 'drop') this.sockets.drop();
    if (fault?.kind === 'hang' || fault?.kind === 'drop' || fault?.kind === 'status') return undefined;
    if (this.options.delayMs !== undefined) await wait(this.options.delayMs);
    const text = fault?.kind === 'body' ? fault.body : JSON.stringify(this.#result(body, fault));
    return fault?.kind === 'truncate' ? text.slice(0, Math.floor(text.length / 2)) : text;
  }

  #answer(body: SimCall | SimCall[], fault: Fault | undefined, response: ServerResponse): void {
    if (fault?.kind === 'status') {
      const headers = {
        ...(fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter }),
        ...(fault.location === undefined ? {} : { location: fault.location }),
      };
      response.writeHead(fault.status, headers).end(fault.body ?? '');
      return;
    }
    const text = fault?.kind === 'body' ? fault.body : JSON.stringify(this.#result(body, fault));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(fault?.kind === 'truncate' ? text.slice(0, Math.floor(text.length / 2)) : text);
  }

  #result(body: SimCall | SimCall[], fault: Fault | undefined): unknown {
    if (fault?.kind === 'error') return { jsonrpc: '2.0', id: null, error: fault.error };
    const view = this.#view(this.options.backend?.(this.requests.length) ?? {});
    if (!Array.isArray(body)) return this.#one(body, view, fault);
    const { batches = 'any' } = this.options;
    if (batches === 'none') return refused(-32600, 'batch requests are not supported');
    if (typeof batches === 'number' && body.length > batches)
      return refused(-32600, `batch too large, max is ${batches}`);
    // A server may answer the calls of a batch in any order.
    return body.map((call) => this.#one(call, view, fault)).reverse();
  }

  #view({ behind = 0, logsBehind = 0, beforeReorg = false }: Backend): {
    blocks: readonly SimBlock[];
    logsUpTo: number;
  } {
    const isOver = this.#forkedAt <= this.head.number - (this.traits.finalizedDistance ?? 64);
    const chain = beforeReorg && !isOver ? (this.#before ?? this.#blocks) : this.#blocks;
    const blocks = chain.slice(0, Math.max(1, chain.length - behind));
    return { blocks, logsUpTo: blocks.length - 1 - logsBehind };
  }

  #one(call: SimCall, view: { blocks: readonly SimBlock[]; logsUpTo: number }, fault: Fault | undefined): unknown {
    const { id, method } = call;
    if (fault?.kind === 'call-error' && fault.method === method) return { jsonrpc: '2.0', id, error: fault.error };
    try {
      const result = answerCall(call, view.blocks, view.logsUpTo, this.options.chainId ?? 31337, this.traits);
      const told = this.options.lie?.(call, result);
      return { jsonrpc: '2.0', id, result: told === undefined ? result : told };
    } catch (error) {
      if (!(error instanceof SimRefusal)) throw error;
      return { jsonrpc: '2.0', id, error: error.error };
    }
  }
}

function refused(code: number, message: string): unknown {
  return { jsonrpc: '2.0', id: null, error: { code, message } };
}
