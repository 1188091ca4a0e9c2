import type { BlockHeader } from '../../model/block.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import { BlockRhythm } from './block-rhythm.js';
import type { ChainView } from './chain-view.js';
import { HeaderCache } from './header-cache.js';
import { HeadSubscription } from './head-subscription.js';
import { HeadWaiters } from './head-waiters.js';
import { TagAnswers } from './tag-answers.js';

interface HeadFeedOptions {
  readonly chain: Pick<ChainView, 'head' | 'heads' | 'heard' | 'isPutAside' | 'lookBehind' | 'telling'>;
  /** The chain that is meant. */
  readonly chainId: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the node last said of its head. */
export interface HeadNews {
  /** Its newest block; null where it has none at all. */
  readonly head: BlockHeader | null;
  /** How many good answers there have been: what is handed to `next` to hear of the next one. */
  readonly answers: number;
  /** The name of the endpoint that told the head by itself; undefined where it was asked. */
  readonly toldBy?: string | undefined;
}

const anything = (): boolean => true;

/** How long a subscription that tells heads may be silent before one is asked for, in milliseconds. */
const longestQuietMs = 5_000;
/** How many heads in a row must be found by asking before a subscription that did not tell them counts as silent. */
const missesBorne = 3;
/**
 * For how many blocks' time, and for how long at least, in milliseconds, a head may be the same before others are asked, too, and
 * nothing but blocks below it may be told before that is believed.
 */
const blocksBorne = 4;
const leastStillMs = 10_000;
/** How long a block is taken to last where that is not known. */
const assumedIntervalMs = 7_500;
/** How much longer than a poll interval the question for the head may be unanswered before another endpoint is asked, in milliseconds. */
const answerMs = 1_000;
/** One for all: an error of its own would hold the stack, and what stands there, for as long as somebody holds the signal. */
const unwanted = new Error('not waited for');

/**
 * Tells any number of pipelines where one chain's head is: by a subscription where there is one that speaks, else by
 * asking when the next block is due. It asks only while somebody waits.
 */
export class HeadFeed {
  /** The headers of the newest blocks heard of. */
  readonly headers = new HeaderCache();
  /** What the node says of its safe and final blocks. */
  readonly tags: TagAnswers;
  readonly #options: HeadFeedOptions;
  readonly #rhythm = new BlockRhythm();
  readonly #waiting: HeadWaiters<HeadNews>;
  #subscription: HeadSubscription | null = null;
  #news: HeadNews = { head: null, answers: 0 };
  /** By the monotonic clock: when the last good answer came, and when the head was last asked for. */
  #heardAt = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** When the head was another one last, and when it was last looked whether it stands still with some alone. */
  #movedAt = Number.NEGATIVE_INFINITY;
  #doubtedAt = Number.NEGATIVE_INFINITY;
  /** Since when nothing but blocks below the head has been told; null: the head was, or a new one, the last time. */
  #lowSince: number | null = null;
  readonly #closing = new AbortController();
  /** Whether the subscription tells heads, and how many it has missed. */
  #isTold = false;
  #missed = 0;
  #isRunning = false;
  /** How long the one in the greatest hurry would have waited when the pause of the moment began, in milliseconds. */
  #pausedFor = Number.POSITIVE_INFINITY;
  /** End the pause, and the question, of the moment. */
  #pause = new AbortController();
  #question = new AbortController();

  constructor(options: HeadFeedOptions) {
    this.#options = options;
    this.#waiting = new HeadWaiters(options.clock);
    this.tags = new TagAnswers(options.chain, options.clock);
  }

