import type { BlockRange, BlockRef } from '../../model/block.js';
import { NodeLagsError } from '../blocks/consistency.js';
import { Lanes } from './lanes.js';
import type { Lane } from './lanes.js';
import type { FetchedRange, RangeReader } from '../blocks/range-reader.js';
import type { Call } from '../../runtime/call.js';
import { Scope } from '../../runtime/scope.js';

export interface LogPrefetcherOptions {
  readonly source: RangeReader;
  readonly moved: Call['moved'];
  /** How much may be held at a time, in bytes of answers: of those in flight as many as are expected. */
  readonly maxBytes?: number | undefined;
  /** How many requests are in flight, or their answers held, at most; how many are in flight, the source says. */
  readonly maxRanges?: number | undefined;
}

/** Some eight answers of the wanted length; with all that is made of them it stays under 100 MB. */
const defaultMaxBytes = 16 * 2 ** 20;
/** Some answers that wait for one that comes late keep nobody from asking on. */
const defaultMaxRanges = 256;
/** How many are enough where answers come sooner than they are wanted: one at hand, and one on its way. */
const leastRanges = 2;
/** How many must wait for the first to be worth holding more for. */
const many = 64;
/** How much less may be held with each range that is taken while more than enough lie there: what is taken at once is to be asked for at once. */
const shrinks = 1 / 4;
/** How many times as many must lie there as are on their way to be more than enough. */
const ample = 4;
/**
 * How many more are asked for than endpoints take, and as a share of those: these learn by them that more is wanted, and some wait for
 * something else than their logs.
 */
const beyondRoom = 2;
const shareBeyondRoom = 1 / 4;
/** How many times as many as endpoints take may have left and be late, or wait to be asked again. */
const mostLate = 2;

/**
 * Reads ranges of settled blocks ahead of whoever takes them, several at a time, and gives them out in their order. It
 * asks only when somebody comes for a range: who does not come any more is not read for. How many it asks for follows
 * from who waits: many where answers are slow to come, few where they would only lie in memory.
 */
export class LogPrefetcher {
  readonly #options: LogPrefetcherOptions;
  readonly #maxBytes: number;
  readonly #maxRanges: number;
  readonly #change = new Change();
  readonly #lanes = new Lanes();
  #dropped = new AbortController();
  /** Asks for more of what was come for last, as long as there is room; `isHeldUp`: while nobody can take what is there. */
  #readOn: (isHeldUp: boolean) => void = () => undefined;
  #next = -1;
  /** The block before the range that is next, while ranges follow each other; null where it is not known. */
  #last: BlockRef | null = null;
  #bytesPerBlock = 0;
  /** How many of them there may be now. */
  #depth: number;
  /** False until something has been asked for. */
  #hasBegun = false;

  constructor(options: LogPrefetcherOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? defaultMaxBytes;
    this.#maxRanges = options.maxRanges ?? defaultMaxRanges;
    this.#depth = this.#maxRanges;
  }

  /** True where the range that follows is there already. */
  get isReady(): boolean {
    const { first } = this.#lanes;
    return first?.from === this.#next && first.fetched !== null;
  }

