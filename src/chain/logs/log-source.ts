import type { BlockHeader, BlockRange, BlockRef, BlockTime } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import type { Call } from '../../runtime/call.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { ChainClient } from '../blocks/chain-client.js';
import { cleanLogs } from './clean-logs.js';
import { Inconsistency, checkHashes, checkLinks, checkTimes } from '../blocks/consistency.js';
import { blocksOf } from '../blocks/blocks-of.js';
import type { FetchedRange, RangeCall, RangeReader } from '../blocks/range-reader.js';
import { EarlyTimes } from './early-times.js';
import type { TimesAhead } from './early-times.js';
import { FetchTrouble } from './fetch-trouble.js';
import { LogProofs } from './log-proofs.js';
import { matcherOf, toLogFilter } from '../blocks/log-filter.js';
import type { LogFilter } from '../../model/log-filter.js';
import { LogReader } from './log-reader.js';
import { Omissions } from './omissions.js';
import type { ReadAnswer } from './log-reader.js';
import { RangeHead } from './range-head.js';
import { RangeSize, hostOf } from './range-size.js';
import { SilentCaps } from './silent-caps.js';
import { RpcError, asksForLess } from '../transport/errors/rpc-error.js';

interface LogSourceOptions {
  readonly chain: ChainClient;
  readonly filter: LogFilter;
  /** How many blocks a request asks for, to begin with. */
  readonly batchSize: number;
  /** Where something is to be there soon, the first block of all is asked for by itself as well. */
  readonly isAwaited?: boolean;
  /** Returns a number from 0 to below 1; Math.random where nothing is said. */
  readonly random?: () => number;
  /** Hears of each block that is taken to hold nothing though its bloom filter tells of something, at each try to read it. */
  readonly doubted?: (block: number) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The logs of a range, of which some headers are known. */
interface CleanRange extends Pick<ReadAnswer, 'logs' | 'endpoint'> {
  readonly headers: readonly BlockHeader[];
  readonly range: BlockRange;
}

/** Of so many ranges, as many as may be read ahead, it is asked which block they follow, once another node may have come. */
const rangesLinked = 256;
/** The most blocks that are verified at once. */
const verifiedBlocks = 100;
const anyRange = { from: 0, to: Number.MAX_SAFE_INTEGER };

/** Fetches logs range by range, and makes sure that they are all and the right ones. */
export class LogSource implements RangeReader {
  readonly asksLate = true;
  readonly #options: LogSourceOptions;
  readonly #isWanted: (log: RawLog) => boolean;
  readonly #size: RangeSize;
  readonly #reader: LogReader;
  readonly #filter: LogFilter;
  readonly #early: EarlyTimes;
  readonly #omissions: Omissions;
  #proofs: LogProofs | null = null;
  /** The endpoints that gave logs of other blocks than those of the chain, and which block showed it last. */
  readonly #strangers = new Map<string, number | undefined>();
  /** How many answers did not fit together since the last that did. */
  #contradictions = 0;
  /** How often another node might have come when that was looked at last, and of how many more ranges it is asked what they follow. */
  #doubts: number | null = null;
  #toLink = 0;
  /** What was said last of an endpoint that is not believed. */
  #told = '';

  constructor(options: LogSourceOptions) {
    this.#options = options;
    const filter = toLogFilter(options.filter);
    this.#filter = filter;
    this.#early = new EarlyTimes(options.chain);
    this.#isWanted = matcherOf(filter);
    this.#size = new RangeSize(options.batchSize, () => options.chain.reachable);
    this.#reader = new LogReader(options.chain, filter, new SilentCaps(options.chain, options.logger));
    this.#omissions = new Omissions({ ...options, filter, size: this.#size });
  }

  get isProven(): boolean {
    return this.#size.isProven;
  }

  get givesFew(): boolean {
    return this.#size.givesFew;
  }

  /** How many requests the endpoints take at a time, as far as is known. */
  get room(): number {
    return this.#options.chain.roomFor((endpoint) => this.#size.worthOf(endpoint, anyRange));
  }

  /** Returns the first block of a range where nothing is known yet: with its header all is known of it. */
  firstOf(range: BlockRange): BlockRange | null {
    return this.#options.isAwaited === true && this.#reader.isWhole ? this.#size.firstOf(range) : null;
  }

  /** Returns the head of a range that one request may ask for, whoever takes it: as much as the endpoint gives that gives most. */
  headOf(range: BlockRange): BlockRange {
    return this.#size.planOf(range);
  }

