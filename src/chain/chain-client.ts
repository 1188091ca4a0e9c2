import type { BlockHeader, BlockRange } from '../model/block.js';
import type { RawLog } from '../model/event.js';
import type { Clock } from '../runtime/clock.js';
import { UsageError } from '../runtime/errors.js';
import type { Logger } from '../runtime/logger.js';
import type { Backoff } from '../runtime/retry.js';
import { Failover } from './failover.js';
import type { RpcCall, RpcOutcome } from './json-rpc-answer.js';
import { JsonRpcEndpoint } from './json-rpc.js';
import { filterParams } from './log-filter.js';
import type { LogFilter } from './log-filter.js';
import { RpcError, asksForLess, mayBeLimit } from './rpc-error.js';
import { readHeader, readLogs, readQuantity } from './rpc-values.js';

export type BlockTag = 'latest' | 'safe' | 'finalized';

export interface ChainClientOptions {
  readonly urls: readonly string[];
  /** The chain that is meant: endpoints of another are put aside. */
  readonly chainId?: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often a call is tried in all; 10, over about half a minute, where nothing is said. */
  readonly attempts?: number | undefined;
  /** How often while no endpoint has ever been reached; 6, over a few seconds. */
  readonly firstAttempts?: number | undefined;
  /** How often while endpoints that had answered can't be reached; 120, over about a quarter of an hour. */
  readonly outageAttempts?: number | undefined;
  readonly backoff?: Backoff | undefined;
  /** How long one request may take, in milliseconds. */
  readonly requestTimeoutMs?: number | undefined;
}

/** The logs of a range, and the header of its last block as the same node gave it in the same breath. */
interface LogsAnswer {
  readonly logs: readonly RawLog[];
  readonly last: BlockHeader;
}

/** What the node says of a tag: a header, null (it knows none), or why it would not say. */
export type TagAnswer = BlockHeader | RpcError | null;

/** How many headers one batch asks for. */
const headersPerBatch = 50;

const never = (): boolean => false;

/** Typed and checked calls to one chain over one or several endpoints, with bounded retries and failover. */
export class ChainClient {
  readonly #endpoints: readonly JsonRpcEndpoint[];
  readonly #failover: Failover;
  readonly #chainId: number | undefined;

  constructor(options: ChainClientOptions) {
    const { urls, clock, logger, chainId, attempts = 10, requestTimeoutMs: timeoutMs } = options;
    if (urls.length === 0) {
      throw new UsageError('no RPC URL is set for this chain', { hint: 'give one with --rpc-url URL' });
    }
    const { backoff = { firstMs: 250, maxMs: 10_000 } } = options;
    const { firstAttempts = Math.min(attempts, 6), outageAttempts = Math.max(attempts, 120) } = options;
    this.#chainId = chainId;
    this.#endpoints = urls.map((url) => new JsonRpcEndpoint({ url, clock, timeoutMs }));
    const patience = { attempts, firstAttempts, outageAttempts, backoff };
    this.#failover = new Failover(this.#endpoints, { chainId, clock, logger, ...patience });
  }

  /** Returns the id of the chain that the node serves. */
  async chainId(signal: AbortSignal): Promise<number> {
    // Where a chain is meant, only an endpoint that has just said, or had said before, that it serves it is asked anything.
    const ask = async (endpoint: JsonRpcEndpoint): Promise<number> =>
      this.#chainId ?? readQuantity(await endpoint.call('eth_chainId', [], signal), 'the chain id');
    return this.#failover.ask(ask, never, signal);
  }

  /** Returns one block's header; null where the node has no such block. */
  async header(block: number | BlockTag, signal: AbortSignal): Promise<BlockHeader | null> {
    const asked = typeof block === 'number' ? block : undefined;
    const ask = async (endpoint: JsonRpcEndpoint): Promise<BlockHeader | null> => {
      const [outcome] = await endpoint.batch([headerCall(block)], signal);
      return headerIn(outcome, asked);
    };
    return this.#failover.ask(ask, never, signal);
  }

