import type { Finality } from '../../model/pipeline.js';
import type { BlockHeader } from '../../model/block.js';
import { systemClock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { ChainView } from './chain-view.js';
import { tellsTag } from './header-outcome.js';
import type { BlockTag, HeadsAnswer, TagAnswer } from './header-outcome.js';
import { TagAnswers } from './tag-answers.js';

/** Where the chain stands. */
export interface ChainHead {
  /** The node's newest block. */
  readonly latest: BlockHeader;
  /** The newest block that may be read, by the finality that was asked for; -1 where there is none yet. */
  readonly readable: number;
  /** The newest block that can't be replaced any more; -1 where there is none yet. */
  readonly finalized: number;
  /** The newest block that is final and so deep that every node behind the URL has it with its logs. */
  readonly settled: number;
}

/** How much newer than its answer the chain may be before the final block is asked for again, in seconds and blocks. */
const refreshSeconds = 60;
const refreshBlocks = 32;
/** How far behind the newest block the final one is taken to be where the node does not tell. */
const assumedDepth = 64;
/** A time from here on is not told in seconds: that would be after the year 5000. */
const tooLate = 1e11;

/** Reads where the chain stands: its newest block, and the newest final and readable ones. */
export class HeadReader {
  readonly #chain: Pick<ChainView, 'heads' | 'settledDepth'>;
  readonly #finality: Finality;
  readonly #logger: Logger;
  readonly #known = new Map<BlockTag, number>();
  readonly #told = new Set<BlockTag>();
  #hasToldOfTime = false;
  readonly #tags: TagAnswers;
  #isRefreshing = false;

  /** Whoever follows the same heads may share what the node says of its tags. */
  constructor(
    chain: Pick<ChainView, 'heads' | 'settledDepth'>,
    finality: Finality,
    logger: Logger,
    tags = new TagAnswers(chain, systemClock),
  ) {
    this.#chain = chain;
    this.#finality = finality;
    this.#logger = logger;
    this.#tags = tags;
  }

  /**
   * Returns where the chain stands by a head that is known: what is final is asked for beside the way and now and then,
   * unless it decides what may be read. Null where the node has no block at all.
   */
  async at(latest: BlockHeader, signal: AbortSignal): Promise<ChainHead | null> {
    const known = this.#tags.known('finalized');
    if (known === undefined || this.#finality === 'safe' || this.#finality === 'finalized') {
      return this.#headOf(await this.#tags.at(latest, 'finalized', signal), signal);
    }
    const age = latest.timestamp - known.latest.timestamp;
    // Where it can't be told what was known holds on; the head's next question tells what is wrong.
    if (age >= refreshSeconds || latest.number - known.latest.number >= refreshBlocks) this.#refresh(signal);
    return this.#headAt(latest, known.tagged, signal);
  }

  /** Asks anew, once at a time: a node may be slow to answer, or never do. */
  #refresh(signal: AbortSignal): void {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    const over = (): void => void (this.#isRefreshing = false);
    this.#tags.ask('finalized', signal).then(over, over);
  }

  /** Asks the node; null where it has no block at all. */
  async read(signal: AbortSignal): Promise<ChainHead | null> {
    return this.#headOf(await this.#tags.ask('finalized', signal), signal);
  }

  async #headOf({ latest, tagged }: HeadsAnswer, signal: AbortSignal): Promise<ChainHead | null> {
    return latest === null ? null : this.#headAt(latest, tagged, signal);
  }

  async #headAt(latest: BlockHeader, tagged: TagAnswer, signal: AbortSignal): Promise<ChainHead> {
    this.#tellOfTime(latest);
    const finalized = this.#resolve('finalized', tagged, latest);
    const settled = Math.min(finalized, latest.number - this.#chain.settledDepth);
    // A chain that is shorter after a reorganisation has nothing to show above its head, however safe that was once.
    const readable = Math.min(latest.number, await this.#readable(latest, finalized, signal));
    return { latest, finalized, settled, readable };
  }

  async #readable(latest: BlockHeader, finalized: number, signal: AbortSignal): Promise<number> {
    const finality = this.#finality;
    if (finality === 'latest') return latest.number;
    if (typeof finality === 'number') return Math.max(-1, latest.number - finality);
    if (finality === 'finalized') return finalized;
    const { tagged } = await this.#tags.at(latest, 'safe', signal);
    return this.#resolve('safe', tagged, latest);
  }

  /** Finality never goes back: what a node said once holds when it is asked again and lags or can't tell. */
  #resolve(tag: BlockTag, answer: TagAnswer, latest: BlockHeader): number {
    const known = this.#known.get(tag) ?? -1;
    if (tellsTag(answer)) {
      const number = Math.max(known, Math.min(answer.number, latest.number));
      this.#known.set(tag, number);
      return number;
    }
    if (known >= 0) return known;
    this.#tellOfGuess(tag);
    return Math.max(-1, latest.number - assumedDepth);
  }

  /** Nodes of some private chains tell milliseconds, or nothing. */
  #tellOfTime({ number, timestamp }: BlockHeader): void {
    const isStrange = timestamp >= tooLate || (timestamp === 0 && number > 0);
    if (!isStrange || this.#hasToldOfTime) return;
    this.#hasToldOfTime = true;
    const message = `the node tells ${timestamp} as the time of block ${number}, which are no seconds since 1970: events are stored with such times`;
    this.#logger.log('warn', message, { event: 'chain.strange_time', block: number });
  }

  /** Whatever is read, sinks may deliver by what is taken for final. */
  #tellOfGuess(tag: BlockTag): void {
    if (this.#told.has(tag)) return;
    this.#told.add(tag);
    const message = `the node does not tell which block is ${tag}: block ${assumedDepth} below its head is taken for it`;
    this.#logger.log(this.#finality === tag ? 'warn' : 'info', message, { event: 'chain.no_finality', tag });
  }
}
