import type { Sink, SinkContext, SinkCursor } from '../../components/component.js';
import type { JournalHead, JournalStore } from '../../database/events/journal-store.js';
import type { DeadLetterStore } from '../../database/sinks/dead-letter-store.js';
import type { SinkGuard, SinkStore } from '../../database/sinks/sink-store.js';
import type { EventMessage } from '../../model/event-message.js';
import type { EventOrigin } from '../../model/event-origin.js';
import type { SinkStanding } from '../../model/sink.js';
import type { Bell } from '../../runtime/bell.js';
import type { Clock } from '../../runtime/clock.js';
import { LeaseLostError, RuntimeFailure, messageOf as textOf } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import type { DeliveryNews } from './delivery-news.js';
import { deliverAll } from './delivery.js';
import type { Outgoing } from './delivery.js';
import { readSeq } from './message-of.js';
import { adoptingPass, nextPass } from './next-pass.js';
import type { Due } from './next-pass.js';
import { closeSink } from './openable-sink.js';
import type { OpenableSink, OpenedSink } from './openable-sink.js';
import { batchesOf, insertsOf } from './pass-batches.js';
import type { MessageParts, PassBatch, Portions } from './pass-batches.js';
import { oneAhead } from './one-ahead.js';
import { lastBlockOf, neededVersion, placeText, readPlace } from './place.js';
import type { Pass, Place } from './place.js';
import { resumePlace } from './resume.js';
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

/** How long one call of a sink may take, in milliseconds: one that never answers must not be waited for. */
const callTimeoutMs = 300_000;

/** Delivers to one sink for as long as a run lasts. */
export class SinkLoop {
  readonly #shared: SinkLoopShared;
  readonly #sink: OpenableSink;
  readonly #row: SinkRow;
  readonly #trouble: SinkTrouble;
  #opened: OpenedSink | null = null;
  /** Where it stands; null until that is known. */
  #place: Place | null = null;
  /** What its receiver was told last. */
  #sent: SinkCursor | null = null;
  /** The pass of which the row knows already. */
  #stored: Pass | null = null;
  #settled: string | null = null;
  #base: SinkStanding['base'] = { version: 0, block: -1 };
  #cursorBlock: number | null = null;
  /** Of a sink that gathers: the version from which its target may have to be told again. */
  #heldNeeds: number | null = null;

  constructor(sink: OpenableSink, row: SinkRow, shared: SinkLoopShared) {
    this.#sink = sink;
    this.#row = row;
    this.#shared = shared;
    this.#trouble = new SinkTrouble(sink.name, row, shared);
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
      await this.#close();
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
    await this.#end();
  }

