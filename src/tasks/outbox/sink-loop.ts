import { TargetLostError, UnfitReceiverError } from '../../components/seam/delivery-errors.js';
import type { Sink, SinkCursor } from '../../components/seam/sink.js';
import type { JournalHead, RowsSince } from '../../database/events/journal-store.js';
import type { SinkChange } from '../../database/sinks/sink-store.js';
import type { SinkStanding, SinkWish } from '../../model/sink.js';
import { ClaimedLaterError, LeaseLostError } from '../../runtime/errors.js';
import { scoped } from '../../runtime/scope.js';
import { isReplayAsked } from './blocks-behind.js';
import type { PacedSink } from './commit-pace.js';
import { DeliveryHeldError } from './delivery.js';
import { adoptingPass, nextPass } from './next-pass.js';
import type { Due } from './next-pass.js';
import type { OpenableSink, OpenedSink } from './openable-sink.js';
import { placeText, readPlace, type Extent, type SinkPlace } from './place.js';
import { hasNotBegun, resumePlace } from './resume.js';
import { SinkConnection } from './sink-connection.js';
import { SinkDelivery } from './sink-delivery.js';
import type { SinkLoopShared } from './sink-loop-shared.js';
import { SinkProgress } from './sink-progress.js';
import type { SinkRow } from './sink-row.js';
import { SinkStoppedError } from './sink-stopped-error.js';
import { SinkTrouble } from './sink-trouble.js';

/** Delivers to one sink for as long as a run lasts. */
export class SinkLoop implements PacedSink {
  readonly #shared: SinkLoopShared;
  readonly sink: OpenableSink;
  readonly #row: SinkRow;
  readonly #trouble: SinkTrouble;
  readonly #connection: SinkConnection;
  readonly #at: SinkProgress;
  readonly #delivery: SinkDelivery;
  #tellsUpTo: number | null = null;
  #newestVersion = 0;
  /** Nothing more is to come; what was gathered is yet to be written. */
  #isEnding = false;
  #heard: SinkWish | null = null;