  /**
   * Returns what the first blocks of a range hold: as many as the node gives at once that comes to be asked. Throws NodeLagsError
   * where the nodes do not (or no longer) have them.
   */
  async fetch(range: BlockRange, call: RangeCall): Promise<FetchedRange> {
    const { clock, logger } = this.#options;
    const trouble = new FetchTrouble(clock, logger, this.#size, this.#contradictions);
    const most = (endpoint: string): number | undefined =>
      call.isFirst === true ? 1 : this.#isVerified(endpoint, call) ? verifiedBlocks : undefined;
    const avoided = new Set<string>();
    let isAgain = false;
    for (let asked = range; ;) {
      const times = this.#early.ahead(call.signal);
      const head: RangeHead = new RangeHead(asked, {
        size: this.#size,
        most,
        avoided,
        begun: (first, endpoint) => {
          call.begun?.(first);
          // With each header comes its time.
          if (!this.#isVerified(endpoint, call)) times.begin(first);
        },
        isAgain,
        isLinked: !call.verified && this.#isLinked(),
      });
      try {
        return await this.#fetch(head, times, call);
      } catch (error) {
        // Whoever can be asked for less knows what is meant; another one may have what this one has not.
        if (error instanceof RpcError && !asksForLess(error)) avoided.add(error.host);
        await trouble.bear(head.of(error), error, call.signal);
        isAgain = true;
        if (!head.isBegun) continue;
        // What lies beyond what was asked for is others'.
        asked = { from: head.from, to: head.to };
      } finally {
        times.end();
      }
    }
  }

  /** Says whether every block's header is asked for: what a caught endpoint tells is proven by them. */
  #isVerified(endpoint: string, call: RangeCall): boolean {
    return call.verified || this.#options.chain.caught.has(endpoint);
  }

  /** Where connections break all the time nearly each range would have to be looked at, and waited for, once it is read. */
  #isLinked(): boolean {
    const { doubts } = this.#options.chain;
    if (this.#doubts !== null && doubts !== this.#doubts) {
      this.#doubts = doubts;
      this.#toLink = rangesLinked;
    }
    return this.#toLink-- > 0;
  }

  async #fetch(head: RangeHead, times: TimesAhead, call: RangeCall): Promise<FetchedRange> {
    const { chain } = this.#options;
    const since = chain.doubts;
    const answer = await this.#reader.read(head, call.signal);
    // The first connection takes nobody's place.
    this.#doubts ??= chain.doubts;
    const { logs, all = logs, endpoint, bytes, ms } = answer;
    const range = { from: head.from, to: answer.last.number };
    if (call.isFirst !== true) this.#size.answered({ range, logs: all.length, endpoint, bytes, ms });
    head.endsWith(range.to);
    call.told?.(range, bytes);
    await call.moved();
    try {
      const fetched = await this.#complete(answer, times, { range, since }, call);
      this.#contradictions = 0;
      return fetched;
    } catch (error) {
      // The others may have the whole, while this one may go on like that for long.
      if (error instanceof Inconsistency) this.#distrust(endpoint, range, error);
      throw error;
    }
  }

