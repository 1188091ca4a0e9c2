import type { Database } from '../../database/database.js';
import type { JournalHead } from '../../database/events/journal-store.js';
import { DeadLetterStore } from '../../database/sinks/dead-letter-store.js';
import { SinkStore } from '../../database/sinks/sink-store.js';
import type { EventOrigin } from '../../model/event-origin.js';
import type { SinkSeen } from '../../model/liveness-event.js';
import type { SinkStanding, SinkWish } from '../../model/sink.js';
import type { Holder } from '../../model/task.js';
import type { Appended } from '../../pipeline/commit.js';
import type { Lease } from '../../pipeline/lease.js';
import { whenReachable } from '../../pipeline/lease.js';
import { Bell } from '../../runtime/bell.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import { Scope } from '../../runtime/scope.js';
import { waitAtMost } from '../../runtime/wait-at-most.js';
import { blocksBehind } from './blocks-behind.js';
import { CommitPace } from './commit-pace.js';
import type { DeliveryNews } from './delivery-news.js';
import type { OpenableSink } from './openable-sink.js';
import { RunJournal } from './run-journal.js';
import { SinkLoop } from './sink-loop.js';
import { SinkRow } from './sink-row.js';
import { takeOverSinks } from './take-over.js';

export interface OutboxParts {
  readonly database: Database;
  /** The process whose task delivers. */
  readonly worker: Holder;
  readonly pipelineId: number;
  readonly lease: Lease;
  readonly sinks: readonly OpenableSink[];
  readonly origin: EventOrigin;
  /**
   * Asks the chain for the newest block that it can't replace any more; null: it has replaced some of what was read below that. Left
   * out: nobody knows.
   */
  readonly finalized?: ((signal: AbortSignal) => Promise<number | null>) | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes secrets out of a text. */
  readonly mask: (text: string) => string;
  /** Takes what is noticed. */
  readonly observe: (news: DeliveryNews) => void;
  /** Aborted when the run shall end soon. */
  readonly stopping: AbortSignal;
  /** Aborted when calls in the air must be dropped. */
  readonly signal: AbortSignal;
}

/** How often is looked for what others have changed: repairs, and what people want of sinks. */
const lookMs = 2_000;
/** How often the lease hears that the rest of the delivery is waited for. */
const movedMs = 1_000;
/** How often the chain is asked for finality while nobody knows it, and once nobody reads the chain any more. */
const finalityMs = 5_000;
/** After how long without a commit a chain may stand still, of which its reader asks for nothing but the head. */
const stillMs = 24_000;
/** How often it is asked for finality then. */
const stillFinalityMs = 12_000;
/** After how long a wait for sinks is told, in milliseconds: a run that has read all looks as if it hung. */
const toldMs = 10_000;
/** How long what is on its way may take once the run is over, in milliseconds. */
const graceMs = 3_000;