  /**
   * Returns what the first blocks of a range hold, and reads on up to its end; throws what LogSource throws for them. A
   * range that does not follow the one before begins anew behind its block `before`, where that is known, and ends the wait of whoever
   * came before.
   */
  async next(range: BlockRange & { readonly before?: BlockRef | null }, signal: AbortSignal): Promise<FetchedRange> {
    if (range.from !== this.#next) {
      this.drop();
      this.#last = range.before ?? null;
    }
    this.#next = range.from;
    const dropped = this.#dropped.signal;
    this.#readOn = (isHeldUp) => {
      if (!dropped.aborted) this.#readAhead({ from: this.#next, to: range.to }, isHeldUp, signal);
    };
    this.#pace();
    for (;;) {
      dropped.throwIfAborted();
      this.#readOn(false);
      const { fetched, failure } = this.#lanes.first as Lane;
      if (fetched !== null) return this.#take(fetched);
      if (failure === null) {
        await this.#change.next();
        continue;
      }
      this.drop();
      throw failure.error;
    }
  }

  /** Reads on up to the end of the range that was come for last, until something is over for which whoever comes has to wait. */
  async readOnUntil(over: Promise<unknown>): Promise<void> {
    const dropped = this.#dropped.signal;
    const ended = over.then(
      () => true,
      () => true,
    );
    for (let isOver = false; !isOver && !dropped.aborted;) {
      this.#readOn(true);
      isOver = await Promise.race([ended, this.#change.next().then(() => false)]);
    }
  }

  /** Gives up what is in flight, and forgets what is held. */
  drop(): void {
    this.#dropped.abort(new Error('dropped'));
    this.#dropped = new AbortController();
    this.#options.source.drop?.();
    this.#lanes.clear();
    this.#next = -1;
    this.#last = null;
    this.#change.happened();
  }

  #take(fetched: FetchedRange): FetchedRange {
    this.#checkLink(fetched);
    this.#lanes.takeFirst();
    this.#next = fetched.to + 1;
    this.#last = fetched.last;
    this.#readOn(false);
    return fetched;
  }

  /** Ranges that were told by different answers must be of one chain, as far as they show it. */
  #checkLink({ from, headers: [first] }: FetchedRange): void {
    const before = this.#last;
    if (before === null || first?.number !== from || first.parentHash === before.hash) return;
    this.drop();
    this.#options.source.unlinked?.();
    throw new NodeLagsError(`block ${from} is not the child of block ${before.number}, which was told before`);
  }

  /** Whoever comes and must wait wants more to be on its way; who finds two answers, less. */
  #pace(): void {
    const { first, second } = this.#lanes;
    if (first === undefined) return;
    if (first.fetched === null) this.#depth = Math.min(this.#maxRanges, 2 * this.#depth);
    else if (second !== undefined && second.fetched !== null && this.#isAmple) {
      this.#depth = Math.max(Math.min(leastRanges, this.#maxRanges), this.#depth - shrinks);
    }
  }

  /** As long as few lie there for each that is on its way, one that comes late would soon be waited for. */
  get #isAmple(): boolean {
    const { asked, there } = this.#lanes.tally();
    return there > ample * (asked - there);
  }

  /** Asks for what is nearest and has not been asked for, as long as there is room. */
  #readAhead(range: BlockRange, isHeldUp: boolean, signal: AbortSignal): void {
    for (let gap = this.#lanes.gapIn(range); gap !== null; gap = this.#lanes.gapIn(range)) {
      const { at } = gap;
      // Without what comes next nothing that is held could ever be taken.
      const isAwaited = at === 0;
      const room = isAwaited ? Number.POSITIVE_INFINITY : this.#roomFor(isHeldUp);
      if (room <= 0) return;
      const first = this.#hasBegun ? null : (this.#options.source.firstOf?.(gap) ?? null);
      const asked = first ?? this.#options.source.headOf(gap);
      if (this.#expectedBytes(asked) > room) return;
      this.#hasBegun = true;
      const lane = this.#open(asked, first !== null);
      this.#lanes.add(at, lane);
      void this.#fetch(lane, new Scope(signal, this.#dropped.signal));
    }
  }

  /** Returns how many bytes more may be asked for; 0 where nothing is to be. */
  #roomFor(isHeldUp: boolean): number {
    const { asked, there, left, read, bytes, hasFailed } = this.#lanes.tally();
    if (hasFailed) return 0;
    const { first } = this.#lanes;
    // The longer the first is late, the more would stand still behind it.
    const isLate = first?.fetched === null;
    const stretch = there >= many && (isHeldUp || isLate) ? 2 : 1;
    if (asked >= stretch * this.#depth) return 0;
    const beside = isLate && first.isFirst ? 1 : 0;
    if (!this.#isKnown && there < asked - beside) return 0;
    return this.#areWanted(asked - left, asked - read) ? stretch * this.#maxBytes - bytes : 0;
  }

  /** Says whether endpoints would be asked for one more: what waits to be asked again keeps nobody from asking on. */
  #areWanted(waiting: number, unread: number): boolean {
    const { room, asksLate } = this.#options.source;
    const spare = beyondRoom + Math.floor(room * shareBeyondRoom);
    if (asksLate !== true) return unread < room + spare;
    return waiting < spare && unread < mostLate * room + spare;
  }

  /** Before it is known how large a request may be, others would only be refused with it; and answers may be of any length. */
  get #isKnown(): boolean {
    const { isProven, givesFew } = this.#options.source;
    return isProven && (this.#bytesPerBlock > 0 || givesFew === true);
  }

  #open({ from, to }: BlockRange, isFirst: boolean): Lane {
    const bytes = this.#expectedBytes({ from, to });
    const hasLeft = this.#options.source.asksLate !== true;
    return { from, to, isFirst, hasLeft, bytes, isMeasured: false, isRead: false, fetched: null, failure: null };
  }

  async #fetch(lane: Lane, scope: Scope): Promise<void> {
    const { source } = this.#options;
    const { isFirst } = lane;
    const learn = (range: BlockRange, bytes: number): void => {
      // One block tells little of others.
      if (!isFirst) this.#learn(range, bytes);
    };
    const moved = (): Promise<void> => {
      if (!lane.isRead) {
        lane.isRead = true;
        this.#change.happened();
      }
      return this.#options.moved();
    };
    const begun = ({ to }: BlockRange): void => {
      lane.hasLeft = true;
      this.#shorten(lane, to);
      lane.bytes = this.#expectedBytes(lane);
      this.#change.happened();
    };
    const told = (range: BlockRange, bytes: number): void => {
      learn(range, bytes);
      lane.isMeasured = true;
      this.#shorten(lane, range.to);
      lane.bytes = bytes;
    };
    try {
      const call = { verified: false, isFirst, moved, begun, told, signal: scope.signal };
      const fetched = await source.fetch(lane, call);
      if (!lane.isMeasured) learn(fetched, fetched.bytes);
      lane.hasLeft = true;
      this.#shorten(lane, fetched.to);
      lane.bytes = fetched.bytes;
      lane.isRead = true;
      lane.fetched = fetched;
      // What comes while the first is waited for is no reason to ask for less behind it.
      if (this.#lanes.first?.fetched === null) this.#depth = Math.min(this.#maxRanges, this.#depth + 1);
    } catch (error) {
      lane.failure = { error };
    } finally {
      scope.release();
    }
    this.#change.happened();
  }

  /** What an endpoint does not give at once is for others. */
  #shorten(lane: Lane, to: number): void {
    if (to === lane.to) return;
    // Those behind it are asked for already: what they hold would come twice.
    if (to > lane.to) throw new RangeError(`blocks up to ${to} came where those up to ${lane.to} were asked for`);
    lane.to = to;
    this.#lanes.moveUp(this.#next, (range) => this.#expectedBytes(range));
    this.#change.happened();
  }

  #learn({ from, to }: BlockRange, bytes: number): void {
    const now = bytes / (to - from + 1);
    // What was expected too low would be held on top of the bound; what was expected too high costs a little time.
    this.#bytesPerBlock = Math.max(now, (this.#bytesPerBlock + now) / 2);
  }

  #expectedBytes({ from, to }: BlockRange): number {
    return (to - from + 1) * this.#bytesPerBlock;
  }
}

/** Lets several wait for the next time that something happens. */
class Change {
  readonly #waiting: (() => void)[] = [];

  /** Resolves when it happens next. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** It happens: whoever waits goes on. */
  happened(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
