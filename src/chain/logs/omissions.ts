import type { BlockRange } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import type { LogFilter } from '../../model/log-filter.js';
import type { Call } from '../../runtime/call.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { bloomTells } from '../blocks/bloom.js';
import type { ChainClient } from '../blocks/chain-client.js';
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

/** Where an endpoint gave no logs, and how often. */
interface EmptyAnswers extends BlockRange {
  readonly answers: number;
}

/**
 * What endpoints leave out. Some have thrown old logs away, and answer `[]`, which no header need contradict: such answers are held
 * against another endpoint's, the first ones and then fewer and fewer.
 */
export class Omissions {
  readonly #options: OmissionsOptions;
  readonly #isWanted: (log: RawLog) => boolean;
  /** What was believed of an endpoint since it was last found to leave logs out, by its name. */
  readonly #empty = new Map<string, EmptyAnswers>();
  /** Who has given any. */
  readonly #giving = new Set<string>();

  constructor(options: OmissionsOptions) {
    this.#options = options;
    this.#isWanted = matcherOf(options.filter);
  }

  /** An endpoint gave logs: it may be believed that there are none in other blocks. */
  gave(endpoint: string): void {
    this.#giving.add(endpoint);
  }

  /**
   * An endpoint gave no logs for blocks of which not all headers are known. As long as it has given none, another is asked the same after the
   * first such answer, the second, the fourth, …: throws RpcError of class density where it has some.
   */
  async believe(endpoint: string, range: BlockRange, call: Call): Promise<void> {
    const before = this.#empty.get(endpoint) ?? { ...range, answers: 0 };
    const answers = before.answers + 1;
    const extent = { from: Math.min(range.from, before.from), to: Math.max(range.to, before.to) };
    // At once: several answers are read at a time.
    this.#empty.set(endpoint, { ...extent, answers });
    if (this.#giving.has(endpoint) || !isPowerOfTwo(answers)) return;
    const one = await this.#givenByOthers(endpoint, range, call.signal);
    await call.moved();
    if (one === undefined) return;
    if (answers === 1) this.#empty.delete(endpoint);
    throw this.found(endpoint, one, range);
  }

  /** An endpoint left a log out: returns the error to be thrown, has others asked, and tells of its earlier answers without logs. */
  found(endpoint: string, { blockNumber }: RawLog, range: BlockRange): RpcError {
    const { from, to } = range;
    const message = `left out the logs of block ${blockNumber} among those of blocks ${from} to ${to}`;
    const error = new RpcError(message, { class: 'density', host: hostOf(endpoint) });
    this.#options.chain.passOver(endpoint);
    this.#warn(endpoint, error.message, range);
    const before = this.#empty.get(endpoint);
    this.#empty.delete(endpoint);
    if (before === undefined) return error;
    const answers = `${before.answers} answers for blocks ${before.from} to ${before.to}`;
    const text = `${endpoint} gave no logs in ${answers} either, which were believed: chainparse verify --receipts proves these blocks`;
    this.#warn(endpoint, text, before);
    return error;
  }

  /** Returns a log that another endpoint gives of a range, and of which the header of its block tells. */
  async #givenByOthers(endpoint: string, range: BlockRange, signal: AbortSignal): Promise<RawLog | undefined> {
    const { chain, filter, size } = this.#options;
    const blocks = range.to - range.from + 1;
    const only = chain.reachable.filter((name) => name !== endpoint && size.worthOf(name, range) >= blocks);
    if (only.length === 0) return undefined;
    try {
      const { logs } = await new LogReader(chain.via({ only }), filter).read({ ...range, isOptional: true }, signal);
      const one = logs.find(
        (log) => log.blockNumber >= range.from && log.blockNumber <= range.to && this.#isWanted(log),
      );
      if (one === undefined) return undefined;
      const header = await chain.via({ first: endpoint }).header(one.blockNumber, signal);
      return header?.hash === one.blockHash && bloomTells(filter)(header) ? one : undefined;
    } catch (error) {
      if (error instanceof RpcError || error instanceof ChainUnreachableError) return undefined;
      throw error;
    }
  }

  #warn(host: string, message: string, { from, to }: BlockRange): void {
    this.#options.logger.log('warn', message, { event: 'rpc.incomplete', host, from, to });
  }
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}
