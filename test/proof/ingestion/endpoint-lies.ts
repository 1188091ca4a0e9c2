import type { SimCall } from '../../support/chain-simulator.js';
import type { SimLog } from '../../support/simulated-chain.js';
import type { SimEndpointOptions } from './sim-endpoint.js';

/** What an endpoint tells that is not so: all of it can be told by a repetition, another endpoint, a header or receipts. */
export type EndpointLie =
  /** Gives at most so many logs of a range, the oldest or the newest, and no error. */
  | { readonly kind: 'cut'; readonly logs: number; readonly keeps: 'oldest' | 'newest' }
  /** Has a new block, but gives no logs, and no or empty receipts, the first time that it is asked for them. */
  | { readonly kind: 'not-done' }
  /** Leaves one log of each new block out; receipts hold it. */
  | { readonly kind: 'left-out' }
  /** Shows new blocks with a bloom filter of zeros, and no logs; receipts hold them. */
  | { readonly kind: 'zero-bloom' }
  /** Logs of ranges name other blocks than those of the chain, and tell the times of these. */
  | { readonly kind: 'other-hash' };

/** How far below the highest block there ever was blocks count as new: what is deeper a node has done, and has not to do again. */
const newBlocks = 64;
const noBloom = `0x${'0'.repeat(512)}`;

/** The lies of one endpoint, which end with the last fault of its schedule. */
export class EndpointLies {
  readonly #options: SimEndpointOptions;
  readonly #asked = new Set<string>();

  constructor(options: SimEndpointOptions) {
    this.#options = options;
  }

  /** Whether it has lied since a time. */
  isLying(since: number): boolean {
    const { plan, quietMs } = this.#options;
    return plan.lie !== undefined && since < quietMs;
  }

  /** Returns what it says instead of an answer. */
  change(call: SimCall, result: unknown): unknown {
    const { lie } = this.#options.plan;
    if (lie === undefined || result === null || !this.isLying(this.#options.now())) return result;
    if (call.method === 'eth_getBlockReceipts') return lie.kind === 'not-done' && this.#isFirst(call) ? [] : result;
    if (call.method === 'eth_getBlockByNumber') return lie.kind === 'zero-bloom' ? this.#withoutBloom(result) : result;
    return call.method === 'eth_getLogs' ? this.#changeLogs(call, result as readonly SimLog[], lie) : result;
  }

  #changeLogs(call: SimCall, logs: readonly SimLog[], lie: EndpointLie): readonly SimLog[] {
    const isRange = (call.params[0] as { readonly blockHash?: string }).blockHash === undefined;
    if (lie.kind === 'cut' && isRange) return lie.keeps === 'oldest' ? logs.slice(0, lie.logs) : logs.slice(-lie.logs);
    if (lie.kind === 'not-done' && !isRange) return this.#isFirst(call) ? [] : logs;
    if (lie.kind === 'left-out') return logs.filter((log, at) => !this.#isNew(log) || isFollowed(log, logs[at + 1]));
    if (lie.kind === 'zero-bloom') return logs.filter((log) => !this.#isNew(log));
    if (lie.kind !== 'other-hash' || !isRange) return logs;
    return logs.map((log) => ({ ...log, blockHash: `0x${log.blockHash.slice(2).split('').reverse().join('')}` }));
  }

  #withoutBloom(header: unknown): unknown {
    const { number } = header as { readonly number: string };
    return this.#isNew({ blockNumber: number }) ? { ...(header as object), logsBloom: noBloom } : header;
  }

  #isNew({ blockNumber }: { readonly blockNumber: string }): boolean {
    return Number(blockNumber) > this.#options.truth.highest - newBlocks;
  }

  #isFirst({ method, params }: SimCall): boolean {
    const what = `${method} ${JSON.stringify(params)}`;
    const isFirst = !this.#asked.has(what);
    this.#asked.add(what);
    return isFirst;
  }
}

function isFollowed(log: SimLog, next: SimLog | undefined): boolean {
  return next?.blockNumber === log.blockNumber;
}
