import type { Sink, SinkContext, SinkCursor } from '../../components/component.js';
import type { JournalHead, JournalStore } from '../../database/events/journal-store.js';
import type { DeadLetterStore } from '../../database/sinks/dead-letter-store.js';
import type { SinkGuard, SinkStore } from '../../database/sinks/sink-store.js';
import type { EventMessage } from '../../model/event-message.js';
import type { EventOrigin } from '../../model/event-origin.js';
import type { SinkStanding } from '../../model/sink.js';
import type { Bell } from '../../runtime/bell.js';
import type { Clock } from '../../runtime/clock.js';
import { LeaseLostError, RuntimeFailure } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import type { DeliveryNews } from './delivery-news.js';
import { deliverAll } from './delivery.js';
import type { Outgoing } from './delivery.js';
import { adoptingPass, nextPass } from './next-pass.js';
import type { Due } from './next-pass.js';
import type { OpenableSink, OpenedSink } from './openable-sink.js';
import { batchesOf, insertsOf } from './pass-batches.js';
import type { MessageParts, PassBatch, Portions } from './pass-batches.js';
import { oneAhead } from './one-ahead.js';
import { placeText, readPlace } from './place.js';
import type { Place } from './place.js';
import { resumePlace } from './resume.js';
import { SinkConnection } from './sink-connection.js';
import { SinkLetters } from './sink-letters.js';
import { SinkProgress } from './sink-progress.js';
import type { SinkRow } from './sink-row.js';
import { SinkStoppedError } from './sink-stopped-error.js';
import { SinkTrouble } from './sink-trouble.js';

/** What all sinks of a run share. */
export interface SinkLoopShared {
  readonly guard: SinkGuard;
  readonly epoch: string;
  readonly origin: EventOrigin;
  readonly journal: JournalStore;
  readonly sinks: SinkStore;
  readonly letters: DeadLetterStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes secrets out of a text. */
  readonly mask: (text: string) => string;
  readonly observe: (news: DeliveryNews) => void;
  /** Rings when something may be due. */
  readonly work: Bell;
  /** Rings when a person wants something else than before. */
  readonly wishes: Bell;
  /** What people want of a sink now; undefined where its row is gone. */
  readonly standingOf: (name: string) => SinkStanding | undefined;
  /** The newest block that the chain can't replace any more; -1 where that is not known. */
  readonly finalized: () => number;
  /** Nothing more will be stored: deliver what is due, and end. */
  readonly isDraining: () => boolean;
  /** Aborted when the run shall end soon. */
  readonly stopping: AbortSignal;
  /** Aborted when calls in the air must be dropped. */
  readonly signal: AbortSignal;
}

/** Delivers to one sink for as long as a run lasts. */
export class SinkLoop {
  readonly #shared: SinkLoopShared;
  readonly #sink: OpenableSink;
  readonly #row: SinkRow;
  readonly #trouble: SinkTrouble;
  readonly #letters: SinkLetters;
  readonly #connection: SinkConnection;
  readonly #at: SinkProgress;
  #settled: string | null = null;

  constructor(sink: OpenableSink, row: SinkRow, shared: SinkLoopShared) {
    this.#sink = sink;
    this.#row = row;
    this.#shared = shared;
    this.#trouble = new SinkTrouble(sink.name, row, shared);
    this.#letters = new SinkLetters(sink.name, row, shared);
    this.#connection = new SinkConnection(sink, shared, () => this.#at.forget());
    this.#at = new SinkProgress(this.#connection, { epoch: shared.epoch, claim: shared.guard.claim });
  }

  /**
   * Delivers until the run stops, or all is delivered and nothing more is to come. Returns why it could not deliver: null
   * where it could. Throws LeaseLostError, or the signal's reason.
   */
  async run(): Promise<Error | null> {
    try {
      for (;;) {
        try {
          await this.#deliverOn();
          return null;
        } catch (error) {
          if (await this.#isGone(error)) return null;
          this.#shared.signal.throwIfAborted();
          if (error instanceof LeaseLostError) throw error;
          if (this.#isStopping) return null;
          if (error instanceof SinkStoppedError && this.#shared.isDraining()) {
            await this.#trouble.tell(error);
            return error;
          }
          await this.#bear(error as Error);
        }
      }
    } finally {
      await this.#connection.close();
    }
  }

  get #isStopping(): boolean {
    return this.#shared.stopping.aborted;
  }

  get #standing(): SinkStanding {
    const standing = this.#shared.standingOf(this.#sink.name);
    if (standing === undefined) throw new SinkGoneError(`the sink ${this.#sink.name} is the pipeline’s no more`);
    return standing;
  }

