import type { BlockHeader, BlockRange } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import type { Call } from '../../runtime/call.js';
import type { Doubts } from './read-range.js';

/** How a range is read. */
export interface RangeCall extends Call {
  /** Ask for every block's header, and believe only logs that stand in them: for blocks that may yet be replaced. */
  readonly verified: boolean;
  /** True for what `firstOf` returned: it tells nothing of how much may be asked for. */
  readonly isFirst?: boolean;
  /** Called once it is known how many of the first blocks are asked for: an answer may yet hold fewer of them, but not more. */
  readonly begun?: (range: BlockRange) => void;
  /**
   * Called once the logs of the first blocks have come, with how long the answer was, while more may yet be asked for them: no others
   * than these are given.
   */
  readonly told?: (range: BlockRange, bytes: number) => void;
}

/** What blocks `from` to `to` hold. */
export interface FetchedRange extends BlockRange {
  readonly logs: readonly RawLog[];
  /** The header of block `to`. */
  readonly last: BlockHeader;
  /** Every block of a verified range, ascending, linked by their hashes; else only those known, ascending. */
  readonly headers: readonly BlockHeader[];
  /** Seconds since the Unix epoch, of each block that has logs. */
  readonly timestamps: ReadonlyMap<number, number>;
  /** How long the answer with the logs was. */
  readonly bytes: number;
  /** The hash of the block before `from`, where the same answer told it. */
  readonly parentHash?: string | undefined;
  /** How often another node might have come in an endpoint's place before it was asked for, and until all of it was read. */
  readonly doubts?: Doubts;
}

/**
 * Gives what blocks hold, range by range: whoever reads a stretch of a chain reads it by this, whether a node answers or a portal, and
 * settled blocks as well as, verified, those that may yet be replaced. What was fetched is proven as far as it can be.
 */
export interface RangeReader {
  /** True once a request of the size that is asked for now was answered, or an endpoint has stated that it would be. */
  readonly isProven: boolean;
  /** True where requests are for so few blocks that several may leave before an answer has told how long they are. */
  readonly givesFew?: boolean;
  /** How many requests may be in flight, as far as is known. */
  readonly room: number;
  /** True where a range that is being fetched may yet become another one, until `begun` is called. */
  readonly asksLate?: boolean;
  /**
   * Returns what of a range is to be asked for by itself before the first request, whose answer may be long in coming, so that something
   * is there soon; null where that is no gain.
   */
  firstOf?(range: BlockRange): BlockRange | null;
  /** Returns the head of a range for which the next request may ask; perhaps it asks for less when it leaves. */
  headOf(range: BlockRange): BlockRange;
  /** Returns what the first blocks of a range hold: as many as come at once. Throws NodeLagsError where they can't be shown. */
  fetch(range: BlockRange, call: RangeCall): Promise<FetchedRange>;
  /** Hears that nobody comes any more for what follows the ranges that were given: what is kept of it is let go. */
  drop?(): void;
  /** Hears that two ranges which follow each other do not fit. */
  unlinked?(): void;
}
