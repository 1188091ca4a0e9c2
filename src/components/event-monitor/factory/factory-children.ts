import type { LogDecoder } from '../../../chain/abi/decoder.js';
import type { ChainClient } from '../../../chain/blocks/chain-client.js';
import type { ChainView } from '../../../chain/blocks/chain-view.js';
import { NodeLagsError } from '../../../chain/blocks/consistency.js';
import type { LogFilter } from '../../../model/log-filter.js';
import { cutBatches } from '../../../chain/logs/batch-cutter.js';
import type { FetchedRange, RangeReader } from '../../../chain/blocks/range-reader.js';
import type { EarlierBatch, EventBatch, SourceMessage } from '../../../model/batch.js';
import type { BlockRange, BlockRef } from '../../../model/block.js';
import type { FactoryChild, FoundChildren } from '../../../model/factory-child.js';
import type { SourceContext } from '../../seam/source.js';
import { ChildSearch } from './child-search.js';
import { ChildSet } from './child-set.js';
import { decoderFor, ofAnnouncements, ofContracts, ofNewBlocks } from './child-filters.js';
import type { FactoryConfig } from './config.js';
import { factoryDigest, factoryLevels } from './levels.js';
import type { FactoryLevel } from './levels.js';
import { PastReader } from './past-reader.js';
import type { Standpoint } from './past-reader.js';
import type { Call } from '../../../runtime/call.js';

interface FactoryChildrenOptions {
  readonly chain: Pick<ChainView, 'header'>;
  /** Says who had no code yet; null where there is none to ask. */
  readonly nodes: ChainClient | null;
  /** Decodes what children emit, whichever contract a log is of. */
  readonly decoder: LogDecoder;
  readonly openLogs: (filter: LogFilter) => RangeReader;
  readonly context: Pick<
    SourceContext,
    'run' | 'checkpoint' | 'recentBlocks' | 'knownChildren' | 'clock' | 'logger' | 'stopping'
  >;
  readonly moved: Call['moved'];
}

/**
 * The children of a factory: a pipeline has every log of each of them from its first block on, whenever they were announced.
 * History is read once all announcements up to its end are known; in new blocks they are found among the logs. What lies below
 * the blocks that are being read when a child is found is read for it alone.
 */
export class FactoryChildren {
  readonly #options: FactoryChildrenOptions;
  readonly #levels: readonly FactoryLevel[];
  readonly #definition: string;
  readonly #past: PastReader;
  #set: ChildSet;
  #search: ChildSearch;
  /** Up to this block all announcements are stored; null: what is stored is of another factory, or to be found anew. */
  #storedTo: number | null = null;
  /** Found in blocks that are yet to be sent. */
  #unsent: readonly FactoryChild[] = [];
  /** Up to this block they are final, and stored with the first batch. */
  #heldTo = -1;
  /** What was announced above this block may have been replaced since: nothing compares blocks where a stretch is begun. Null: compared. */
  #sureTo: number | null = null;
  /** The last block below those that are read, where announcements in it may yet be replaced. */
  #anchor: BlockRef | null = null;
  /** Decodes logs of children. */
  readonly decoder: LogDecoder;
  /** What new blocks are asked for. */
  readonly ofNewBlocks: LogFilter;

