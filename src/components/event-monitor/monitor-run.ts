import type { ChainClient } from '../../chain/blocks/chain-client.js';
import type { ChainView } from '../../chain/blocks/chain-view.js';
import { checkChainId } from '../../chain/check-chain-id.js';
import type { LogDecoder } from '../../chain/abi/decoder.js';
import { NodeLagsError } from '../../chain/blocks/consistency.js';
import type { HeadFeed } from '../../chain/blocks/head-feed.js';
import type { HeadNews } from '../../chain/blocks/head-feed.js';
import { HeadReader } from '../../chain/blocks/head-reader.js';
import type { ChainHead } from '../../chain/blocks/head-reader.js';
import { LagPatience } from '../../chain/blocks/lag-patience.js';
import type { SharedLogs } from '../../chain/logs/shared-logs.js';
import { ReadStretch } from '../../chain/blocks/read-stretch.js';
import { ReorgTooDeepError } from '../../chain/blocks/reorg.js';
import type { SourceMessage } from '../../model/batch.js';
import { leftOutBefore, resolveStart } from '../../model/start-block.js';
import type { StartBlock } from '../../model/start-block.js';
import { Scope } from '../../runtime/scope.js';
import type { SourceContext } from '../seam/source.js';
import type { EventMonitorConfig } from './config.js';
import type { BlockReader } from './block-reader.js';
import { LowHead } from './low-head.js';
import type { MissingCode } from './missing-code.js';
import { needsRewind } from './needs-rewind.js';
import { openBlockReader } from './open-block-reader.js';
import type { PortalReading } from './portal-reading.js';

interface MonitorRunDeps {
  readonly chain: ChainView;
  readonly nodes: ChainClient | null;
  readonly portal: PortalReading | null;
  readonly heads: HeadFeed;
  readonly shared?: SharedLogs | undefined;
  readonly decoder: LogDecoder;
  readonly missingCode: MissingCode;
}

/** One run of an EventMonitor: what is read next, until it is done. */
export class MonitorRun {
  readonly #config: EventMonitorConfig;
  readonly #chain: ChainView;
  /** Where only final blocks are told of: who does. */
  readonly #finalOnly: PortalReading | null;
  readonly #context: SourceContext;
  readonly #mode: 'historical' | 'realtime';
  readonly #feed: HeadFeed;
  readonly #heads: HeadReader;
  readonly #blocks: BlockReader;
  readonly #patience: LagPatience;
  readonly #lowHead: LowHead;
  readonly #nodes: ChainClient | null;
  readonly #missingCode: MissingCode;
  readonly #life: Scope;
  /** Aborted when the run shall stop, gently or not. */
  readonly #signal: AbortSignal;
  #stretch: ReadStretch | null = null;
  #head: ChainHead | null = null;
  #target: number | null = null;
  /** True where the run begins above the chain's head, or where nothing is left to read, until what was read is known to be of the chain. */
  #isInDoubt = false;
  /** The newest final block by a head up to which what was read is known to be of the chain. */
  #finalized: number | undefined;
  /** The hash of a head behind which nothing is left to be done. */
  #restsAt: string | null = null;
  /** The last answer of the feed that has been heard. */
  #answers = 0;
  /** True until it has been told that an answer was progress, and nothing more. */
  #isTelling = false;
  /** When it was last told, by the monotonic clock. */
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(config: EventMonitorConfig, deps: MonitorRunDeps, context: SourceContext) {
    const { chain, heads, nodes, portal, missingCode } = deps;
    this.#config = config;
    this.#chain = chain;
    this.#finalOnly = nodes === null ? portal : null;
    this.#context = context;
    this.#patience = new LagPatience(context.clock);
    this.#lowHead = new LowHead(context, this.#finalOnly === null ? 'node' : 'portal');
    this.#nodes = nodes;
    this.#missingCode = missingCode;
    this.#mode = context.run.mode ?? config.mode;
    this.#feed = heads;
    // Whoever tells of final blocks alone is at least as deep as anyone asks for.
    const finality = this.#finalOnly === null ? config.finality : 'latest';
    this.#heads = new HeadReader(chain, finality, context.logger, heads.tags);
    this.#blocks = openBlockReader(config, deps, context, () => this.#moved());
    this.#life = new Scope(context.stopping, context.signal);
    this.#signal = this.#life.signal;
  }