  /**
   * Returns the next good answer after those of a number, at once where one has come meanwhile; where no subscription
   * tells heads, no more than `pollMs` lies between two questions. Is asked of each answer whether it is news: where it is none, the next
   * one is waited for. Throws what asking throws.
   */
  async next(
    after: number,
    pollMs: number,
    signal: AbortSignal,
    isNews: (answer: HeadNews) => boolean = anything,
  ): Promise<HeadNews> {
    signal.throwIfAborted();
    if (this.#subscription === null) this.#subscribe();
    // What was heard long ago, when nobody waited, is no news.
    const isHeard = this.#news.answers > after && this.#now() - this.#heardAt < pollMs;
    if (isHeard && isNews(this.#news)) return this.#news;
    const next = this.#waiting.join({ pollMs, isNews }, signal);
    // Who is in more of a hurry than the others does not wait for the end of their pause.
    if (pollMs < this.#pausedFor) this.#pause.abort(unwanted);
    if (!this.#isRunning) void this.#run();
    try {
      return await next;
    } catch (error) {
      this.#restIfIdle();
      throw error;
    }
  }

  /** Returns the head where one was heard of within some time, in milliseconds; null where none was: nobody is asked. */
  recent(withinMs: number): BlockHeader | null {
    return this.#now() - this.#heardAt < withinMs ? this.#news.head : null;
  }

  /** Ends the subscription. */
  close(): void {
    this.#closing.abort(unwanted);
    this.#subscription?.close();
    this.#isTold = false;
  }

  #subscribe(): void {
    const { chain, ...options } = this.#options;
    const isPutAside = (endpoint: string): boolean => chain.isPutAside(endpoint);
    this.#subscription = new HeadSubscription({ endpoints: chain.telling, isPutAside, ...options });
    this.#subscription.start({
      told: (header, endpoint) => {
        chain.heard(header, endpoint);
        this.#told(header, endpoint);
      },
      // What came while nobody listened must be asked for.
      began: () => this.#lookSoon(),
      ended: () => {
        this.#isTold = false;
        this.#lookSoon();
      },
    });
  }

  /** Where nobody waits any more, nobody is asked. */
  #restIfIdle(): void {
    if (!this.#waiting.isEmpty) return;
    this.#pause.abort(unwanted);
    this.#question.abort(unwanted);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (!this.#waiting.isEmpty) {
      this.#pause = new AbortController();
      this.#pausedFor = this.#waiting.pollMs;
      const waitMs = this.#nextLook() - this.#now();
      if (waitMs > 0) await this.#options.clock.sleep(waitMs, this.#pause.signal).catch(() => undefined);
      else await this.#look();
    }
    this.#isRunning = false;
  }

  #nextLook(): number {
    const { pollMs } = this.#waiting;
    if (!this.#isTold) return this.#rhythm.nextLook(this.#lookedAt, pollMs);
    const silenceMs = Math.min(2.5 * (this.#rhythm.intervalMs ?? 0), longestQuietMs);
    return Math.max(this.#heardAt, this.#lookedAt) + Math.max(pollMs, silenceMs);
  }

  #lookSoon(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    this.#heardAt = Number.NEGATIVE_INFINITY;
    this.#pause.abort(unwanted);
  }

  async #look(): Promise<void> {
    this.#question = new AbortController();
    const missedAt = this.#lookedAt;
    this.#lookedAt = this.#now();
    try {
      const head = await this.#options.chain.head(this.#question.signal, this.#waiting.pollMs + answerMs);
      if (this.#isNew(head)) this.#found(head, missedAt);
      this.#answer({ head: this.#headBy(head) });
      this.#doubt();
    } catch (error) {
      if (this.#question.signal.aborted) return;
      this.#waiting.fail(error as Error);
    }
  }

  /** Whoever is asked may stand still alone, and would go on being asked. */
  #doubt(): void {
    const { head } = this.#news;
    const now = this.#now();
    if (head === null || now - Math.max(this.#movedAt, this.#doubtedAt) < this.#stillMs) return;
    this.#doubtedAt = now;
    const look = this.#options.chain.lookBehind(head.number, this.#closing.signal);
    // Who can't be asked says nothing, and the next look follows.
    void look.then((hasMore) => hasMore && this.#lookSoon()).catch(() => undefined);
  }

  get #stillMs(): number {
    return Math.max(leastStillMs, blocksBorne * (this.#rhythm.intervalMs ?? assumedIntervalMs));
  }

  /** A head was found by asking: a subscription that does not tell heads is begun anew, and not relied upon meanwhile. */
  #found(head: BlockHeader, missedAt: number): void {
    this.#rhythm.found(head, this.#lookedAt, missedAt);
    if (!this.#isTold || ++this.#missed < missesBorne) return;
    this.#isTold = false;
    const message = 'a subscription to new heads is silent: beginning it anew, and asking for heads meanwhile';
    this.#options.logger.log('warn', message, { event: 'heads.silent' });
    this.#subscription?.restart();
  }

  #told(head: BlockHeader, toldBy: string): void {
    this.#isTold = true;
    this.#missed = 0;
    const isNew = this.#isNew(head);
    if (isNew) this.#rhythm.found(head, this.#now(), this.#now());
    this.#answer({ head: this.#headBy(head), ...(isNew ? { toldBy } : {}) });
    this.#pause.abort(unwanted);
  }

  /** A block that the head stands on is old: told late, or by a node that lags. */
  #isNew(head: BlockHeader | null): head is BlockHeader {
    const { head: known } = this.#news;
    return head !== null && (known === null || !this.headers.isBelow(head, known));
  }

  /** Returns where the head is by what was told: at an old block only where nothing else has been told for long. */
  #headBy(told: BlockHeader | null): BlockHeader | null {
    const { head: known } = this.#news;
    const isLow = told !== null && known !== null && told.hash !== known.hash && this.headers.isBelow(told, known);
    this.#lowSince = isLow ? (this.#lowSince ?? this.#now()) : null;
    const isBelieved = this.#lowSince === null || this.#now() - this.#lowSince >= this.#stillMs;
    return told !== null && isBelieved ? told : known;
  }

  #answer(news: Omit<HeadNews, 'answers'>): void {
    if (news.head !== null) this.headers.add(news.head);
    if (news.head?.hash !== this.#news.head?.hash) this.#movedAt = this.#now();
    this.#news = { ...news, answers: this.#news.answers + 1 };
    this.#heardAt = this.#now();
    void this.#waiting.tell(this.#news).then(() => this.#restIfIdle());
    this.#restIfIdle();
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}