  /** Delivers what is due now; returns false where there is nothing. */
  async #deliverDue(): Promise<boolean> {
    const opened = (this.#opened ??= await this.#sink.open());
    const head = await this.#head();
    const place = (this.#place ??= await this.#resume(opened.sink, head));
    if (await this.#retryLetters(opened)) return true;
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

  async #resume(sink: Sink, head: JournalHead): Promise<Place> {
    const { guard, epoch, journal, sinks } = this.#shared;
    await this.#row.write();
    const standing = (await sinks.list(guard.pipelineId)).find(({ name }) => name === this.#sink.name);
    if (standing === undefined) throw new SinkGoneError('gone');
    const held = await this.#call((context) => sink.claim?.({ epoch, claim: guard.claim }, context));
    const gathers = sink.settle !== undefined && sink.claim !== undefined;
    const reachesBack = (version: number): Promise<boolean> => journal.reachesBack(guard.pipelineId, version);
    const told = standing.sentPlace === null ? null : this.#cursorOf(standing.sentPlace);
    this.#sent = held === undefined ? told : held;
    [this.#base, this.#cursorBlock] = [standing.base, standing.cursorBlock];
    let place: Place;
    try {
      place = await resumePlace({ standing, head, held, gathers, reachesBack });
    } catch (error) {
      const own = standing.place === null ? null : readPlace(standing.place);
      const isAsked = standing.replay > (own?.pass.replay ?? 0);
      if (!(error instanceof SinkStoppedError) || !isAsked) throw error;
      const pass = adoptingPass(this.#due(head));
      place = { pass, at: 'begin' };
      await this.#store(place);
    }
    if (placeText(place) === standing.place) this.#stored = place.pass;
    // What the target has beyond the row must be known as told before the row goes on.
    await this.#row.note(this.#sentChange());
    this.#heldNeeds = gathers && held !== null && held !== undefined ? neededBy(held.place) : null;
    return place;
  }

  async #deliverPass(opened: OpenedSink, from: Place): Promise<void> {
    this.#place = from;
    this.#lowerBase(from.pass);
    for await (const batch of oneAhead(batchesOf(from, this.#portions, this.#parts(opened)))) {
      if (this.#isStopping || this.#standing.paused) return;
      await this.#deliverBatch(opened, batch);
      this.#place = batch.after;
      await this.#row.note(this.#changeTo(batch.after));
    }
    this.#place = { pass: from.pass, at: 'end' };
    // What brought no message left nothing that a pass which is cut off would have to send again.
    await this.#row.note(this.#changeTo(this.#place));
    if (opened.sink.settle !== undefined) await this.#settle(opened.sink, false);
  }

  async #deliverBatch(opened: OpenedSink, batch: PassBatch): Promise<void> {
    if (batch.messages.length === 0) return;
    const messages = await this.#withoutDead(batch);
    if (messages.length === 0) return;
    const { pass } = batch.after;
    if (this.#stored !== pass) await this.#store({ pass, at: this.#place?.at ?? 'begin' });
    const after = (last: EventMessage | null): SinkCursor =>
      this.#cursorOf(placeText(last === null ? batch.after : { pass, at: { op: last.op, place: last.place } }));
    await this.#send(opened.sink, { messages, before: this.#sent, after });
  }

  /** What is sent again, whoever had it first, is the sink's affair from then on. */
  #lowerBase({ from, resends }: Pass): void {
    if (resends && from.block !== null && from.block < this.#base.block)
      this.#base = { ...this.#base, block: from.block };
  }

  /** What may be sent twice is named by what is stored before the first message leaves. */
  async #store(place: Place): Promise<void> {
    await this.#row.write({ ...this.#changeTo(place), base: this.#base });
    this.#stored = place.pass;
  }

  /** Returns where the sink stands then. */
  async #send(sink: Sink, outgoing: Outgoing): Promise<SinkCursor | null> {
    const { clock, stopping } = this.#shared;
    const context = this.#context(this.#shared.signal);
    return deliverAll(outgoing, {
      ...{ context, maxAttempts: this.#sink.maxAttempts, clock, stopping },
      sink: { deliver: (batch) => this.#call((each) => sink.deliver(batch, each)) },
      onDelivered: async ({ after, messages }) => {
        this.#told('delivered', messages.length);
        this.#sent = after;
        const place = readPlace(after.place);
        if (place !== null) this.#place = place;
        await this.#row.note({ ...this.#sentChange(), ...(place === null ? {} : this.#changeTo(place)) });
        await this.#trouble.over();
      },
      onRefused: (message, error) => this.#trouble.tell(error, `message ${message.id}`),
      onDead: (message, attempts, error, after) => this.#bury(message, attempts, error, after),
    });
  }

  #told(result: 'delivered' | 'dead_letter', messages: number): void {
    this.#shared.observe({ kind: 'sink_sent', sink: this.#sink.name, result, messages });
  }

  /** A target that gathers has not been told for good what it was handed. */
  #sentChange(): { readonly sentPlace?: string } {
    return this.#gathers || this.#sent === null ? {} : { sentPlace: this.#sent.place };
  }

  async #bury(message: EventMessage, attempts: number, error: Error, after: SinkCursor): Promise<void> {
    const { letters, mask, logger, guard } = this.#shared;
    const refusal = { message, attempts, error: mask(textOf(error)) };
    const name = { pipelineId: guard.pipelineId, sink: this.#sink.name };
    const place = readPlace(after.place);
    await this.#row.write(place === null ? {} : this.#changeTo(place), [letters.keep(name, refusal)]);
    if (place !== null) this.#place = place;
    this.#told('dead_letter', 1);
    const fields = { event: 'sink.dead_letter', pipeline_id: guard.pipelineId, sink: this.#sink.name, id: message.id };
    logger.log('error', `sink ${this.#sink.name}: message ${message.id} is a dead letter: ${refusal.error}`, fields);
  }

  /** The remove of a message that was never taken must not reach the receiver either. */
  async #withoutDead({ messages, added }: PassBatch): Promise<readonly EventMessage[]> {
    const { letters, guard } = this.#shared;
    if (messages[0]?.op !== 'remove') return messages;
    const name = { pipelineId: guard.pipelineId, sink: this.#sink.name };
    const dead = await letters.deadInserts(
      name,
      messages.map(({ id }) => id),
    );
    const isDead = (message: EventMessage): boolean =>
      (dead.get(message.id) ?? []).map(readSeq).some(({ version, replay }) => {
        // What was refused when it was sent again may have been taken before.
        return version === added.get(message) && replay === 0;
      });
    const joining = messages.filter(isDead);
    if (joining.length === 0) return messages;
    const error = 'its insert is a dead letter';
    await this.#row.write(
      {},
      joining.map((message) => letters.keep(name, { message, attempts: 0, error })),
    );
    return messages.filter((message) => !joining.includes(message));
  }

  /** Tries dead letters again that a person wants to be; returns false where there are none. */
  async #retryLetters({ sink }: OpenedSink): Promise<boolean> {
    const { letters, guard } = this.#shared;
    if (this.#standing.dueLetters === 0) return false;
    const name = { pipelineId: guard.pipelineId, sink: this.#sink.name };
    const due = await letters.listDue(name, this.#sink.batchSize);
    if (due.length === 0) return false;
    const place = this.#place as Place;
    await this.#store(place);
    for (const { id, message } of due) {
      if (this.#isStopping) return false;
      // They are of passes that are over: the sink stays where it is.
      const at = this.#cursorOf(placeText(place));
      const reached = await this.#send(sink, { messages: [message], before: this.#sent, after: () => at });
      if (reached === at) await this.#row.write({}, [letters.forget(name, [id])]);
    }
    return true;
  }

  async #settle(sink: Sink, ends: boolean): Promise<void> {
    if (sink.settle === undefined || this.#place === null) return;
    const block = this.#place.at === 'end' ? lastBlockOf(this.#place.pass) : this.#blockAt(this.#place);
    const place = placeText(this.#place);
    const key = `${place} ${ends}`;
    if (block === null || this.#settled === key) return;
    // A target that keeps its cursor may keep this one: its row must not lie behind.
    await this.#row.write(this.#changeTo(this.#place));
    await this.#call((context) => sink.settle?.({ block, cursor: this.#cursorOf(place), ends }, context));
    this.#settled = key;
    await this.#row.note(this.#changeTo(this.#place));
  }

  /** What a gathering sink has is finished as well as it goes. */
  async #end(): Promise<void> {
    if (this.#opened !== null && this.#place !== null) await this.#settle(this.#opened.sink, true);
    await this.#row.write();
  }

  get #gathers(): boolean {
    return this.#opened?.sink.settle !== undefined && this.#opened.sink.claim !== undefined;
  }

  #changeTo(place: Place) {
    const keptBlock = this.#opened?.sink.keptBlock;
    this.#cursorBlock = keptBlock === undefined ? this.#blockAt(place) : keptBlock;
    return {
      place: placeText(place),
      epoch: this.#shared.epoch,
      needsVersion: this.#needed(place),
      cursorBlock: this.#cursorBlock,
    };
  }

  #needed(place: Place): number {
    if (!this.#gathers) return neededVersion(place);
    const { keptPlace } = this.#opened?.sink ?? {};
    const held = typeof keptPlace === 'string' ? neededBy(keptPlace) : this.#heldNeeds;
    const { version } = this.#base;
    return held ?? (version > 0 ? version : place.pass.to.version);
  }

  /** Up to which block all is delivered at a place. */
  #blockAt({ pass, at }: Place): number | null {
    if (at === 'end') return lastBlockOf(pass);
    const below = at === 'begin' || at.op === 'remove' ? -1 : at.place.blockNumber - 1;
    return below > (this.#cursorBlock ?? -1) ? below : this.#cursorBlock;
  }

  get #portions(): Portions {
    const { eventNames, batchSize } = this.#sink;
    return { batchSize, eventNames: eventNames ?? undefined, base: this.#base };
  }

  #parts({ stages }: OpenedSink): MessageParts {
    const { journal, origin, logger, signal } = this.#shared;
    return { journal, origin, stages, context: { logger, signal, moved: () => Promise.resolve() } };
  }

  #cursorOf(place: string): SinkCursor {
    return { epoch: this.#shared.epoch, claim: this.#shared.guard.claim, place };
  }

  #context(signal: AbortSignal): SinkContext {
    const { logger } = this.#shared;
    const { pass } = this.#place ?? {};
    return {
      logger,
      signal,
      inserts: (blocks) => {
        if (pass === undefined || this.#opened === null) throw new RuntimeFailure('no pass has begun');
        return insertsOf(pass, blocks, this.#portions, this.#parts(this.#opened));
      },
    };
  }

  /** Calls a sink; one that does not answer is given up, and opened anew. */
  async #call<T>(work: (context: SinkContext) => Promise<T> | undefined): Promise<T | undefined> {
    const { clock, signal } = this.#shared;
    const done = new AbortController();
    const late = new AbortController();
    const tooLong = clock.sleep(callTimeoutMs, AbortSignal.any([done.signal, signal])).then(() => {
      late.abort(new RuntimeFailure(`no answer within ${callTimeoutMs / 1_000} s`));
      throw late.signal.reason as Error;
    });
    tooLong.catch(() => undefined);
    try {
      return await Promise.race([work(this.#context(AbortSignal.any([signal, late.signal]))), tooLong]);
    } catch (error) {
      if (late.signal.aborted) await this.#close();
      throw error;
    } finally {
      done.abort(new Error('done'));
    }
  }

  async #bear(error: Error): Promise<void> {
    const { clock, stopping, signal, wishes } = this.#shared;
    const heard = wishes.rings;
    this.#shared.observe({ kind: 'sink_failed', sink: this.#sink.name });
    const waitMs = await this.#trouble.bear(error);
    // Nothing mends it but what a person asks for.
    if (error instanceof SinkStoppedError) await this.#close();
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

  async #close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    this.#place = null;
    this.#stored = null;
    if (opened === null) return;
    const { clock } = this.#shared;
    const done = new AbortController();
    const patience = clock.sleep(closeMs, done.signal).catch(() => undefined);
    await Promise.race([closeSink(opened), patience]);
    done.abort(new Error('closed'));
  }
}

/** How long a sink may take to close, in milliseconds. */
const closeMs = 1_000;

/** The definition names the sink no more. */
class SinkGoneError extends Error {}

function neededBy(text: string): number | null {
  const place = readPlace(text);
  return place === null ? null : neededVersion(place);
}
