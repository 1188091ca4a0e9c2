import type { BlockHeader, BlockRef, BlockTime } from '../../model/block.js';
import { CaughtEndpoints } from './caught-endpoints.js';
import { Proofs } from './proofs.js';
import type { BlockReceipts } from './proofs.js';
import type { ChainView } from './chain-view.js';
import type { EndpointChoice } from '../transport/endpoints/endpoint-choice.js';
import { EndpointPool } from '../transport/endpoints/endpoint-pool.js';
import type { EndpointPoolOptions } from '../transport/endpoints/endpoint-pool.js';
import type { EndpointReport } from '../transport/endpoints/endpoint-report.js';
import type { Question, Work } from '../transport/endpoints/endpoint-question.js';
import { EveryEndpoint } from './every-endpoint.js';
import { collectBlocks, headIn, headerCall, headerIn, timeCall, timeIn } from './header-outcome.js';
import type { BlockTag, HeadsAnswer } from './header-outcome.js';
import type { Hearing } from './hearing.js';
import type { JsonRpcEndpoint } from '../transport/rpc/json-rpc.js';
import { ReceiptCalls } from './receipt-calls.js';
import { TimeBatches } from './time-batches.js';
import type { AskedTimes, TimesTold } from './time-batches.js';
import type { BlockLogsAnswer } from './receipt-calls.js';
import { RpcError, asksForLess } from '../transport/errors/rpc-error.js';
import type { Call } from '../../runtime/call.js';
import { readQuantity } from '../transport/rpc/rpc-values.js';

export interface ChainClientOptions extends EndpointPoolOptions {
  /** How long the logs of a new block are doubted that nothing proves, in milliseconds; 0: not. 2,000 where nothing is said. */
  readonly doubtMs?: number | undefined;
}

const defaultDoubtMs = 2_000;
/** What many nodes take at most (geth). */
const usualAddresses = 1_000;

/** The most addresses that endpoints take in one request. */
export interface AddressCap {
  most: number;
}

/** What is known of a chain and its endpoints beside their health. */
interface WhatIsKnown {
  readonly proofs: Proofs;
  readonly caught: CaughtEndpoints;
  readonly receipts: ReceiptCalls;
  readonly doubtMs: number;
  readonly addressCap: AddressCap;
}

/** Endpoints that several clients share, each with a choice of its own. */
interface SharedEndpoints extends WhatIsKnown {
  readonly pool: EndpointPool;
  readonly choice: EndpointChoice;
}

/** How many headers one batch asks for. */
const headersPerBatch = 50;

function beginKnowing(pool: EndpointPool, { doubtMs = defaultDoubtMs }: ChainClientOptions): WhatIsKnown {
  return {
    proofs: new Proofs(pool.chainId),
    caught: new CaughtEndpoints(),
    receipts: new ReceiptCalls(pool),
    doubtMs,
    addressCap: { most: usualAddresses },
  };
}

/** How far below the newest block known a block counts as new. */
const newBlocks = 64;

/** How a question is to be asked: nothing that goes wrong is for the caller where nothing is said. */
export type How = Omit<Question<unknown>, 'work' | 'choice' | 'isForCaller'> &
  Partial<Pick<Question<unknown>, 'isForCaller'>>;

const never = (): boolean => false;
/** Nobody polls for old headers: what is late is asked for twice. */
const waitedFor = { isUrgent: false, isWaitedFor: true, kind: 'times' } as const;

