import type { EventBatch } from '../../model/batch.js';
import type { BlockHeader, BlockRef } from '../../model/block.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { ChainView } from './chain-view.js';
import type { ChainHead } from './head-reader.js';
import { NodeLagsError } from './consistency.js';
import { disagreementOn } from './hearing.js';
import type { StoredBlock } from './last-common-block.js';
import { seamsIn } from './read-range.js';
import type { ReadRange } from './read-range.js';
import { RecentBlocks, ReorgTooDeepError, askAgain, findAncestor, showings } from './reorg.js';

interface StretchSources {
  readonly chain: ChainView;
  readonly storedBlock: StoredBlock;
}

/** The unbroken stretch of blocks that has been read, and how it hangs on the chain. */
export class ReadStretch {
  readonly #chain: ChainView;
  readonly #storedBlock: StoredBlock;
  readonly #first: number;
  readonly #anchor: number;
  readonly #recent: RecentBlocks;
  #next: number;
  /** The block before `next`; null where it is unknown, because nothing has been read. */
  #last: BlockRef | null;
  /** True where the last block can't be replaced any more. */
  #settled = false;
  /** The hash of a head below the last block that is of the same chain: its node lags. */
  #lowerHead: string | null = null;
  /** A block below the stretch, or its first one where that is the chain's, as it was before anything was read. */
  #floor: BlockRef | null = null;
  /** How often another node might have come when the last block was last known to be there. */
  #doubts: number;

  private constructor(
    { chain, storedBlock }: StretchSources,
    { first, next, last }: { readonly first: number; readonly next: number; readonly last: BlockRef | null },
    recent: readonly BlockRef[],
  ) {
    this.#chain = chain;
    this.#doubts = chain.doubts;
    this.#storedBlock = storedBlock;
    this.#first = first;
    this.#anchor = last === null ? next : first;
    this.#last = last;
    this.#next = next;
    this.#recent = new RecentBlocks(recent);
  }

  /** Begins a stretch at a block. */
  static begin(sources: StretchSources, first: number): ReadStretch {
    return new ReadStretch(sources, { first, next: first, last: null }, []);
  }

  /** Goes on behind a checkpoint. */
  static resume(sources: StretchSources, checkpoint: Checkpoint, recent: readonly BlockRef[]): ReadStretch {
    const { blockNumber, blockHash, startBlock } = checkpoint;
    const next = (blockNumber ?? -1) + 1;
    const last = blockNumber === null || blockHash === null ? null : { number: blockNumber, hash: blockHash };
    const held = recent.filter((block) => block.number < next);
    return new ReadStretch(sources, { first: startBlock ?? next, next, last }, held);
  }

  /** Learns what is below the stretch: it tells whether the chain was begun anew where nothing else does. */
  async learnFloor(signal: AbortSignal): Promise<void> {
    this.#doubts = this.#chain.doubts;
    this.#floor = await this.#chain.header(Math.max(0, this.#anchor - 1), signal);
  }

  /** The first block of the stretch. */
  get first(): number {
    return this.#first;
  }

  /** The first block that hangs on what is known of the chain; above `first` where a checkpoint stands on a block of unknown hash. */
  get anchor(): number {
    return this.#anchor;
  }

  /** The block to read next. */
  get next(): number {
    return this.#next;
  }

  /** The block before `next`; null where nothing has been read. */
  get last(): BlockRef | null {
    return this.#last;
  }

  /** Says whether a verified range fits behind the last block. */
  continuesWith({ headers: [first] }: { readonly headers: readonly BlockHeader[] }): boolean {
    return this.#last === null || first?.parentHash === this.#last.hash;
  }

