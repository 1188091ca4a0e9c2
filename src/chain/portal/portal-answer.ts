import type { BlockHeader, BlockRange } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import type { Clock } from '../../runtime/clock.js';
import type { Turns } from '../../runtime/turns.js';
import type { PortalBlock } from './portal-block.js';
import type { PortalBody } from './portal-body.js';
import { PortalError, malformed } from './portal-error.js';
import { PortalLines } from './portal-lines.js';

interface PortalAnswerOptions {
  readonly body: PortalBody;
  /** What was asked for. */
  readonly range: BlockRange;
  /** The block before the range, if it is known. */
  readonly parent?: BlockHeader | undefined;
  readonly isWanted: (log: RawLog) => boolean;
  readonly turns: Turns;
  readonly clock: Clock;
}

/** After how long a piece ends with what has come, in milliseconds: what comes slowly is to be stored, and is progress. */
const pieceMs = 5_000;
/** How far the time of a block may be ahead of this machine's clock, in milliseconds: clocks differ by seconds. */
const mostAheadMs = 60_000;

/** What the next blocks of an answer hold. */
export interface PortalPiece extends BlockRange {
  readonly logs: readonly RawLog[];
  /** The header of block `from`; null where it stands behind other pieces of the same answer. */
  readonly first: BlockHeader | null;
  /** The header of block `to`. */
  readonly last: BlockHeader;
  /** Of each block that has logs. */
  readonly headers: readonly BlockHeader[];
  /** How long its lines are. */
  readonly bytes: number;
  /** True where nothing of the answer is left. */
  readonly isLast: boolean;
}

/**
 * A stream's answer as it is read: blocks in their order, the first of the range that was asked for, then those that hold
 * what is wanted, the last one that was looked at. What does not fit that is refused, the whole of it.
 */
export class PortalAnswer {
  readonly #options: PortalAnswerOptions;
  readonly #lines = new PortalLines();
  #last: BlockHeader | null = null;
  #isOver = false;

  constructor(options: PortalAnswerOptions) {
    this.#options = options;
  }

  /** What was asked for. */
  get range(): BlockRange {
    return this.#options.range;
  }

  /** What is left of that. */
  get rest(): BlockRange {
    const { from, to } = this.#options.range;
    return { from: this.#last === null ? from : this.#last.number + 1, to };
  }

  /**
   * Returns the next blocks, until they are so many bytes, or until some have come and it took long. Throws PortalError where the answer
   * does not hold what was asked for.
   */
  async read(atLeast: number, signal: AbortSignal): Promise<PortalPiece> {
    const { from } = this.rest;
    const before = this.#last;
    const piece = new Piece();
    const { clock } = this.#options;
    const since = clock.monotonic();
    const isLate = (): boolean => piece.bytes > 0 && clock.monotonic() - since >= pieceMs;
    while (piece.bytes < atLeast && !this.#isOver && !isLate()) {
      const block = this.#lines.next() ?? (await this.#fetch(piece, signal));
      if (block === null) break;
      this.#check(block);
      piece.add(block, this.#lines.lineBytes);
      this.#last = block.header;
      if (block.header.number === this.#options.range.to) this.#isOver = true;
      if (this.#options.turns.isOver) await this.#options.turns.rest();
    }
    const last = this.#last;
    if (last === null) throw malformed('the answer holds no block');
    if (last === before) throw new PortalError('the answer ended early', { class: 'away' });
    if (this.#isOver) this.close();
    const { logs, headers, bytes } = piece;
    const first = piece.first?.number === from ? piece.first : null;
    return { from, to: last.number, logs, first, last, headers, bytes, isLast: this.#isOver };
  }

  /** Gives up what was not read. May be called twice. */
  close(): void {
    this.#isOver = true;
    this.#options.body.close();
  }

  /** Returns the first block of the lines that come next; null where the answer ends. What broke off counts up to there. */
  async #fetch(piece: Piece, signal: AbortSignal): Promise<PortalBlock | null> {
    try {
      const lines = await this.#options.body.next(signal);
      this.#isOver = lines === null;
      if (lines === null) return null;
      this.#lines.take(lines);
      return this.#lines.next();
    } catch (error) {
      if (!(error instanceof PortalError) || error.class !== 'away' || piece.bytes === 0) throw error;
      this.#isOver = true;
      return null;
    }
  }

  #check({ header, logs }: PortalBlock): void {
    const { range, clock, parent } = this.#options;
    const before = this.#last;
    const { number, timestamp } = header;
    if (before === null && number !== range.from)
      throw malformed(`the answer begins with block ${number} instead of block ${range.from}`);
    if (number > range.to) throw malformed(`block ${number} is behind block ${range.to}, the last that was asked for`);
    if (before !== null && number <= before.number)
      throw malformed(`block ${number} comes behind block ${before.number}`);
    if (before?.number === number - 1 && header.parentHash !== before.hash)
      throw malformed(`block ${number} is not the child of block ${before.number}`);
    if (timestamp < ((before ?? parent)?.timestamp ?? 0))
      throw malformed(`the time of block ${number} is before that of an earlier block`);
    if (timestamp * 1_000 > clock.now() + mostAheadMs) throw malformed(`the time of block ${number} is in the future`);
    this.#checkLogs(logs);
  }

  /** Some chains number the logs of each transaction anew. */
  #checkLogs(logs: readonly RawLog[]): void {
    const { isWanted } = this.#options;
    let before: RawLog | undefined;
    for (const log of logs) {
      if (!isWanted(log)) throw malformed(`block ${log.blockNumber} holds a log that was not asked for`);
      const follows =
        before === undefined ||
        log.logIndex > before.logIndex ||
        (log.transactionIndex > before.transactionIndex && log.transactionHash !== before.transactionHash);
      if (!follows) throw malformed(`the logs of block ${log.blockNumber} are not in order, or repeated`);
      before = log;
    }
  }
}

/** What was read of a piece so far. */
class Piece {
  readonly logs: RawLog[] = [];
  bytes = 0;
  first: BlockHeader | null = null;
  readonly headers: BlockHeader[] = [];

  add({ header, logs }: PortalBlock, bytes: number): void {
    this.first ??= header;
    this.bytes += bytes;
    if (logs.length === 0) return;
    this.headers.push(header);
    for (const log of logs) this.logs.push(log);
  }
}
