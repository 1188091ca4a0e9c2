import type { BlockRange } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import type { LogFilter } from '../../model/log-filter.js';
import type { Call } from '../../runtime/call.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import { bloomTells } from '../blocks/bloom.js';
import type { ChainClient } from '../blocks/chain-client.js';
import { Inconsistency } from '../blocks/consistency.js';
import { matcherOf } from '../blocks/log-filter.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import { LogReader } from './log-reader.js';
import { hostOf } from './range-size.js';
import type { RangeSize } from './range-size.js';

interface OmissionsOptions {
  readonly chain: ChainClient;
  /** Its hex in lower case. */
  readonly filter: LogFilter;
  readonly size: RangeSize;
  readonly logger: Logger;
}

/** What is known of an endpoint that has given no logs, since it was last found to leave some out. */
interface Giver {
  /** Its answers without logs that were looked at, and with which of them it is compared next. */
  seen: number;
  due: number;
  /** True once another one has said the same. */
  isConfirmed: boolean;
  /** A comparison that is on its way while none has confirmed it: tells whether it has left logs out. */
  opening: Promise<boolean> | null;
  /** The blocks for which it was believed, and in how many answers. */
  believed: (BlockRange & { readonly answers: number }) | null;
}

/**
 * What endpoints leave out. Some have thrown old logs away, and answer `[]`, which no header need contradict: such answers are held
 * against another endpoint's, the first ones and then fewer and fewer.
 */
export class Omissions {
  readonly #options: OmissionsOptions;
  /** By the names of endpoints: who gave no logs, who has given some, and who reads what others than one of them have. */
  readonly #givers = new Map<string, Giver>();
  readonly #giving = new Set<string>();
  readonly #others = new Map<string, LogReader>();

  constructor(options: OmissionsOptions) {
    this.#options = options;
  }

  /** An endpoint gave logs: it may be believed that there are none in other blocks. */
  gave(endpoint: string): void {
    this.#giving.add(endpoint);
  }

  /**
   * An endpoint gave no logs for blocks of which not all headers are known. As long as it has given none, another is asked the same after the
   * first such answer, the second, the fourth, …, and until one has confirmed it the others wait for that. Throws RpcError of class
   * density where another has some, Inconsistency where that came out while this answer waited.
   */
  async believe(endpoint: string, range: BlockRange, call: Call): Promise<void> {
    if (!this.#giving.has(endpoint)) await this.#compare(endpoint, range, call);
    const giver = this.#giverOf(endpoint);
    const { from, to, answers } = giver.believed ?? { ...range, answers: 0 };
    giver.believed = { from: Math.min(range.from, from), to: Math.max(range.to, to), answers: answers + 1 };
  }

  /**
   * An endpoint left out logs of a block, or told others: returns the error to be thrown, has others asked, and tells of its earlier
   * answers without logs.
   */
  found(endpoint: string, block: number, range: BlockRange, what = 'left out the logs'): RpcError {
    const { from, to } = range;
    const message = `${what} of block ${block} among those of blocks ${from} to ${to}`;
    const error = new RpcError(message, { class: 'density', host: hostOf(endpoint) });
    this.#options.chain.distrust(endpoint);
    this.#warn(endpoint, error.message, range);
    const { believed } = this.#giverOf(endpoint);
    this.#givers.delete(endpoint);
    this.#giving.delete(endpoint);
    if (believed === null) return error;
    const answers = `${believed.answers} ${believed.answers === 1 ? 'answer' : 'answers'} for blocks ${believed.from} to ${believed.to}`;
    const text = `${endpoint} gave no logs in ${answers} either, which were believed: chainparse verify --receipts proves these blocks`;
    this.#warn(endpoint, text, believed);
    return error;
  }

  async #compare(endpoint: string, range: BlockRange, call: Call): Promise<void> {
    const giver = this.#giverOf(endpoint);
    while (giver.opening !== null) {
      const isFound = await untilAborted(giver.opening, call.signal);
      await call.moved();
      call.signal.throwIfAborted();
      if (isFound === true) throw new Inconsistency(`${endpoint} gave no logs, and left out those of other blocks`);
    }
    if (this.#giving.has(endpoint) || ++giver.seen < giver.due || !this.#isComparable(endpoint, range)) return;
    giver.due = 2 * giver.seen;
    const looking = this.#givenByOthers(endpoint, range, call.signal);
    if (!giver.isConfirmed) {
      giver.opening = looking
        .then(
          (one) => typeof one !== 'string',
          () => false,
        )
        .finally(() => (giver.opening = null));
    }
    const one = await looking;
    await call.moved();
    if (one === 'none') giver.isConfirmed = true;
    else if (one !== 'unknown') throw this.found(endpoint, one.blockNumber, range);
  }

  /** Says whether there is another one that gives as many blocks at once, as far as is known. */
  #isComparable(endpoint: string, range: BlockRange): boolean {
    const { chain, size } = this.#options;
    const worths = chain.reachable.filter((name) => name !== endpoint).map((name) => size.worthOf(name, range));
    return worths.some((blocks) => blocks === 0 || blocks > range.to - range.from);
  }

  /** Returns a log that another endpoint gives of a range, and of which the header of its block tells. */
  async #givenByOthers(endpoint: string, range: BlockRange, signal: AbortSignal): Promise<RawLog | 'none' | 'unknown'> {
    const { chain, filter, size } = this.#options;
    const reader = this.#others.get(endpoint) ?? new LogReader(chain.via({ except: [endpoint] }), filter);
    this.#others.set(endpoint, reader);
    const worth = (name: string): number => size.worthOf(name, range);
    try {
      const { logs } = await reader.read({ ...range, worth, isOptional: true }, signal);
      const isWanted = matcherOf(filter);
      const one = logs.find((log) => log.blockNumber >= range.from && log.blockNumber <= range.to && isWanted(log));
      if (one === undefined) return 'none';
      const header = await chain.via({ first: endpoint }).header(one.blockNumber, signal);
      return header?.hash === one.blockHash && bloomTells(filter)(header) ? one : 'unknown';
    } catch (error) {
      const isOfNode = error instanceof RpcError || error instanceof ChainUnreachableError;
      if (isOfNode || error instanceof Inconsistency) return 'unknown';
      throw error;
    }
  }

  #giverOf(endpoint: string): Giver {
    const known = this.#givers.get(endpoint);
    if (known !== undefined) return known;
    const giver = { seen: 0, due: 1, isConfirmed: false, opening: null, believed: null };
    this.#givers.set(endpoint, giver);
    return giver;
  }

  #warn(host: string, message: string, { from, to }: BlockRange): void {
    this.#options.logger.log('warn', message, { event: 'rpc.incomplete', host, from, to });
  }
}