  #distrust(endpoint: string, { from, to }: BlockRange, { message }: Inconsistency): void {
    this.#contradictions++;
    this.#options.chain.distrust(endpoint);
    const text = `${endpoint} does not tell blocks ${from} to ${to} as a whole: ${message}`;
    const level = this.#told === text ? 'debug' : 'warn';
    this.#told = text;
    this.#options.logger.log(level, text, { event: 'rpc.incomplete', host: endpoint, from, to });
  }

  async #complete(
    { logs: answer, all, last, filters, endpoint, bytes, parentHash }: ReadAnswer,
    times: TimesAhead,
    { range, since }: { readonly range: BlockRange; readonly since: number },
    call: RangeCall,
  ): Promise<FetchedRange> {
    const { chain } = this.#options;
    // It may have been caught since it was asked for so many.
    if (chain.caught.has(endpoint) && range.to - range.from >= verifiedBlocks)
      throw new RpcError('gives what is to be proven first', { class: 'density', host: hostOf(endpoint) });
    await this.#lookAgain(answer, endpoint, call);
    const isProven = chain.caught.has(endpoint);
    const headers = isProven || call.verified ? await this.#linkedHeaders(range, last, call) : [last];
    const told = this.#clean(answer, range);
    // What the bloom filters tell of is what was asked for.
    const heard = { endpoint, filters, logs: told, all: all ?? told };
    // A pipeline that only waits for new blocks reads none here.
    this.#proofs ??= new LogProofs({
      ...this.#options,
      ...{ filter: this.#filter, reader: this.#reader, omissions: this.#omissions },
    });
    const proven = await this.#proofs.prove(heard, headers, range, call);
    const logs = proven === told ? told : this.#clean(proven, range);
    if (isProven && proven === told) chain.caught.answered(endpoint);
    else if (isProven) chain.caught.add(endpoint);
    if (logs.length > 0) this.#omissions.gave(endpoint);
    else if (headers.length <= range.to - range.from) await this.#omissions.believe(endpoint, range, call);
    const timestamps = await this.#timestamps({ logs, headers, endpoint, range }, times, call);
    const doubts = { since, until: chain.doubts };
    // Field by field: V8 forgets the shape of an object that is spread into another once none is left, and with it what it
    // compiled for whoever reads the logs.
    return { from: range.from, to: range.to, logs, last, headers, timestamps, bytes, parentHash, doubts };
  }

  /** A contradiction that lasts shall cost one header at each try, not those of a whole range. */
  async #lookAgain(logs: readonly RawLog[], endpoint: string, call: Call): Promise<void> {
    if (!this.#strangers.has(endpoint)) return;
    const shown = logs.find(({ blockNumber }) => blockNumber === this.#strangers.get(endpoint));
    const asked = shown === undefined ? this.#sample(logs, []) : [shown.blockNumber];
    const found = await this.#options.chain.times(asked, call);
    this.#compare(
      logs,
      found.filter((time) => time !== null),
      endpoint,
    );
  }

  #clean(answer: readonly RawLog[], range: BlockRange): readonly RawLog[] {
    const { logs, strays, removed } = cleanLogs(answer, range, this.#isWanted);
    if (removed > 0) throw new Inconsistency(`${removed} logs are of blocks that were replaced`);
    if (strays > 0) {
      const message = `the node gave ${strays} logs that were not asked for, in blocks ${range.from} to ${range.to}`;
      this.#options.logger.log('warn', message, { event: 'rpc.stray_logs', logs: strays });
    }
    return logs;
  }

  async #linkedHeaders({ from, to }: BlockRange, last: BlockHeader, call: Call): Promise<BlockHeader[]> {
    const numbers = Array.from({ length: to - from }, (_item, index) => from + index);
    const before = await this.#options.chain.headers(numbers, call);
    return checkLinks([...before, last], from);
  }

  /** Endpoints that gave logs of other blocks once tell no times any more: each header is read that their logs stand in. */
  async #timestamps(
    { logs, headers, endpoint, range }: CleanRange,
    times: TimesAhead,
    call: Call,
  ): Promise<Map<number, number>> {
    const known = new Map(headers.map((header) => [header.number, header.timestamp]));
    if (!this.#strangers.has(endpoint)) noteTimes(logs, known);
    const missing = new Set(blocksOf(logs).filter((number) => !known.has(number)));
    this.#early.learn(range, missing.size);
    const early = (missing.size > 0 ? await times.found() : []).filter(({ number }) => missing.delete(number));
    if (early.length > 0) await call.moved();
    const asked = missing.size > 0 || early.length > 0 ? [...missing] : this.#sample(logs, headers);
    const found = await this.#options.chain.times(asked, call);
    const blocks = [...early, ...found.map((time, index) => time ?? missingBlock(asked[index]))];
    this.#compare(logs, [...headers, ...blocks], endpoint);
    for (const block of blocks) known.set(block.number, block.timestamp);
    return known;
  }

  /** One of the blocks whose headers nobody needs is looked at all the same: logs may name others than those of the chain. */
  #sample(logs: readonly RawLog[], headers: readonly BlockRef[]): readonly number[] {
    const { random = Math.random } = this.#options;
    const log = logs[Math.floor(random() * logs.length)];
    return log === undefined || headers.some(({ number }) => number === log.blockNumber) ? [] : [log.blockNumber];
  }

  #compare(logs: readonly RawLog[], blocks: readonly BlockTime[], endpoint: string): void {
    try {
      checkHashes(logs, blocks);
      checkTimes(logs, blocks);
    } catch (error) {
      this.#strangers.set(endpoint, error instanceof Inconsistency ? error.block : undefined);
      throw error;
    }
  }
}

/** Notes the times that logs tell of their blocks. */
function noteTimes(logs: readonly RawLog[], times: Map<number, number>): void {
  let noted: number | undefined;
  for (const { blockNumber, blockTimestamp } of logs) {
    if (blockNumber === noted || blockTimestamp === undefined) continue;
    times.set(blockNumber, blockTimestamp);
    noted = blockNumber;
  }
}

function missingBlock(number: number | undefined): never {
  throw new Inconsistency(`block ${number ?? '?'} is not there`);
}