/** Delivers what a run has stored: one loop for each sink, under the run's lease. */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #store: SinkStore;
  readonly #journal: RunJournal;
  readonly #work = new Bell();
  readonly #moves = new Bell();
  readonly #wishes = new Bell();
  /** Ended once nothing of it may go on. */
  readonly #life: Scope;
  readonly #signal: AbortSignal;
  /** Ended when its loops shall end. */
  readonly #delivering: Scope;
  readonly #stopping: AbortSignal;
  #standings: ReadonlyMap<string, SinkStanding> = new Map();
  #version: number | null = null;
  #newestSeen = 0;
  #finalized = -1;
  #askedAt = -Infinity;
  #isAsking = false;
  #committedAt = -Infinity;
  /** The last block that has been read. */
  #headBlock = -1;
  #isDraining = false;
  /** True once the chain is known to have replaced what is waited for. */
  #isReplaced = false;
  #loops: readonly Promise<Error | null>[] = [];
  #sinks: readonly SinkLoop[] = [];
  readonly #busy = new Set<object>();
  #pace: CommitPace | null = null;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    // Where nobody can know what is final, what has been read is.
    if (parts.finalized === undefined) this.#finalized = Infinity;
    this.#store = new SinkStore(parts.database, parts.worker);
    this.#journal = new RunJournal(parts.database);
    this.#life = new Scope(parts.signal);
    this.#signal = this.#life.signal;
    this.#delivering = new Scope(parts.stopping);
    this.#stopping = this.#delivering.signal;
    this.#stopping.addEventListener('abort', () => this.#work.ring(), { once: true });
    this.#signal.addEventListener('abort', () => this.#work.ring(), { once: true });
  }

  /** Takes the sinks over and begins to deliver; pauses while the database is away. Throws LeaseLostError. */
  async start(): Promise<void> {
    const { lease, signal } = this.#parts;
    const { guard, epoch } = await whenReachable(lease, signal, async () => {
      const taken = await takeOverSinks(this.#parts, this.#store, this.#journal);
      await this.#read(this.#parts.pipelineId);
      return taken;
    });
    const shared = {
      ...{ guard, epoch, journal: this.#journal, sinks: this.#store, work: this.#work, moves: this.#moves },
      ...{ origin: this.#parts.origin, clock: this.#parts.clock, logger: this.#parts.logger, mask: this.#parts.mask },
      ...{ letters: new DeadLetterStore(this.#parts.database), wishes: this.#wishes },
      observe: this.#parts.observe,
      standingOf: (name: string) => this.#standings.get(name),
      finalized: () => this.#finalized,
      isDraining: () => this.#isDraining,
      isReplaced: () => this.#isReplaced,
      busy: this.#busy,
      stopping: this.#stopping,
      signal: this.#signal,
    };
    this.#sinks = this.#parts.sinks.map((sink) => {
      return new SinkLoop(sink, new SinkRow(this.#store, guard, sink.name, this.#parts.clock), shared);
    });
    this.#loops = this.#sinks.map((sink) => {
      this.#busy.add(sink);
      const loop = sink.run().finally(() => {
        this.#busy.delete(sink);
        // Those that rest wait for the last one.
        this.#work.ring();
      });
      loop.catch(() => undefined);
      return loop;
    });
    this.#pace = new CommitPace({
      ...{ sinks: this.#sinks, isFarBehind: (version) => this.#journal.isHalfFullSince(version), moves: this.#moves },
      ...{ clock: this.#parts.clock, signal: new Scope(this.#stopping, this.#signal).signal },
    });
    this.#committedAt = this.#parts.clock.monotonic();
    this.#looking = this.#look();
  }

  /** Tells that something was committed (null: not what sinks could be told as it is); resolves when more may be. */
  async committed(appended: Appended | null): Promise<void> {
    this.#committedAt = this.#parts.clock.monotonic();
    this.#journal.forget(this.#sinks.map(({ told }) => told));
    if (appended !== null) this.#journal.keep(appended);
    this.#work.ring();
    await this.#pace?.keep();
  }

  /** The newest version that was seen here, of which sinks may have been told. */
  get newestVersion(): number {
    return Math.max(this.#newestSeen, ...this.#sinks.map(({ newestVersion }) => newestVersion));
  }

  /** What people wanted of each sink that has ended in order, all of which is done. */
  get heard(): readonly SinkWish[] {
    return this.#sinks.flatMap(({ heard }) => heard ?? []);
  }

  /** Tells which block the chain can't replace any more. */
  finalizedAt(block: number): void {
    if (block <= this.#finalized) return;
    this.#finalized = block;
    this.#work.ring();
  }

  /**
   * Waits until all that is due is delivered, or the run shall stop; the lease hears of it as of any wait. Returns false where the
   * chain has replaced blocks whose finality is waited for: at once where whoever calls reads them anew, else once the rest is
   * delivered. Throws what keeps a sink from delivering for good.
   */
  async drain(moved: () => Promise<void>, readsAnew: boolean): Promise<boolean> {
    const { clock } = this.#parts;
    this.#isDraining = true;
    this.#work.ring();
    this.#wishes.ring();
    // What was known a moment ago may keep the last of it waiting.
    this.#askedAt = -Infinity;
    this.#askFinality();
    const all = Promise.all(this.#loops);
    // Raced in each turn, it would keep something of each: sinks may be waited for for weeks.
    const waiting = new Scope(this.#signal);
    const end = (): void => waiting.end();
    all.then(end, end);
    let untilTold = toldMs;
    do {
      if (this.#isReplaced && readsAnew) return false;
      await moved();
      await clock.sleep(movedMs, waiting.signal).catch(() => undefined);
      this.#signal.throwIfAborted();
      untilTold -= movedMs;
      if (!waiting.signal.aborted && untilTold === 0) this.#tellWait();
    } while (!waiting.signal.aborted);
    const failure = (await all).find((error) => error !== null);
    if (failure !== undefined) throw failure;
    return !this.#isReplaced;
  }

  /** Ends all loops: what is on its way may arrive for a while, or until the run's signal says that it may not. */
  async end(): Promise<void> {
    this.#delivering.end(new Error('the run ends'));
    const all = Promise.allSettled(this.#loops);
    await waitAtMost(all, { clock: this.#parts.clock, ms: graceMs, signal: this.#signal });
    this.#life.end(new Error('the outbox has ended'));
    await Promise.all([all, this.#looking]);
  }

  #tellWait(): void {
    const busy = this.#sinks.filter((sink) => this.#busy.has(sink));
    if (busy.length === 0) return;
    const names = busy.map(({ sink }) => sink.name).join(', ');
    const reasons = busy.flatMap(({ sink, trouble }) => (trouble === null ? [] : [`${sink.name} can’t: ${trouble}`]));
    const waits = busy.some(({ sink, trouble }) => trouble === null && sink.delivery === 'finalized');
    if (waits && this.#finalized !== Infinity) reasons.push(this.#finalText());
    // Without its run's other lines, too, somebody is to learn why it does not end.
    const isStuck = busy.some(({ trouble }) => trouble !== null);
    this.#parts.logger.log(
      isStuck ? 'error' : 'info',
      `all is read; the run ends once ${names} ${busy.length === 1 ? 'has' : 'have'} delivered it${reasons.length === 0 ? '' : `: ${reasons.join('; ')}`}`,
    );
  }

  #finalText(): string {
    return this.#finalized < 0 ? 'it is not known which blocks are final' : `final is block ${this.#finalized}`;
  }

  async #look(): Promise<void> {
    const { clock, pipelineId } = this.#parts;
    for (;;) {
      await clock.sleep(lookMs, this.#signal).catch(() => undefined);
      if (this.#signal.aborted) return;
      // Where the database is away the run's own way of waiting goes on beside this.
      await this.#read(pipelineId).catch(() => undefined);
      this.#askFinality();
    }
  }

  async #read(pipelineId: number): Promise<void> {
    const rows = await this.#store.list(pipelineId);
    const head = await this.#journal.current(pipelineId);
    const before = this.#standings;
    this.#parts.observe({ kind: 'sinks_seen', sinks: rows.map((row) => seenOf(row, head)) });
    this.#standings = new Map(rows.map((row) => [row.name, row]));
    const isNews = rows.some((row) => wishOf(row) !== wishOf(before.get(row.name))) || rows.length !== before.size;
    if (isNews) this.#wishes.ring();
    if (isNews || head?.version !== this.#version) this.#work.ring();
    this.#version = head?.version ?? null;
    this.#newestSeen = Math.max(this.#newestSeen, this.#version ?? 0);
    this.#headBlock = head?.blocks?.to ?? -1;
  }

  /** Nobody waits for the answer: while nodes are away it may take long. */
  #askFinality(): void {
    const { sinks, clock, finalized } = this.#parts;
    const waiting = sinks.filter(({ delivery }) => delivery === 'finalized');
    if (finalized === undefined || waiting.length === 0) return;
    const isTold = !this.#isDraining && this.#finalized >= 0;
    if (isTold && !this.#isHeldBack(waiting)) return;
    if (this.#isAsking || clock.monotonic() - this.#askedAt < (isTold ? stillFinalityMs : finalityMs)) return;
    this.#askedAt = clock.monotonic();
    this.#isAsking = true;
    const told = finalized(this.#signal).then(
      (block) => (block === null ? this.#replaced() : this.finalizedAt(block)),
      () => undefined,
    );
    void told.finally(() => (this.#isAsking = false));
  }

  /** While the chain is read its reader takes them back. */
  #replaced(): void {
    if (!this.#isDraining) return;
    this.#isReplaced = true;
    this.#work.ring();
  }

  /** Says whether nothing but finality keeps these sinks waiting, on a chain whose head stands still: it may move all the same. */
  #isHeldBack(sinks: readonly OpenableSink[]): boolean {
    if (this.#finalized >= this.#headBlock) return false;
    if (this.#parts.clock.monotonic() - this.#committedAt < stillMs) return false;
    return sinks.some(({ name }) => this.#standings.get(name)?.paused === false);
  }
}

function seenOf(sink: SinkStanding, head: JournalHead | null): SinkSeen {
  return { name: sink.name, behind: head === null ? 0 : blocksBehind(head, sink), deadLetters: sink.deadLetters };
}

/** What a person wants of a sink. */
function wishOf(row: SinkStanding | undefined): string {
  return row === undefined ? '' : JSON.stringify([row.paused, row.replay, row.replayFrom, row.dueLetters > 0]);
}
