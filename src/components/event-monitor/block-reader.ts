import { cutBatches } from '../../chain/logs/batch-cutter.js';
import type { BlockWitnesses } from '../../chain/logs/block-witnesses.js';
import type { ChainHead } from '../../chain/blocks/head-reader.js';
import type { LogDecoder } from '../../chain/abi/decoder.js';
import type { HeaderCache } from '../../chain/blocks/header-cache.js';
import type { FetchedRange, RangeReader } from '../../chain/blocks/range-reader.js';
import type { LogSource } from '../../chain/logs/log-source.js';
import type { NewBlocks } from '../../chain/logs/new-blocks.js';
import type { ReadStretch } from '../../chain/blocks/read-stretch.js';
import type { SourceMessage } from '../../model/batch.js';
import type { BlockHeader, BlockRef } from '../../model/block.js';
import { NodeLagsError } from '../../chain/blocks/consistency.js';
import type { SourceContext } from '../seam/source.js';
import type { FactoryChildren } from './factory/factory-children.js';
import { HistoryReader } from './history-reader.js';
import type { LookBack } from './history-reader.js';
import type { Call } from '../../runtime/call.js';

/** What reads blocks that may yet be replaced. */
export interface UnsettledBlocks {
  readonly logs: LogSource;
  /** Fetches blocks whose headers are known. */
  readonly newBlocks: NewBlocks;
  readonly headers: HeaderCache;
  /** Confirm new blocks, where they are asked to. */
  readonly witnesses: BlockWitnesses | null;
}

export interface BlockReaderOptions {
  /** Reads blocks that may yet be replaced; null where nobody tells them. */
  readonly unsettled: UnsettledBlocks | null;
  readonly decoder: LogDecoder;
  /** The children of a factory, whose logs are read; null where the contracts are given. */
  readonly children: FactoryChildren | null;
  /** Fetches settled blocks, by another filter than new ones. */
  readonly openHistory: () => RangeReader;
  readonly context: Pick<SourceContext, 'clock' | 'logger' | 'stopping'>;
  readonly moved: Call['moved'];
}

/** How old what is known of the head may be while history is read, in milliseconds. */
const headAgeMs = 30_000;
/** How many blocks below its head a node may not be done with: deeper ones are read as ranges. */
const unsureDepth = 64;

/** Reads blocks behind a stretch, as far as the head allows, and takes back what the chain has replaced. */
export class BlockReader {
  readonly #options: BlockReaderOptions;
  #history: HistoryReader;
  /** Which children it was made for. */
  #changes: number | undefined;

  constructor(options: BlockReaderOptions) {
    this.#options = options;
    this.#history = this.#openHistory();
  }

  /** Learns what is stored of a factory. */
  async load(): Promise<void> {
    await this.#options.children?.load();
  }

  /** True where blocks that have been read are yet to be read for some contracts. */
  get isBehind(): boolean {
    return this.#options.children?.isBehind ?? false;
  }

  /** Gives up what has been read ahead. */
  close(): void {
    this.#history.close();
    this.#options.unsettled?.newBlocks.close();
  }

  /** Takes back what the chain replaced, then reads on up to block `end`, or until the head is too old. */
  async *read(
    stretch: ReadStretch,
    head: ChainHead,
    end: number,
    signal: AbortSignal,
  ): AsyncGenerator<SourceMessage, void, undefined> {
    // A range whose blocks are verified shows by itself whether its first block fits.
    const isMore = stretch.next <= end;
    // Who looks back first is told of no block that was replaced, only that blocks do not agree.
    const looksBack = this.isBehind || this.#lacksChildren(stretch, head, end);
    const willTell = isMore && stretch.next > head.settled && !looksBack;
    const replaced = willTell ? undefined : await stretch.findReplaced(head, isMore, signal);
    if (replaced !== undefined) yield* this.#confirmAndTakeBack(stretch, replaced, signal);
    const { clock, stopping } = this.#options.context;
    const since = clock.monotonic();
    yield* this.#catchUp(stretch, head, end, signal);
    while (stretch.next <= end && !stopping.aborted && clock.monotonic() - since < headAgeMs) {
      // What was taken back may have taken announcements along that lie below the blocks that are read.
      if (this.#lacksChildren(stretch, head, end)) yield* this.#catchUp(stretch, head, end, signal);
      if (stretch.next > head.settled) yield* this.#readNew(stretch, head, end, signal);
      else yield* this.#readHistory(stretch, head, Math.min(end, head.settled), signal);
    }
  }

  /** Before blocks are read all that was announced up to their end, or below them, is found. */
  async *#catchUp(
    stretch: ReadStretch,
    head: ChainHead,
    end: number,
    signal: AbortSignal,
  ): AsyncGenerator<SourceMessage, void, undefined> {
    const { children } = this.#options;
    if (children !== null) yield* children.catchUp(announcedBelow(stretch, head, end), { stretch, head }, signal);
  }