/** Typed and checked calls to one chain; which endpoint is asked, how often and how fast, is its pool's business. */
export class ChainClient implements ChainView {
  /** Nodes behind one URL may lag behind each other by so many blocks. */
  readonly settledDepth = 64;
  readonly #pool: EndpointPool;
  readonly #choice: EndpointChoice;
  readonly #known: WhatIsKnown;
  readonly #every: EveryEndpoint;
  readonly #times = new TimeBatches({
    ask: (asked, signal) => this.#askForTimes(asked, signal),
    room: () => this.room,
  });

  constructor(source: ChainClientOptions | SharedEndpoints) {
    this.#pool = 'pool' in source ? source.pool : new EndpointPool(source);
    this.#choice = 'pool' in source ? source.choice : {};
    this.#known = 'pool' in source ? source : beginKnowing(this.#pool, source);
    this.#every = new EveryEndpoint(this.#pool, this.#choice);
  }

  /** What proves answers of this chain. */
  get proofs(): Proofs {
    return this.#known.proofs;
  }

  /** The endpoints whose answers are to be proven; for all that read this chain. */
  get caught(): CaughtEndpoints {
    return this.#known.caught;
  }

  /** How long the logs of a new block are doubted that nothing proves, in milliseconds; 0: not. */
  get doubtMs(): number {
    return this.#known.doubtMs;
  }

  /** The most addresses that a request for logs may name, as far as the endpoints have told. */
  get addressCap(): AddressCap {
    return this.#known.addressCap;
  }

  /** The names of the endpoints that may be asked: their hosts, numbered where one host has several. */
  get endpoints(): readonly string[] {
    return this.#pool.names(this.#choice);
  }

  /** Those of them that are there, as far as is known; all where none is. */
  get reachable(): readonly string[] {
    return this.#pool.reachable(this.#choice);
  }

  /** How many requests they take at a time, as far as is known; at least 1. */
  get room(): number {
    return this.#pool.room(this.#choice);
  }

  /** How many requests those of them take together that are asked for something of which each gives so much. */
  roomFor(worth: (endpoint: string) => number): number {
    return this.#pool.room(this.#choice, worth);
  }

  /** The endpoints among them that can tell news by themselves. */
  get telling(): readonly JsonRpcEndpoint[] {
    return this.#pool.telling(this.#choice);
  }

  /** Says whether two endpoints, by their names, are one node, over HTTP and over a WebSocket: what both say is said once. */
  areOneNode(endpoint: string, other: string): boolean {
    return this.#pool.areOneNode(endpoint, other);
  }

  /** Says whether the endpoint of a name serves another chain, or went to another fork, and is not asked for some time. */
  isPutAside(endpoint: string): boolean {
    return this.#pool.isPutAside(endpoint);
  }

  /** Asks an endpoint after the others for some time: its answer was well-formed, but not all of it is there yet. */
  passOver(endpoint: string): void {
    this.#pool.passOver(endpoint);
  }

  /** Passes an endpoint over, and has its next answers proven: one was not the truth, or not all of it. */
  distrust(endpoint: string): void {
    this.passOver(endpoint);
    this.caught.add(endpoint);
  }

  /** Returns a client that asks only these endpoints; it shares connections, limits and health with this one. */
  via(choice: EndpointChoice): ChainClient {
    return new ChainClient({ ...this.#known, pool: this.#pool, choice });
  }

  /** Returns the id of the chain that the node serves. */
  async chainId(signal: AbortSignal): Promise<number> {
    const { chainId } = this.#pool;
    // Where a chain is meant, only an endpoint that has just said, or had said before, that it serves it is asked anything.
    const ask = async (endpoint: JsonRpcEndpoint): Promise<number> =>
      chainId ?? readQuantity(await endpoint.call('eth_chainId', [], signal), 'the chain id');
    return this.ask(ask, { calls: 1, isUrgent: true, isSimple: true }, signal);
  }

  /** How often a node's connection was lost or begun: at its end the chain may have been begun anew. */
  get doubts(): number {
    return this.#pool.doubts;
  }

  /** Has every endpoint say which chain it serves before anything else is asked; throws ChainMismatchError where none is right. */
  async askForChain(signal: AbortSignal): Promise<void> {
    this.#pool.distrust();
    await this.chainId(signal);
  }

  /**
   * Returns the newest block's header: an endpoint that gives none fails, as one does that does not answer. After each `lateMs`
   * milliseconds without an answer another endpoint is asked.
   */
  async head(signal: AbortSignal, lateMs?: number): Promise<BlockHeader> {
    const ask: Work<BlockHeader> = async (endpoint, inTime) => {
      const [outcome] = await endpoint.batch([headerCall('latest')], inTime);
      return this.#noted(headIn(outcome, endpoint), endpoint.name, true);
    };
    return this.ask(ask, { calls: 1, isUrgent: true, isSimple: true, kind: 'head', lateMs }, signal);
  }

  /** Returns one block's header; null where the node has no such block. `isElsewhere`: as of a `Demand`. */
  async header(block: number | BlockTag, signal: AbortSignal, isElsewhere = false): Promise<BlockHeader | null> {
    if (block === 'latest') return this.head(signal);
    const asked = typeof block === 'number' ? block : undefined;
    // Who is asked the same beside the way, to compare them, is not given up with the answer to the caller.
    const ask: Work<BlockHeader | null> = async (endpoint, inTime) => {
      const [outcome] = await endpoint.batch([headerCall(block)], inTime);
      return this.#noted(headerIn(outcome, asked), endpoint.name, false);
    };
    if (asked === undefined || this.isNew(asked))
      return this.ask(ask, { calls: 1, isUrgent: true, isSimple: true, isElsewhere, kind: 'head' }, signal);
    return this.ask(ask, { calls: 1, isSimple: true, isElsewhere, ...waitedFor }, signal);
  }

  /** Returns the headers of blocks in their order, null where the node has none; it moves with each batch. `isElsewhere`: as of `header`. */
  async headers(numbers: readonly number[], call: Call, isElsewhere = false): Promise<(BlockHeader | null)[]> {
    const found = new Map<number, BlockHeader | null>();
    for (;;) {
      // What a batch left unanswered is asked again, not the whole.
      const missing = numbers.filter((number) => !found.has(number)).slice(0, headersPerBatch);
      if (missing.length === 0) break;
      const ask: Work<void> = async (endpoint, inTime) =>
        collectBlocks(missing, await endpoint.batch(missing.map(headerCall), inTime), found, headerIn);
      const how = { calls: missing.length, isSimple: true, isElsewhere } as const;
      const rank = this.isNew(missing.at(-1) ?? 0) ? ({ isUrgent: true } as const) : waitedFor;
      await this.ask(ask, { ...how, ...rank }, call.signal);
      await call.moved();
    }
    return numbers.map((number) => found.get(number) ?? null);
  }

  /** Returns the times of blocks in their order, null where the node has none; it moves with each answer. */
  async times(numbers: readonly number[], call: Call): Promise<(BlockTime | null)[]> {
    const areNew = numbers.some((number) => this.isNew(number));
    return areNew ? this.headers(numbers, call) : this.#times.read(numbers, call);
  }

  /** Answers null where fewer at a time may be answered. */
  async #askForTimes(asked: AskedTimes, signal: AbortSignal): Promise<TimesTold | null> {
    const ask: Work<TimesTold> = async (endpoint, inTime, received) => {
      const found = new Map<number, BlockTime | null>();
      const numbers = asked.take();
      const outcomes = await endpoint.batch(numbers.map(timeCall), inTime, received);
      collectBlocks(numbers, outcomes, found, timeIn);
      return { found, mostCalls: endpoint.mostCalls, bytes: outcomes[0]?.bytes ?? 0 };
    };
    const isTooMuch = (error: RpcError): boolean =>
      asked.calls > 1 && (error.class === 'rate-limit' || error.class === 'timeout' || asksForLess(error));
    const calls = (): number => asked.calls;
    const how = { calls, isUrgent: false, isSimple: true, kind: 'times', isForCaller: isTooMuch } as const;
    try {
      return await this.ask(ask, how, signal);
    } catch (error) {
      if (error instanceof RpcError && isTooMuch(error)) return null;
      throw error;
    }
  }

  /** Returns the headers of the newest block, as `head` does, and of another tag, which another endpoint may tell. */
  heads(tag: BlockTag, signal: AbortSignal): Promise<HeadsAnswer> {
    return this.#every.heads(tag, signal);
  }

  /** Asks every endpoint that is there whether it has blocks behind one at which the head has been for long; true where one has. */
  lookBehind(block: number, signal: AbortSignal): Promise<boolean> {
    return this.#every.lookBehind(block, signal);
  }

  /** Asks every endpoint whether it has a block; throws ChainMismatchError where all serve another chain. */
  whoHas(block: BlockRef, signal: AbortSignal): Promise<Hearing> {
    return this.#every.whoHas(block, signal);
  }

  /**
   * Returns the receipts of blocks named by their hashes, in their order, from one of these endpoints that gives receipts; null
   * for a block of which it has none (yet), and for all where no endpoint that is there gives any. Who has just read them has them still.
   */
  async receiptsOfBlocks(
    hashes: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (BlockReceipts | null)[] | null> {
    const { receipts, proofs } = this.#known;
    return proofs.useReceipts ? receipts.ofBlocks(this.#choice, hashes, signal) : null;
  }

  /** What was told of the receipts of blocks was not the truth, or not all of it (yet). */
  doubtReceipts(hashes: readonly string[]): void {
    this.#known.receipts.doubt(hashes);
  }

  /** Returns every log of a block, by its receipts; null where the chain has logs that stand in none. */
  async blockLogs(number: number, signal: AbortSignal): Promise<BlockLogsAnswer | null> {
    const { receipts, proofs } = this.#known;
    if (!proofs.useReceipts) return null;
    const ask: Work<BlockLogsAnswer> = (endpoint) => receipts.ask(endpoint, number, signal);
    const isForCaller = (error: RpcError): boolean => error.class === 'lag' || asksForLess(error);
    const isUrgent = this.isNew(number);
    return this.ask(ask, { calls: 2, isUrgent, oldest: isUrgent ? undefined : number, isForCaller }, signal);
  }

  /** The endpoint of this name has told of a block. */
  heard({ number }: BlockHeader, endpoint: string): void {
    this.#pool.told(endpoint, number, false);
  }

  /** The time by one monotonic clock, in milliseconds. */
  now(): number {
    return this.#pool.now();
  }

  /** Waits by the same clock. */
  sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    return this.#pool.clock.sleep(durationMs, signal);
  }

  /** Returns how each endpoint is, in the order in which they were given. */
  health(): readonly EndpointReport[] {
    return this.#pool.health();
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Asks one endpoint after the other until one answers; throws RpcError where it is for the caller, ChainUnreachableError. */
  async ask<T>(work: Work<T>, how: How, signal: AbortSignal): Promise<T> {
    return this.#pool.ask({ isForCaller: never, ...how, work, choice: this.#choice }, signal);
  }

  #noted<T extends BlockHeader | null>(header: T, endpoint: string, isHead: boolean): T {
    if (header !== null) this.#pool.told(endpoint, header.number, isHead);
    return header;
  }

  /** Blocks near the head are what others wait for; history can. */
  isNew(number: number): boolean {
    return number > this.#pool.newest - newBlocks;
  }
}