  /** Goes on until the run shall end; what goes wrong is thrown, and everything known stays known. */
  async #deliverOn(): Promise<void> {
    for (;;) {
      const { work, isDraining } = this.#shared;
      const heard = work.rings;
      if (this.#isStopping) break;
      if (this.#standing.paused) {
        if (isDraining()) break;
        await this.#row.write();
        await work.after(heard);
        continue;
      }
      const wasDraining = isDraining();
      if (await this.#deliverDue()) continue;
      if (wasDraining && (await this.#isFinal())) break;
      await work.after(heard);
    }
    // What a gathering sink has is finished as well as it goes.
    if (this.#connection.opened !== null) await this.#settle(this.#connection.opened.sink, true);
    await this.#row.write();
  }

  /** Delivers what is due now; returns false where there is nothing. */
  async #deliverDue(): Promise<boolean> {
    const opened = await this.#connection.open();
    const head = await this.#head();
    const place = this.#at.place ?? (await this.#resume(opened.sink, head));
    if (await this.#retryLetters(opened, place)) return true;
    if (place.at !== 'end') {
      await this.#deliverPass(opened, place);
      return true;
    }
    const pass = nextPass(place.pass, this.#due(head));
    if (pass === null) {
      await this.#trouble.over();
      await this.#settle(opened.sink, false);
      await this.#row.write();
      return false;
    }
    await this.#deliverPass(opened, { pass, at: 'begin' });
    return true;
  }

  #due(head: JournalHead): Due {
    return { head, delivery: this.#sink.delivery, finalized: this.#shared.finalized(), wish: this.#standing };
  }

  async #head(): Promise<JournalHead> {
    const { journal, guard } = this.#shared;
    const head = await journal.current(guard.pipelineId);
    if (head?.claim === guard.claim) return head;
    throw new LeaseLostError(`pipeline ${guard.pipelineId} was claimed by another task`);
  }

  /** Says whether all that will ever be due is delivered: what is not final yet may come. */
  async #isFinal(): Promise<boolean> {
    if (this.#sink.delivery === 'latest') return true;
    const { blocks } = await this.#head();
    return blocks === null || this.#shared.finalized() >= blocks.to;
  }

  /** Finds out where the sink stands, by its row and by what its target keeps. */
  async #resume(sink: Sink, head: JournalHead): Promise<Place> {
    const { guard, epoch, journal, sinks } = this.#shared;
    await this.#row.write();
    const standing = (await sinks.list(guard.pipelineId)).find(({ name }) => name === this.#sink.name);
    if (standing === undefined) throw new SinkGoneError('gone');
    const held = await this.#call((context) => sink.claim?.({ epoch, claim: guard.claim }, context));
    this.#at.read(standing, held);
    const { gathers } = this.#connection;
    const reachesBack = (version: number): Promise<boolean> => journal.reachesBack(guard.pipelineId, version);
    let place: Place;
    try {
      place = await resumePlace({ standing, head, held, gathers, reachesBack });
    } catch (error) {
      const own = standing.place === null ? null : readPlace(standing.place);
      const isAsked = standing.replay > (own?.pass.replay ?? 0);
      if (!(error instanceof SinkStoppedError) || !isAsked) throw error;
      place = { pass: adoptingPass(this.#due(head)), at: 'begin' };
      await this.#store(place);
    }
    this.#at.resume({ place, standing, held });
    // What the target has beyond the row must be known as told before the row goes on.
    await this.#row.note(this.#at.sentChange());
    return place;
  }

  async #deliverPass(opened: OpenedSink, from: Place): Promise<void> {
    this.#at.place = from;
    this.#at.lowerBase(from.pass);
    for await (const batch of oneAhead(batchesOf(from, this.#portions, this.#parts(opened)))) {
      if (this.#isStopping || this.#standing.paused) return;
      await this.#deliverBatch(opened, batch);
      await this.#moveTo(batch.after);
    }
    // What brought no message left nothing that a pass which is cut off would have to send again.
    await this.#moveTo({ pass: from.pass, at: 'end' });
    if (opened.sink.settle !== undefined) await this.#settle(opened.sink, false);
  }

  async #moveTo(place: Place): Promise<void> {
    this.#at.place = place;
    await this.#row.note(this.#at.changeTo(place));
  }

  async #deliverBatch(opened: OpenedSink, batch: PassBatch): Promise<void> {
    if (batch.messages.length === 0) return;
    const messages = await this.#letters.withoutDead(batch);
    if (messages.length === 0) return;
    const { pass } = batch.after;
    if (!this.#at.isStored(pass)) await this.#store({ pass, at: this.#at.place?.at ?? 'begin' });
    const after = (last: EventMessage | null): SinkCursor =>
      this.#at.cursorOf(placeText(last === null ? batch.after : { pass, at: { op: last.op, place: last.place } }));
    await this.#send(opened.sink, { messages, before: this.#at.sent, after });
  }

  /** What may be sent twice is named by what is stored before the first message leaves. */
  async #store(place: Place): Promise<void> {
    await this.#row.write({ ...this.#at.changeTo(place), base: this.#at.base });
    this.#at.storedAs(place);
  }

  /** Returns where the sink stands then. */
  async #send(sink: Sink, outgoing: Outgoing): Promise<SinkCursor | null> {
    const { clock, stopping, signal } = this.#shared;
    return deliverAll(outgoing, {
      ...{ context: this.#context(signal), maxAttempts: this.#sink.maxAttempts, clock, stopping },
      sink: { deliver: (batch) => this.#call((each) => sink.deliver(batch, each)) },
      onDelivered: async ({ after, messages }) => {
        this.#told('delivered', messages.length);
        const place = readPlace(after.place);
        this.#at.sent = after;
        this.#at.place = place ?? this.#at.place;
        await this.#row.note({ ...this.#at.sentChange(), ...(place === null ? {} : this.#at.changeTo(place)) });
        await this.#trouble.over();
      },
      onRefused: (message, error) => this.#trouble.tell(error, `message ${message.id}`),
      onDead: async (message, attempts, error, after) => {
        const place = readPlace(after.place);
        await this.#letters.bury(message, attempts, error, place === null ? {} : this.#at.changeTo(place));
        // Only now: a message that is kept nowhere must be sent again.
        this.#at.place = place ?? this.#at.place;
        this.#told('dead_letter', 1);
      },
    });
  }

  #told(result: 'delivered' | 'dead_letter', messages: number): void {
    this.#shared.observe({ kind: 'sink_sent', sink: this.#sink.name, result, messages });
  }

  /** Tries dead letters again that a person wants to be; returns false where there are none. */
  async #retryLetters({ sink }: OpenedSink, place: Place): Promise<boolean> {
    if (this.#standing.dueLetters === 0) return false;
    const due = await this.#letters.due(this.#sink.batchSize);
    if (due.length === 0) return false;
    await this.#store(place);
    for (const letter of due) {
      if (this.#isStopping) return false;
      // They are of passes that are over: the sink stays where it is.
      const at = this.#at.cursorOf(placeText(place));
      const messages = [letter.message];
      const reached = await this.#send(sink, { messages, before: this.#at.sent, after: () => at });
      if (reached === at) await this.#letters.forget(letter);
    }
    return true;
  }

  async #settle(sink: Sink, ends: boolean): Promise<void> {
    const { place } = this.#at;
    if (sink.settle === undefined || place === null) return;
    const block = this.#at.blockAt(place);
    const text = placeText(place);
    const key = `${text} ${ends}`;
    if (block === null || this.#settled === key) return;
    // A target that keeps its cursor may keep this one: its row must not lie behind.
    await this.#row.write(this.#at.changeTo(place));
    await this.#call((context) => sink.settle?.({ block, cursor: this.#at.cursorOf(text), ends }, context));
    this.#settled = key;
    await this.#row.note(this.#at.changeTo(place));
  }

  get #portions(): Portions {
    const { eventNames, batchSize } = this.#sink;
    return { batchSize, eventNames: eventNames ?? undefined, base: this.#at.base };
  }

  #parts({ stages }: OpenedSink): MessageParts {
    const { journal, origin, logger, signal } = this.#shared;
    return { journal, origin, stages, context: { logger, signal, moved: () => Promise.resolve() } };
  }

  #call<T>(work: (context: SinkContext) => Promise<T> | undefined): Promise<T | undefined> {
    return this.#connection.call((signal) => work(this.#context(signal)));
  }

  #context(signal: AbortSignal): SinkContext {
    const { pass } = this.#at.place ?? {};
    const { opened } = this.#connection;
    return {
      logger: this.#shared.logger,
      signal,
      inserts: (blocks) => {
        if (pass === undefined || opened === null) throw new RuntimeFailure('no pass has begun');
        return insertsOf(pass, blocks, this.#portions, this.#parts(opened));
      },
    };
  }

  async #bear(error: Error): Promise<void> {
    const { clock, stopping, signal, wishes } = this.#shared;
    const heard = wishes.rings;
    this.#shared.observe({ kind: 'sink_failed', sink: this.#sink.name });
    const waitMs = await this.#trouble.bear(error);
    // Nothing mends it but what a person asks for.
    if (error instanceof SinkStoppedError) await this.#connection.close();
    const done = new AbortController();
    const pause = clock.sleep(waitMs, AbortSignal.any([stopping, signal, done.signal])).catch(() => undefined);
    await Promise.race([pause, wishes.after(heard)]);
    done.abort(new Error('done'));
  }

  /** A sink that the definition names no more is not missed. */
  async #isGone(error: unknown): Promise<boolean> {
    if (error instanceof SinkGoneError) return true;
    if (!(error instanceof LeaseLostError)) return false;
    const { sinks, guard } = this.#shared;
    const rows = await sinks.list(guard.pipelineId).catch(() => null);
    const head = await this.#head().catch(() => null);
    return head !== null && rows !== null && !rows.some(({ name }) => name === this.#sink.name);
  }
}

/** The definition names the sink no more. */
class SinkGoneError extends Error {}