  /** Returns the headers of blocks in their order, null where the node has none; `answered` follows each batch. */
  async headers(
    numbers: readonly number[],
    answered: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<(BlockHeader | null)[]> {
    const found = new Map<number, BlockHeader | null>();
    for (;;) {
      // What a batch left unanswered is asked again, not the whole.
      const missing = numbers.filter((number) => !found.has(number)).slice(0, headersPerBatch);
      if (missing.length === 0) break;
      await this.#failover.ask((endpoint) => collectHeaders(endpoint, missing, found, signal), never, signal);
      await answered();
    }
    return numbers.map((number) => found.get(number) ?? null);
  }

  /** Returns the headers of the newest block and of another tag, asked in one batch. */
  async heads(tag: BlockTag, signal: AbortSignal): Promise<{ latest: BlockHeader | null; tagged: TagAnswer }> {
    const ask = async (endpoint: JsonRpcEndpoint): Promise<{ latest: BlockHeader | null; tagged: TagAnswer }> => {
      const [latest, tagged] = await endpoint.batch([headerCall('latest'), headerCall(tag)], signal);
      return { latest: headerIn(latest), tagged: readTag(tagged) };
    };
    return this.#failover.ask(ask, never, signal);
  }

  /**
   * Returns the logs of a range. Throws RpcError where the node wants, or may want, a smaller range, or lags behind it.
   */
  async logs(filter: LogFilter, range: BlockRange, signal: AbortSignal): Promise<LogsAnswer> {
    const call = logsCall(filter, { fromBlock: hexOf(range.from), toBlock: hexOf(range.to) });
    const ask = async (endpoint: JsonRpcEndpoint): Promise<LogsAnswer> => {
      // The header comes first: a node that asked one by one has the last block has it when it looks for logs, too.
      const [last, logs] = await endpoint.batch([headerCall(range.to), call], signal);
      const header = headerIn(last, range.to);
      if (header === null) throw lagOf(endpoint, range.to);
      return { logs: readLogs(valueOf(logs)), last: header };
    };
    const single = range.from === range.to;
    const isForCaller = (error: RpcError): boolean =>
      error.class === 'lag' || error.action === 'split' || (!single && (asksForLess(error) || mayBeLimit(error)));
    return this.#failover.ask(ask, isForCaller, signal);
  }

  /** Returns the logs of blocks named by their hashes; throws RpcError where the node does not know one. */
  async logsOfBlocks(filter: LogFilter, hashes: readonly string[], signal: AbortSignal): Promise<RawLog[]> {
    const calls = hashes.map((blockHash) => logsCall(filter, { blockHash }));
    const ask = async (endpoint: JsonRpcEndpoint): Promise<RawLog[]> => {
      const outcomes = await endpoint.batch(calls, signal);
      return outcomes.flatMap((outcome) => readLogs(valueOf(outcome)));
    };
    return this.#failover.ask(ask, (error) => error.class === 'lag' || error.class === 'pruned', signal);
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await Promise.all(this.#endpoints.map((endpoint) => endpoint.close()));
  }
}

async function collectHeaders(
  endpoint: JsonRpcEndpoint,
  numbers: readonly number[],
  found: Map<number, BlockHeader | null>,
  signal: AbortSignal,
): Promise<void> {
  const outcomes = await endpoint.batch(numbers.map(headerCall), signal);
  const good = numbers.flatMap((number, index) =>
    outcomes[index]?.ok === true ? [[number, outcomes[index]] as const] : [],
  );
  for (const [number, outcome] of good) found.set(number, headerIn(outcome, number));
  if (good.length > 0) return;
  // Errors alone: a block is missing only if nothing else is wrong.
  for (const [index, number] of numbers.entries()) found.set(number, headerIn(outcomes[index], number));
}

function headerCall(block: number | BlockTag): RpcCall {
  return { method: 'eth_getBlockByNumber', params: [typeof block === 'number' ? hexOf(block) : block, false] };
}

function logsCall(filter: LogFilter, where: Readonly<Record<string, string>>): RpcCall {
  return { method: 'eth_getLogs', params: [{ ...where, ...filterParams(filter) }] };
}

function hexOf(number: number): string {
  return `0x${number.toString(16)}`;
}

function valueOf(outcome: RpcOutcome | undefined): unknown {
  if (outcome === undefined) return undefined;
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

/** Reads a header; null where the node says, in one way or another, that it has no such block. */
function headerIn(outcome: RpcOutcome | undefined, number?: number): BlockHeader | null {
  return outcome?.ok === false && saysAbsent(outcome.error) ? null : readHeader(valueOf(outcome), number);
}

function saysAbsent({ class: kind, message }: RpcError): boolean {
  return kind === 'lag' || (kind === 'pruned' && /block\b.* not found/i.test(message));
}

function lagOf({ host }: JsonRpcEndpoint, number: number): RpcError {
  return new RpcError(`block ${number} is not there`, { class: 'lag', host });
}

/** A node that has no such tag says so in many ways; what will pass is thrown and asked again. */
function readTag(outcome: RpcOutcome | undefined): TagAnswer {
  if (outcome === undefined || outcome.ok) return readHeader(outcome?.value);
  if (['rate-limit', 'transport', 'internal', 'timeout'].includes(outcome.error.class)) throw outcome.error;
  return outcome.error;
}