  constructor(config: FactoryConfig, options: FactoryChildrenOptions) {
    this.#options = options;
    this.#levels = factoryLevels(config);
    this.#definition = factoryDigest(config);
    this.#past = new PastReader(options);
    this.#set = new ChildSet(this.#levels, null);
    this.#search = this.#searchIn(this.#set);
    this.decoder = decoderFor(options.decoder, ({ address, blockNumber }) => this.#set.takes(address, blockNumber));
    this.ofNewBlocks = ofNewBlocks(options.decoder, this.#levels);
  }

  /** Learns which children are stored. */
  async load(): Promise<void> {
    const { run, recentBlocks, knownChildren } = this.#options.context;
    const known = await knownChildren();
    if (known === null || known.definition !== this.#definition || run.fresh === true) return;
    this.#storedTo = known.knownTo;
    this.#set = new ChildSet(this.#levels, known);
    this.#search = this.#searchIn(this.#set);
    const [oldest] = recentBlocks;
    this.#sureTo = oldest === undefined ? null : oldest.number - 1;
  }

  /** Up to this block all announcements are known. */
  get knownTo(): number {
    return this.#set.knownTo;
  }

  /** Another number where the addresses are others. */
  get changes(): number {
    return this.#set.changes;
  }

  /** True where earlier blocks are yet to be read. */
  get isBehind(): boolean {
    return this.#set.earlier !== null;
  }

  /** What settled blocks are asked for. Where there is no child, something that can be asked for: an empty list means everything. */
  get ofHistory(): LogFilter {
    const { addresses } = this.#set;
    if (addresses.length > 0) return ofContracts(this.#options.decoder, addresses);
    return ofAnnouncements(this.#levels[0] as FactoryLevel, this.#set.creatorsOf(0));
  }

  /** Finds all that was announced up to a block, then reads what is missing below the blocks that are being read. */
  async *catchUp(upTo: number, at: Standpoint, signal: AbortSignal): AsyncGenerator<SourceMessage, void, undefined> {
    const { stretch, head } = at;
    if (this.#sureTo !== null && stretch.last === null) this.#forgetAbove(this.#sureTo);
    this.#sureTo = null;
    await this.#checkAnchor(at, signal);
    // What may yet be replaced is stored with the first blocks that are read: from then on a reorganisation is noticed.
    const stored = stretch.last === null ? Math.min(upTo, head.settled) : upTo;
    // Until then what is stored belongs to the former stretch: a run that ends before would leave it children for whom blocks are missing.
    if (this.#isElsewhere(at)) this.#heldTo = stored;
    else if (this.#storedTo === null || this.#set.knownTo < stored) yield await this.#store(stored, at, signal);
    if (this.#set.knownTo < upTo) await this.#searchBelow(upTo, at, signal);
    yield* this.readEarlier(at, signal);
  }

  /** Finds what was announced in new blocks. Throws NodeLagsError where they do not follow what was found below them. */
  async findIn({ logs, to, headers }: FetchedRange, at: Standpoint, signal: AbortSignal): Promise<void> {
    const anchor = at.stretch.last === null ? this.#anchor : null;
    if (anchor !== null && headers[0]?.parentHash !== anchor.hash) throw this.#replaced(anchor);
    if (to <= this.#set.knownTo) return;
    const found = await this.#wholly(this.#search.inLogs(logs, to, at, signal));
    this.#unsent = [...this.#unsent, ...found];
    this.#set.knownTo = to;
  }

  /** Returns a batch with the children that were found in its blocks. */
  withFound(batch: EventBatch): EventBatch {
    const early = this.#set.earlyRows(batch);
    const stored = this.#storedTo ?? -1;
    const upTo = Math.max(batch.toBlock, this.#heldTo);
    this.#heldTo = -1;
    const children = this.#take(upTo);
    const isNews = upTo > stored;
    if (isNews) this.#storedTo = upTo;
    return {
      ...batch,
      ...(isNews ? { found: this.#found(stored, upTo, children) } : {}),
      ...(early.length > 0 ? { early } : {}),
    };
  }

  /** Reads the blocks that are missing for children that were found late. */
  async *readEarlier(at: Standpoint, signal: AbortSignal): AsyncGenerator<EarlierBatch, void, undefined> {
    const { first } = at.stretch;
    this.#set.readTo(first - 1);
    for (let piece = this.#nextPiece(); piece !== null; piece = this.#nextPiece()) {
      const { addresses, range } = piece;
      const message = `reading blocks ${range.from} to ${range.to} for ${addresses.length} contracts that were announced later`;
      this.#options.context.logger.log('info', message, { event: 'source.earlier', ...range });
      yield* this.#readPiece(addresses, range, at, signal);
      if (this.#options.context.stopping.aborted) return;
    }
  }

  /** Forgets what was announced above a block. */
  rollBack(block: number): void {
    this.#set.dropAbove(block);
    this.#unsent = [];
    this.#heldTo = -1;
    this.#anchor = null;
    if (this.#storedTo !== null) this.#storedTo = Math.min(this.#storedTo, block);
  }

  async #store(upTo: number, at: Standpoint, signal: AbortSignal): Promise<SourceMessage> {
    const children = await this.#searchTo(upTo, at, signal);
    const { knownTo } = this.#set;
    const found = this.#found(this.#storedTo ?? -1, knownTo, [...this.#take(knownTo), ...children]);
    this.#storedTo = knownTo;
    return { kind: 'children', ...found };
  }

  /** Says whether a stretch is begun that is another one than the checkpoint's. */
  #isElsewhere({ stretch: { last, next } }: Standpoint): boolean {
    const { run, checkpoint } = this.#options.context;
    const { blockNumber } = checkpoint;
    return last === null && blockNumber !== null && (run.fresh === true || next !== blockNumber + 1);
  }

  /** Takes the children that were found up to a block out of those that are yet to be sent. */
  #take(upTo: number): readonly FactoryChild[] {
    const taken = this.#unsent.filter(({ since }) => since <= upTo);
    this.#unsent = this.#unsent.filter(({ since }) => since > upTo);
    return taken;
  }

  #forgetAbove(block: number): void {
    this.#set.forgetAbove(block);
    if (this.#storedTo !== null) this.#storedTo = Math.min(this.#storedTo, block);
  }

  /** Blocks below the first one that is read are not remembered: the last of them stands for all. */
  async #searchBelow(upTo: number, at: Standpoint, signal: AbortSignal): Promise<void> {
    const { chain } = this.#options;
    const anchor = await chain.header(upTo, signal);
    const from = this.#set.knownTo;
    const found = await this.#searchTo(upTo, at, signal);
    if (anchor === null || (await chain.header(upTo, signal))?.hash !== anchor.hash) {
      this.#set.forgetAbove(from);
      throw new NodeLagsError(`block ${upTo} was replaced`);
    }
    this.#anchor = anchor;
    this.#unsent = [...this.#unsent, ...found];
  }

  async #checkAnchor({ stretch, head }: Standpoint, signal: AbortSignal): Promise<void> {
    const anchor = stretch.last === null ? this.#anchor : null;
    if (anchor === null) return;
    const found = anchor.number > head.latest.number ? null : await this.#options.chain.header(anchor.number, signal);
    if (found?.hash !== anchor.hash) this.#replaced(anchor);
  }

  /** What was announced in blocks that may be others now is found anew. */
  #replaced({ number }: BlockRef): NodeLagsError {
    this.rollBack(this.#storedTo ?? -1);
    return new NodeLagsError(`block ${number} was replaced`);
  }

  async #searchTo(upTo: number, at: Standpoint, signal: AbortSignal): Promise<readonly FactoryChild[]> {
    const { logger } = this.#options.context;
    const from = this.#set.knownTo + 1;
    logger.log('info', `looking for announcements up to block ${upTo}`, { event: 'source.factory', from, to: upTo });
    const children = await this.#wholly(this.#search.inPast(upTo, at, signal));
    this.#set.knownTo = Math.max(upTo, this.#set.knownTo);
    const message = `${children.length} contracts were announced up to block ${upTo}, ${this.#set.size} in all are read`;
    logger.log('info', message, { event: 'source.children', found: children.length, known: this.#set.size });
    return children;
  }

  /** What a search has found before it failed is found again. */
  async #wholly(search: Promise<readonly FactoryChild[]>): Promise<readonly FactoryChild[]> {
    try {
      return await search;
    } catch (error) {
      this.#set.forgetAbove(this.#set.knownTo);
      throw error;
    }
  }

  #found(knownFrom: number, knownTo: number, children: readonly FactoryChild[]): FoundChildren {
    return { definition: this.#definition, knownFrom, knownTo, children };
  }

  /** The next blocks for which the same children wait, from the first to the last of them. */
  #nextPiece(): { readonly addresses: readonly string[]; readonly range: BlockRange } | null {
    const { earlier, waiting } = this.#set;
    if (earlier === null) return null;
    const { from } = earlier;
    const ranges = waiting.flatMap((child) => child.earlier ?? []);
    const ends = ranges.filter((range) => range.from === from).map(({ to }) => to);
    const begins = ranges.filter((range) => range.from > from).map((range) => range.from - 1);
    const addresses = waiting.filter((child) => child.earlier?.from === from).map(({ address }) => address);
    return { addresses, range: { from, to: Math.min(...ends, ...begins) } };
  }

  async *#readPiece(
    addresses: readonly string[],
    range: BlockRange,
    at: Standpoint,
    signal: AbortSignal,
  ): AsyncGenerator<EarlierBatch, void, undefined> {
    const { decoder, context, moved } = this.#options;
    const wanted = new Set(addresses);
    const own = decoderFor(decoder, ({ address }) => wanted.has(address));
    const filter = ofContracts(decoder, addresses);
    for await (const fetched of this.#past.read(filter, range, at, signal)) {
      for await (const batch of cutBatches(fetched, own, Number.MAX_SAFE_INTEGER, context.clock)) {
        const { fromBlock, toBlock, events, undecoded } = batch;
        const early = this.#set.earlyRows(batch);
        yield { kind: 'earlier', fromBlock, toBlock, addresses, events, undecoded, early };
        this.#set.readTo(toBlock);
        await moved();
        if (context.stopping.aborted) return;
      }
    }
  }

  #searchIn(set: ChildSet): ChildSearch {
    const { nodes: chain, moved } = this.#options;
    return new ChildSearch({ levels: this.#levels, set, past: this.#past, chain, moved });
  }
}