  async *messages(): AsyncGenerator<SourceMessage, void, undefined> {
    await this.#checkChain();
    const { stretch, ...begun } = await this.#begin();
    let { head } = begun;
    if (this.#nodes !== null)
      this.#missingCode.look(this.#nodes, head.latest.number, this.#context.logger, this.#signal);
    await this.#blocks.load();
    while (!this.#isDone(stretch)) {
      try {
        const end = Math.min(head.readable, this.#target ?? Number.POSITIVE_INFINITY);
        for await (const message of this.#blocks.read(stretch, head, end, this.#signal)) {
          yield message;
          // Before the first message that follows on it nobody knows whether what was read is of the same chain as this head.
          if (message.kind === 'events') this.#finalized = head.finalized;
        }
        this.#finalized = head.finalized;
        this.#patience.restore();
        this.#isInDoubt = false;
        this.#restsAt = this.#blocks.isBehind ? null : head.latest.hash;
      } catch (error) {
        await this.#bear(error, stretch);
      }
      if (this.#isDone(stretch)) break;
      head = await this.#nextHead();
    }
    if (!this.#context.stopping.aborted) this.#lowHead.end(head.latest.number, stretch.last);
  }

  /** Gives up what has been read ahead. */
  close(): void {
    this.#blocks.close();
    this.#life.end();
  }

  async #checkChain(): Promise<void> {
    const { run, checkpoint } = this.#context;
    const found = await this.#chain.chainId(this.#signal);
    await this.#moved();
    checkChainId(found, { defined: this.#config.chainId, read: run.fresh === true ? null : checkpoint.chainId });
  }

  /** Asks for the head, and beside it, where the first block is known, for what lies below that: each takes a latency. */
  async #begin(): Promise<{ readonly head: ChainHead; readonly stretch: ReadStretch }> {
    const { run, checkpoint, logger } = this.#context;
    const start = resolveStart({ run, config: this.#config, mode: this.#mode, checkpoint });
    const asked = this.#firstHead();
    const [head, stretch] = await Promise.all([
      asked,
      start.block === 'head'
        ? asked.then(({ readable }) => this.#open(Math.max(0, readable), start))
        : this.#open(start.block, start),
    ]);
    if (!start.resumes) await this.#warnOfWhatStays(stretch.next, head);
    this.#target = this.#targetOf(head);
    if (this.#target !== null && stretch.next > this.#target && (!start.resumes || run.fromBlock !== undefined)) {
      const why = start.resumes
        ? `all up to block ${stretch.next - 1} has been read (--fresh reads it again), and the run`
        : `the run begins at block ${stretch.next} and`;
      logger.log('warn', `nothing to read: ${why} ends at block ${this.#target}`, { event: 'source.nothing' });
    }
    this.#isInDoubt = start.resumes && (head.latest.number < stretch.next - 1 || this.#isReplaceable(stretch));
    this.#stretch = stretch;
    // On a quiet chain nothing else tells where it stands.
    await this.#moved();
    return { head, stretch };
  }

  /** Warns of what was read of the same chain below the block at which another stretch begins: it lies behind a gap, or nobody looks after it. */
  async #warnOfWhatStays(block: number, head: ChainHead): Promise<void> {
    const { checkpoint, recentBlocks, logger } = this.#context;
    if (checkpoint.chainId !== this.#config.chainId) return;
    const gap = leftOutBefore(block, checkpoint);
    if (gap !== undefined) logger.log('warn', gap, { event: 'source.gap' });
    const below = recentBlocks.filter(({ number }) => number < block);
    const newest = below.at(-1);
    if (newest === undefined) return;
    const isFinal = newest.number <= head.finalized;
    if (isFinal && (await this.#chain.header(newest.number, this.#signal))?.hash === newest.hash) return;
    const from = below[0]?.number ?? 0;
    const message = `events up to block ${newest.number} were stored before those blocks were final: this run takes none of them back where the chain has replaced them; to read them again: --from-block ${from}`;
    logger.log('warn', message, { event: 'source.unsettled_below' });
  }

  /** Says whether the last block was not final when it was read: with nothing more to read, nothing else shows that it was replaced. */
  #isReplaceable({ last }: ReadStretch): boolean {
    return this.#context.recentBlocks.some(({ number }) => number === last?.number);
  }

  async #open(block: number, { resumes }: StartBlock): Promise<ReadStretch> {
    const { checkpoint, recentBlocks, storedBlock } = this.#context;
    const sources = { chain: this.#chain, storedBlock };
    const stretch = resumes ? ReadStretch.resume(sources, checkpoint, recentBlocks) : ReadStretch.begin(sources, block);
    await stretch.learnFloor(this.#signal);
    return stretch;
  }

  #targetOf(head: ChainHead): number | null {
    const wanted = this.#wantedTarget(head);
    if (this.#finalOnly === null || (wanted !== null && wanted <= head.readable)) return wanted;
    const message = `the portal has blocks up to ${head.readable} as final, and no RPC URL is set for newer ones: the run ends there`;
    if (wanted !== null) this.#context.logger.log('warn', message, { event: 'source.final_only' });
    return head.readable;
  }

  #wantedTarget(head: ChainHead): number | null {
    const { run } = this.#context;
    const { mode, endBlock } = this.#config;
    if (run.toBlock !== undefined) return run.toBlock;
    // Who asks for the head on the command line does not mean the end of the history in the definition.
    if (this.#mode === 'realtime') return mode === 'realtime' ? endBlock : null;
    return endBlock ?? head.readable;
  }

  #isDone(stretch: ReadStretch): boolean {
    const isRead = this.#target !== null && stretch.next > this.#target && !this.#blocks.isBehind;
    return this.#context.stopping.aborted || (isRead && !this.#isInDoubt);
  }

  /**
   * Where others follow the chain its head is known: thousands of runs that begin need not ask for it each. Who reads up to the head, and no
   * further, asks for the newest.
   */
  async #firstHead(): Promise<ChainHead> {
    const heard = this.#mode === 'realtime' ? this.#feed.recent(this.#config.pollInterval * 1_000) : null;
    const head = await (heard === null ? this.#heads.read(this.#signal) : this.#heads.at(heard, this.#signal));
    return head === null ? this.#nextHead() : this.#reached(head);
  }

  /** Waits for the node's next word on its head: each is progress, whether it tells of a new block or not. */
  async #nextHead(): Promise<ChainHead> {
    for (;;) {
      const { head: latest, answers } = await this.#feed.next(
        this.#answers,
        this.#config.pollInterval * 1_000,
        this.#signal,
        (answer) => this.#isNews(answer),
      );
      this.#answers = answers;
      const head = latest === null ? null : await this.#heads.at(latest, this.#signal);
      if (head !== null) return this.#reached(head);
      await this.#moved();
      this.#bearLag(this.#nothingYet());
    }
  }

  #nothingYet(): NodeLagsError {
    return this.#finalOnly?.nothingYet() ?? new NodeLagsError('the node does not know any block');
  }

  /** That the head is still the block that was read last is progress, and nothing to wake up for. */
  #isNews({ head, answers }: HeadNews): boolean {
    if (head === null || head.hash !== this.#restsAt || head.hash !== this.#stretch?.last?.hash) return true;
    // Who can't be told, while the database is away, is to pause with the run.
    if (this.#isTelling) return true;
    this.#answers = answers;
    const { clock, quietMs = 0 } = this.#context;
    const now = clock.monotonic();
    if (now - this.#toldAt < quietMs) return false;
    this.#toldAt = now;
    this.#isTelling = true;
    // Where the lease is lost the run hears of it by its signal.
    const told = (): void => void (this.#isTelling = false);
    // Nothing has changed that it could tell.
    this.#context.moved().then(told, told);
    return false;
  }

  async #reached(head: ChainHead): Promise<ChainHead> {
    this.#head = head;
    this.#lowHead.look(head.latest.number, this.#stretch?.last ?? null);
    await this.#moved();
    return head;
  }

  /** Throws what can't be borne. */
  async #bear(error: unknown, { first }: ReadStretch): Promise<void> {
    // Where the head is the same again it is to be told: another one may have been told since.
    this.#restsAt = null;
    try {
      this.#bearLag(error);
    } catch (fatal) {
      if (!(fatal instanceof ReorgTooDeepError)) throw fatal;
      const { storedBlock } = this.#context;
      const call = { moved: () => this.#moved(), signal: this.#signal };
      throw await needsRewind(fatal, { chain: this.#chain, first, storedBlock }, call);
    }
  }

  #bearLag(error: unknown): void {
    const complaint = this.#patience.bear(error);
    const who = this.#finalOnly === null ? 'node' : 'portal';
    this.#context.logger.log('info', `waiting for the ${who}: ${complaint}`, { event: 'source.lag' });
  }

  async #moved(): Promise<void> {
    await this.#context.moved({
      mode: this.#mode,
      nextBlock: this.#stretch?.next ?? null,
      targetBlock: this.#target,
      headBlock: this.#head?.latest.number ?? null,
      ...this.#readable(),
      finalizedBlock: this.#finalized,
      ...this.#withoutCode(),
    });
  }

  #withoutCode(): { readonly withoutCode?: readonly string[] } {
    const { found } = this.#missingCode;
    return found.length === 0 ? {} : { withoutCode: found };
  }

  #readable(): { readonly readableBlock?: number } {
    const { readable, latest } = this.#head ?? {};
    return readable === undefined || readable === latest?.number ? {} : { readableBlock: readable };
  }
}