  #lacksChildren(stretch: ReadStretch, head: ChainHead, end: number): boolean {
    const { children } = this.#options;
    return children !== null && children.knownTo < announcedBelow(stretch, head, end);
  }

  #openHistory(): HistoryReader {
    const { openHistory, decoder, moved, context, children } = this.#options;
    this.#changes = children?.changes;
    return new HistoryReader({ logs: openHistory(), decoder, moved, clock: context.clock });
  }

  /** Reads blocks that can't be replaced any more. */
  async *#readHistory(
    stretch: ReadStretch,
    head: ChainHead,
    end: number,
    signal: AbortSignal,
  ): AsyncGenerator<SourceMessage, void, undefined> {
    if (this.#changes !== this.#options.children?.changes) {
      this.#history.close();
      this.#history = this.#openHistory();
    }
    const lookBack = (...read: Parameters<LookBack>): Promise<boolean> => stretch.isBegunAnew(...read, signal);
    const range = { from: stretch.next, to: end, before: stretch.last };
    const batch = await this.#history.next(range, forgettableOf(head), signal, lookBack);
    if (await this.#history.isBegunAnew) {
      this.#history.close();
      if (stretch.last !== null) yield* this.#confirmAndTakeBack(stretch, stretch.last, signal);
      return;
    }
    yield this.#options.children?.withFound(batch) ?? batch;
    stretch.advance(batch, head);
    await this.#options.moved();
  }

  /** Reads blocks that may yet be replaced. */
  async *#readNew(
    stretch: ReadStretch,
    head: ChainHead,
    end: number,
    signal: AbortSignal,
  ): AsyncGenerator<SourceMessage, void, undefined> {
    const { unsettled, moved } = this.#options;
    if (unsettled === null) throw new NodeLagsError(`block ${stretch.next} is not final yet`);
    const read = await this.#fetch(unsettled, stretch, head, end, signal);
    const { witnesses } = unsettled;
    // Before rows are taken back as well: one endpoint that went astray must not undo what two have told.
    const fetched = witnesses === null ? read : await witnesses.confirm(read, { moved, signal });
    if (stretch.continuesWith(fetched)) yield* this.#send(stretch, fetched, head, signal);
    else if (stretch.last !== null) yield* this.#takeBack(stretch, stretch.last, signal);
  }

  /** The shortest way: where the headers up to the head are known and fit, only their logs are asked for. */
  async #fetch(
    { newBlocks, logs, headers }: UnsettledBlocks,
    stretch: ReadStretch,
    head: ChainHead,
    end: number,
    signal: AbortSignal,
  ): Promise<FetchedRange> {
    const call = { moved: this.#options.moved, signal };
    const deep = head.latest.number - unsureDepth;
    const isDeep = stretch.next <= deep;
    const known = isDeep ? [] : await this.#headersBehind({ newBlocks, headers }, stretch, head, end, signal);
    const told = await newBlocks.fetch(known, call);
    if (told !== null) return told;
    const range = { from: stretch.next, to: isDeep ? Math.min(end, deep) : end };
    const fetched = await logs.fetch(range, { ...call, verified: true });
    return isDeep ? fetched : newBlocks.confirm(fetched, call);
  }

  /** Returns the headers up to block `end` that are known, or that the node gives; none where they do not link up. */
  async #headersBehind(
    { newBlocks, headers }: Pick<UnsettledBlocks, 'newBlocks' | 'headers'>,
    { last, next }: ReadStretch,
    { latest }: ChainHead,
    end: number,
    signal: AbortSignal,
  ): Promise<readonly BlockHeader[]> {
    const known = last === null ? null : headers.between(last, latest);
    const found = known ?? (await newBlocks.headers(next, latest, { moved: this.#options.moved, signal }));
    if (known === null) for (const header of found) headers.add(header);
    return found.filter(({ number }) => number <= end);
  }

  async *#send(
    stretch: ReadStretch,
    fetched: FetchedRange,
    head: ChainHead,
    signal: AbortSignal,
  ): AsyncGenerator<SourceMessage, void, undefined> {
    const { decoder, moved, context, children } = this.#options;
    await children?.findIn(fetched, { stretch, head }, signal);
    for await (const batch of cutBatches(fetched, decoder, forgettableOf(head), context.clock)) {
      yield children?.withFound(batch) ?? batch;
      stretch.advance(batch, head);
      await moved();
      if (context.stopping.aborted) return;
    }
    if (children?.isBehind === true) yield* children.readEarlier({ stretch, head }, signal);
  }

  async *#confirmAndTakeBack(
    stretch: ReadStretch,
    replaced: BlockRef,
    signal: AbortSignal,
  ): AsyncGenerator<SourceMessage, void, undefined> {
    await this.#options.unsettled?.witnesses?.confirmReplaced(replaced, { moved: this.#options.moved, signal });
    yield* this.#takeBack(stretch, replaced, signal);
  }

  async *#takeBack(
    stretch: ReadStretch,
    replaced: BlockRef,
    signal: AbortSignal,
  ): AsyncGenerator<SourceMessage, void, undefined> {
    if (!(await stretch.isReplaced(replaced, signal)))
      throw new NodeLagsError(`block ${replaced.number} is there after all`);
    const ancestor = await stretch.ancestorBelow(replaced, signal);
    const { number } = ancestor;
    const depth = stretch.next - 1 - number;
    const text = `the chain was reorganised: taking back blocks ${number + 1} to ${stretch.next - 1}`;
    this.#options.context.logger.log('warn', text, { event: 'source.reorg', ancestor: number, depth });
    // Announcements below what is remembered are found out anew: nobody knows what they are worth now.
    const childrenUpTo = number < stretch.anchor ? -1 : number;
    const { children } = this.#options;
    const message = { kind: 'rollback', ancestor } as const;
    yield children === null ? message : { ...message, childrenUpTo, childRowsFrom: stretch.first };
    stretch.rollBack(ancestor);
    children?.rollBack(childrenUpTo);
    await this.#options.moved();
  }
}

/** Up to this block announcements must be known before blocks are read up to `end`. */
function announcedBelow({ next }: ReadStretch, { settled, latest }: ChainHead, end: number): number {
  return Math.max(Math.min(end, settled), Math.min(next - 1, latest.number));
}

/** The final block itself stays remembered: a reorganisation of all that is above must find its ancestor. */
function forgettableOf({ finalized }: ChainHead): number {
  return finalized - 1;
}