  constructor(sink: OpenableSink, row: SinkRow, shared: SinkLoopShared) {
    this.sink = sink;
    this.#row = row;
    this.#shared = shared;
    this.#trouble = new SinkTrouble(sink.name, row, shared);
    this.#connection = new SinkConnection(sink, shared, () => this.#at.forget());
    this.#at = new SinkProgress(this.#connection, this.#holder);
    const parts = { row, trouble: this.#trouble, connection: this.#connection, at: this.#at };
    this.#delivery = new SinkDelivery(sink, parts, shared, () => !this.#isStopping && !this.#standing.paused);
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
          const trouble = error instanceof LeaseLostError ? await this.#judgeLoss(error) : (error as Error);
          if (trouble instanceof DeliveryHeldError) continue;
          if (this.#isStopping) return null;
          if (trouble === null) continue;
          if (isForPeople(trouble) && this.#shared.isDraining()) {
            await this.#trouble.tell(trouble);
            return trouble;
          }
          await this.#bear(trouble);
        }
      }
    } finally {
      await this.#connection.close();
    }
  }

  get tellsUpTo(): number | null {
    return this.#tellsUpTo;
  }

  /** What it has been told of; null: nobody knows, until it has asked its target. */
  get told(): Extent | null {
    const { place } = this.#at;
    return place === null ? null : place.at === 'end' ? place.pass.to : place.pass.from;
  }

  /** What keeps it from delivering; null: nothing that is known. */
  get trouble(): string | null {
    return this.#trouble.told;
  }

  /** The newest version that it has seen. */
  get newestVersion(): number {
    return this.#newestVersion;
  }

  /** What a person wanted of it when it ended, all of which is done; null: it has not, or not in order. */
  get heard(): SinkWish | null {
    return this.#heard;
  }

  get taken(): number {
    return this.#delivery.taken;
  }

  get #isStopping(): boolean {
    return this.#shared.stopping.aborted;
  }

  get #holder(): Omit<SinkCursor, 'place'> {
    const { epoch, guard } = this.#shared;
    return { epoch, claim: guard.claim };
  }

  get #standing(): SinkStanding {
    const standing = this.#shared.standingOf(this.sink.name);
    if (standing === undefined) throw new SinkGoneError(`the sink ${this.sink.name} is the pipeline’s no more`);
    return standing;
  }

  /**
   * Goes on until the run shall end, or nothing more is to come for any sink: what people ask of one meanwhile it does while the
   * run waits for another. What goes wrong is thrown, and everything known stays known.
   */
  async #deliverOn(): Promise<void> {
    const { work, isDraining, isReplaced, busy } = this.#shared;
    while (!this.#isStopping) {
      const heard = work.rings;
      busy.add(this);
      const wasDraining = isDraining();
      const { paused } = this.#standing;
      const seen = paused ? null : await this.#deliverDue();
      if (!paused && seen === null) continue;
      const isDone = wasDraining && (seen === null || isAll(seen) || isReplaced());
      if (isDone) await this.#finish();
      // That a run ends says nothing of whether its sinks can deliver.
      if (isDone && !paused) await this.#trouble.over();
      await this.#row.write();
      if (isDone) busy.delete(this);
      // What was asked for while its last was written is done first.
      if (busy.size === 0 && work.rings === heard) {
        this.#heard = this.#standing;
        work.ring();
        return;
      }
      await work.after(heard);
    }
    await this.#finish();
    await this.#row.write();
  }

  /** What a gathering sink has is finished as well as it goes. */
  async #finish(): Promise<void> {
    this.#isEnding = true;
    await this.#delivery.settle(true);
  }

  /** Delivers what is due now, and returns null then; where there is nothing, what it saw. */
  async #deliverDue(): Promise<Due | null> {
    const opened = await this.#connection.open();
    const head = await this.#head();
    if (this.#at.place !== null && (await this.#beginsAnew(head))) return null;
    const place = this.#at.place ?? (await this.#resume(opened.sink, head));
    if (place === null) return this.#due(head);
    if (place.at !== 'end') {
      await this.#deliverPass(opened, place);
      return null;
    }
    if (this.#standing.dueLetters > 0 && (await this.#delivery.retryLetters(opened, place))) return null;
    const due = this.#due(head);
    const pass = nextPass(place.pass, due);
    if (pass === null) {
      // Before it is settled a sink that gathers may not have written anything, and at its end it writes what is left.
      await this.#delivery.settle(false);
      // Before a run knows what is final nobody knows whether nothing is due.
      if (knowsFinal(due) && !this.#isEnding) await this.#trouble.over();
      await this.#row.write();
      return due;
    }
    await this.#deliverPass(opened, { pass, at: 'begin' });
    return null;
  }

  async #deliverPass(opened: OpenedSink, from: SinkPlace): Promise<void> {
    this.#tellsUpTo = from.pass.to.version;
    try {
      await this.#delivery.deliverPass(opened, from);
    } finally {
      this.#tellsUpTo = null;
      this.#shared.moves.ring();
    }
  }

  #due(head: JournalHead): Due {
    return { head, delivery: this.sink.delivery, finalized: this.#shared.finalized(), wish: this.#standing };
  }

  async #head(): Promise<JournalHead> {
    const { journal, guard } = this.#shared;
    const head = await journal.current(guard.pipelineId);
    this.#newestVersion = Math.max(this.#newestVersion, head?.version ?? 0);
    return guard.confirm(head);
  }

  /**
   * Where it stands where the journal has not come to, for the database was set back, or the claim has leapt, it knows nothing
   * any more: its row and its target are asked, and judged, as at the beginning of a run. Says whether that is so.
   */
  async #beginsAnew(head: JournalHead): Promise<boolean> {
    const isAhead = (this.#at.place?.pass.to.version ?? -1) > head.version;
    if (!isAhead && this.#at.holder.claim === this.#shared.guard.claim) return false;
    if (isAhead) this.#row.forget();
    await this.#connection.close();
    return true;
  }

  /**
   * Returns what the loss of a lease means where the pipeline is still ours; null: the sink just begins anew. Throws
   * LeaseLostError where it is another's.
   */
  async #judgeLoss({ message }: LeaseLostError): Promise<Error | null> {
    let head: JournalHead;
    try {
      head = await this.#head();
      await this.#shared.guard.renew();
    } catch (error) {
      if (error instanceof LeaseLostError) throw error;
      // Nobody knows yet.
      return error as Error;
    }
    if (await this.#beginsAnew(head)) return null;
    // Whoever claims later does so in the database first.
    return this.#stopped(`${message}, though the pipeline is this task’s: was the database set back?`);
  }

  /**
   * Finds out where the sink stands, by its row and by what its target keeps. Returns null where it is to be filled with final
   * blocks, and nobody knows yet which ones are.
   */
  async #resume(sink: Sink, head: JournalHead): Promise<SinkPlace | null> {
    const { guard, journal, sinks } = this.#shared;
    this.#at.holder = this.#holder;
    await this.#row.write();
    const standing = (await sinks.list(guard.pipelineId)).find(({ name }) => name === this.sink.name);
    if (standing === undefined) throw new SinkGoneError('gone');
    const isAsked = isReplayAsked(standing);
    const held = await this.#claim(sink, { isAsked, mustHold: !isAsked && standing.cursorBlock !== null });
    this.#at.read(standing, held);
    const { gathers } = this.#connection;
    const reachesBack = (version: number): Promise<boolean> => journal.reachesBack(guard.pipelineId, version);
    const since = (version: number): Promise<RowsSince> => journal.since(guard.pipelineId, version);
    let place: SinkPlace;
    let putBack: SinkChange = {};
    try {
      place = await resumePlace({ standing, head, held, gathers, isLost: this.#at.isLost, reachesBack, since });
      // Of what a target does not say nothing was told before.
      const isTold = held !== null && held !== undefined;
      if (isTold && hasNotBegun(standing) && placeText(place) !== standing.place)
        putBack = this.#putBack(standing, place);
    } catch (error) {
      if (!(error instanceof SinkStoppedError) || !isAsked) throw error;
      const due = this.#due(head);
      if (!knowsFinal(due)) return null;
      place = { pass: adoptingPass(due, readPlace(standing.place ?? '')?.pass), at: 'begin' };
      await this.#delivery.store(place);
    }
    this.#at.resume({ place, standing, held });
    // What the target has beyond the row must be known as told before the row goes on; were its place behind that, a run that
    // is cut off here would have it told again.
    await this.#row.note({ ...putBack, ...this.#at.sentChange(), ...this.#at.changeTo(place) });
    return place;
  }

  /**
   * Goes on though its row is new, and returns what that must say: nobody knows any more of which events it was told before it was
   * taken out of the definition, nor from which block on; what was sent again then is no wish of now.
   */
  #putBack({ replay }: SinkStanding, { pass }: SinkPlace): SinkChange {
    const message = `sink ${this.sink.name} goes on from what its target holds; what it had delivered before it was taken out of the definition stays`;
    this.#shared.logger.log('info', message, { event: 'sink.put_back', sink: this.sink.name });
    return { base: this.#at.dropBase(), toldEvents: [], replay: replay + pass.replay };
  }

  /** Claims the target; one that was claimed later than the pipeline only where a person says how it is to be filled. */
  async #claim(sink: Sink, by: { isAsked: boolean; mustHold: boolean }): Promise<SinkCursor | null | undefined> {
    try {
      return await this.#delivery.call((context) =>
        sink.claim?.(this.#at.holder, { ...context, mustHold: by.mustHold }),
      );
    } catch (error) {
      if (error instanceof TargetLostError) throw this.#stopped(error.message);
      if (!(error instanceof ClaimedLaterError)) throw error;
      // Of a run that was taken over meanwhile it is the one that took it.
      await this.#head();
      if (!by.isAsked) throw this.#stopped('its target was claimed later than the pipeline: the database was set back');
      await this.#shared.guard.leapOver(error.claim);
      this.#at.holder = this.#holder;
      return this.#claim(sink, by);
    }
  }

  #stopped(message: string): SinkStoppedError {
    return new SinkStoppedError(this.#shared.guard.pipelineId, this.sink.name, message, this.#connection.keepsRows);
  }

  async #bear(error: Error): Promise<void> {
    const { clock, stopping, signal, wishes } = this.#shared;
    const heard = wishes.rings;
    this.#shared.observe({ kind: 'sink_failed', sink: this.sink.name });
    const waitMs = await this.#trouble.bear(error);
    // Nothing mends it but what a person asks for.
    if (error instanceof SinkStoppedError) await this.#connection.close();
    await scoped([stopping, signal], (over) => wishes.ringsWithin(heard, { clock, ms: waitMs, signal: over }));
  }

  /** A sink that the definition names no more is not missed. */
  async #isGone(error: unknown): Promise<boolean> {
    if (error instanceof SinkGoneError) return true;
    if (!(error instanceof LeaseLostError)) return false;
    const { sinks, guard } = this.#shared;
    const rows = await sinks.list(guard.pipelineId).catch(() => null);
    const head = await this.#head().catch(() => null);
    return head !== null && rows !== null && !rows.some(({ name }) => name === this.sink.name);
  }
}

/** Says whether it is known which blocks are to be delivered. */
function knowsFinal({ delivery, finalized }: Due): boolean {
  return delivery === 'latest' || finalized >= 0;
}

/** Says whether nothing more will be due where nothing is now: what is not final yet may come. */
function isAll({ head, delivery, finalized }: Due): boolean {
  return delivery === 'latest' || head.blocks === null || finalized >= head.blocks.to;
}

/** Says whether no waiting mends what is wrong. */
function isForPeople(error: unknown): error is Error {
  return error instanceof SinkStoppedError || error instanceof UnfitReceiverError;
}

/** The definition names the sink no more. */
class SinkGoneError extends Error {}