  /** Says whether blocks, which may lie below the stretch, are those that were read, as far as they are remembered. */
  agreesWith(headers: readonly BlockRef[]): boolean {
    const held = new Map(this.#recent.blocks.map(({ number, hash }) => [number, hash]));
    if (this.#last !== null) held.set(this.#last.number, this.#last.hash);
    return headers.every(({ number, hash }) => (held.get(number) ?? hash) === hash);
  }

  /** Takes over a batch that has been committed. */
  advance({ toBlock, toHash, recentBlocks, finalizedBlock }: EventBatch, head: ChainHead): void {
    this.#last = { number: toBlock, hash: toHash };
    this.#next = toBlock + 1;
    this.#settled = toBlock <= head.finalized;
    this.#recent.remember(recentBlocks, finalizedBlock);
  }

  /** Goes back to an ancestor. */
  rollBack(ancestor: BlockRef): void {
    this.#recent.dropAbove(ancestor.number);
    this.#last = ancestor;
    this.#next = ancestor.number + 1;
    this.#settled = false;
  }

  /**
   * Returns a read block that the chain has replaced; undefined where none is known to be. A lower head
   * alone proves nothing: only a hash does. A final block is asked for only where more is to be read behind it
   * (`isNeeded`): nodes have been wrong about what is final.
   */
  async findReplaced(
    { latest, finalized }: ChainHead,
    isNeeded: boolean,
    signal: AbortSignal,
  ): Promise<BlockRef | undefined> {
    const last = this.#last;
    if (last === null) return undefined;
    if (latest.number < last.number) return this.#findBelow(latest, signal);
    if (this.#settled && !isNeeded && latest.number > last.number) return undefined;
    if ((await this.#headerOf(last.number, latest, signal)).hash !== last.hash) return last;
    this.#settled = last.number <= finalized;
    return undefined;
  }

  /**
   * Says whether a block that seems to be replaced is by the word of an endpoint that has just told its chain, too. Throws
   * ChainMismatchError where all serve another chain.
   */
  async isReplaced(block: BlockRef, signal: AbortSignal): Promise<boolean> {
    await this.#chain.askForChain(signal);
    const found = await this.#chain.header(block.number, signal);
    if (found === null) throw new NodeLagsError(`block ${block.number} is not there`);
    return found.hash !== block.hash;
  }

  /**
   * Says whether the chain was begun anew at the end of a connection that was not there before. What has been read ahead
   * then tells of two chains: settled blocks are read without a look at their parents. `before`: the block in front of what was read
   * ahead; null where that follows what has been taken over. `former`: the range that was read ahead before these; null where there is
   * none. Throws NodeLagsError where the chain has `before`, but not all that was read behind it.
   */
  async isBegunAnew(
    before: BlockRef | null,
    ranges: readonly ReadRange[],
    former: ReadRange | null,
    signal: AbortSignal,
  ): Promise<boolean> {
    const known = before ?? this.#last ?? this.#floor;
    const doubts = { since: this.#doubts, until: this.#doubts };
    const first = former ?? (known === null ? null : { last: known, doubts });
    // A new chain may have its first blocks in common with the former one: each border is looked at, not the lowest alone.
    const seams = seamsIn(first === null ? ranges : [first, ...ranges], this.#chain.doubts);
    if (seams.length === 0) return false;
    return this.#lookBack(known, seams, { isOwn: before === null, signal });
  }

  async #lookBack(
    known: BlockRef | null,
    seams: readonly BlockRef[],
    { isOwn, signal }: { readonly isOwn: boolean; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const { doubts } = this.#chain;
    const found = await this.#shown([...(known === null ? [] : [known]), ...seams], signal);
    const isThere = ({ number, hash }: BlockRef): boolean => found.get(number)?.hash === hash;
    if (known !== null && !isThere(known)) {
      if (known === this.#floor) this.#floor = found.get(known.number) ?? null;
      else this.#settled = false;
      return true;
    }
    const replaced = seams.find((block) => !isThere(block));
    if (replaced !== undefined) throw new NodeLagsError(`block ${replaced.number} is another one than was read ahead`);
    if (isOwn && this.#chain.doubts === doubts) this.#doubts = doubts;
    return false;
  }

  /**
   * Returns the headers of blocks, which one answer tells where it can. Nodes behind one URL may lag behind each other: what is read
   * ahead is not given up for one that does.
   */
  async #shown(blocks: readonly BlockRef[], signal: AbortSignal): Promise<ReadonlyMap<number, BlockHeader>> {
    const found = new Map<number, BlockHeader>();
    let missing = [...new Set(blocks.map(({ number }) => number))];
    for (let tries = 1; tries <= showings && missing.length > 0; tries++) {
      const headers = await this.#chain.headers(missing, { moved: () => Promise.resolve(), signal });
      for (const header of headers) if (header !== null) found.set(header.number, header);
      missing = missing.filter((number) => !found.has(number));
    }
    const [absent] = missing;
    if (absent !== undefined) throw new NodeLagsError(`block ${absent} is not there`);
    return found;
  }

  /** Below what was read the chain may have been begun anew: the newest block that is known up to its head tells. */
  async #findBelow(latest: BlockHeader, signal: AbortSignal): Promise<BlockRef | undefined> {
    if (latest.hash === this.#lowerHead) return undefined;
    const held = this.#recent.newestUpTo(latest.number) ?? (await this.#storedBlock(latest.number)) ?? this.#floor;
    if (held === null || held.number < this.#anchor - 1 || held.number > latest.number) return undefined;
    if ((await this.#headerOf(held.number, latest, signal)).hash !== held.hash) return held;
    this.#lowerHead = latest.hash;
    return undefined;
  }

  async #headerOf(number: number, latest: BlockHeader, signal: AbortSignal): Promise<BlockHeader> {
    const found = number === latest.number ? latest : await this.#chain.header(number, signal);
    if (found === null) throw new NodeLagsError(`block ${number} is not there`);
    return found;
  }

  /**
   * Returns the newest block below a replaced one up to which the stretch still stands; throws ReorgTooDeepError where none is known, and
   * NodeLagsError where one endpoint still has the block: it went to another fork alone.
   */
  async ancestorBelow(replaced: BlockRef, signal: AbortSignal): Promise<BlockRef> {
    const headerOf = (number: number): Promise<BlockHeader> => this.#headerBelow(number, signal);
    const held = this.#recent.blocks.filter((block) => block.number < replaced.number);
    const ancestor = await findAncestor(held, headerOf);
    if (ancestor !== undefined) return ancestor;
    const floor = this.#anchor - 1;
    if (floor < 0 || !this.#isHeldWhole()) throw await this.#tooDeep(replaced, signal);
    return { number: floor, hash: (await headerOf(floor)).hash };
  }

  /** What the chain has below a block that it has: of several nodes behind one URL one that lags must not make a reorganisation deeper. */
  async #headerBelow(number: number, signal: AbortSignal): Promise<BlockHeader> {
    const found = await askAgain(() => this.#chain.header(number, signal));
    if (found === null) throw new NodeLagsError(`block ${number} is not there`);
    return found;
  }

  /** What one says, however often, does not make rows false that others stand by. */
  async #tooDeep(replaced: BlockRef, signal: AbortSignal): Promise<NodeLagsError | ReorgTooDeepError> {
    const hearing = await this.#chain.whoHas(replaced, signal);
    const { have, lack } = hearing;
    if (have.length > 0 && lack.length > 0) return new NodeLagsError(disagreementOn(replaced, hearing));
    if (have.length > 0) return new NodeLagsError(`block ${replaced.number} is there after all`);
    if (lack.length === 0) return new NodeLagsError(`block ${replaced.number} is not there`);
    return new ReorgTooDeepError(replaced.number, hearing);
  }

  /** Where every block of the stretch is remembered, all of it can be taken back. */
  #isHeldWhole(): boolean {
    const [oldest] = this.#recent.blocks;
    return this.#next <= this.#anchor || (oldest !== undefined && oldest.number <= this.#anchor);
  }
}
