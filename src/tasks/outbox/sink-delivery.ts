import type { Sink, SinkContext, SinkCursor } from '../../components/seam/sink.js';
import type { Query } from '../../database/database.js';
import type { EventMessage } from '../../model/event-message.js';
import { quietCall } from '../../runtime/call.js';
import { RuntimeFailure } from '../../runtime/errors.js';
import { deliverAll } from './delivery.js';
import type { Outgoing } from './delivery.js';
import { oneAhead } from './one-ahead.js';
import type { OpenableSink, OpenedSink } from './openable-sink.js';
import { batchesOf, insertsOf } from './pass-batches.js';
import type { MessageParts, PassBatch, Portions } from './pass-batches.js';
import { placeText, readPlace } from './place.js';
import type { Pass, SinkPlace } from './place.js';
import type { SinkConnection } from './sink-connection.js';
import { SinkLetters } from './sink-letters.js';
import type { SinkLoopShared } from './sink-loop-shared.js';
import type { SinkProgress } from './sink-progress.js';
import type { SinkRow } from './sink-row.js';
import type { SinkTrouble } from './sink-trouble.js';

/** What the loop of a sink and its delivery work on together. */
export interface SinkDeliveryParts {
  readonly row: SinkRow;
  readonly trouble: SinkTrouble;
  readonly connection: SinkConnection;
  readonly at: SinkProgress;
}

/** How messages reach one sink; when they do is its loop's affair. */
export class SinkDelivery {
  readonly #sink: OpenableSink;
  readonly #row: SinkRow;
  readonly #trouble: SinkTrouble;
  readonly #connection: SinkConnection;
  readonly #at: SinkProgress;
  readonly #letters: SinkLetters;
  readonly #shared: SinkLoopShared;
  readonly #goesOn: () => boolean;
  /** What was told last of how far all has come, and whom. */
  #settled: { readonly sink: Sink; readonly text: string; readonly ends: boolean } | null = null;
  /** The last block that a target which gathers held for good when it was looked at last; null: it was not yet. */
  #kept: number | null = null;
  #taken = 0;

  constructor(sink: OpenableSink, parts: SinkDeliveryParts, shared: SinkLoopShared, goesOn: () => boolean) {
    this.#sink = sink;
    this.#row = parts.row;
    this.#trouble = parts.trouble;
    this.#connection = parts.connection;
    this.#at = parts.at;
    this.#letters = new SinkLetters(sink.name, parts.row, shared);
    this.#shared = shared;
    this.#goesOn = goesOn;
  }

  /** How many batches its receiver has taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Delivers a pass from a place on, for as long as it goes on. */
  async deliverPass(opened: OpenedSink, from: SinkPlace): Promise<void> {
    this.#at.place = from;
    this.#at.lowerBase(from.pass);
    for await (const batch of oneAhead(batchesOf(from, this.#portions, this.#parts(opened)))) {
      if (!this.#goesOn()) return;
      await this.#deliverBatch(opened, batch);
      await this.#moveTo(batch.after);
    }
    // What brought no message left nothing that a pass which is cut off would have to send again.
    await this.#moveTo({ pass: from.pass, at: 'end' }, await this.#letters.forgetResent(from.pass));
    await this.settle(false);
  }

  async #moveTo(place: SinkPlace, beside: readonly Query[] = []): Promise<void> {
    this.#at.place = place;
    await this.#row.note(this.#at.changeTo(place), beside);
  }

  async #deliverBatch(opened: OpenedSink, batch: PassBatch): Promise<void> {
    if (await this.#deliverStored(opened, batch)) return;
    const told = batch.messages();
    if (told.length === 0) return;
    const messages = await this.#letters.withoutDead(told, batch.added);
    if (messages.length === 0) return;
    const { pass } = batch.after;
    await this.#name(pass);
    if (pass.resends) await this.#letters.sendsAgain(messages);
    const after = (last: EventMessage | null): SinkCursor =>
      this.#at.cursorOf(placeText(last === null ? batch.after : { pass, at: { op: last.op, place: last.place } }));
    await this.#send(opened.sink, { messages, before: this.#at.sent, after });
  }

  /** Delivers events from where they lie; returns false where their messages must be sent. */
  async #deliverStored({ sink }: OpenedSink, { stored, after: place }: PassBatch): Promise<boolean> {
    if (stored === undefined) return false;
    await this.#name(place.pass);
    const after = this.#at.cursorOf(placeText(place));
    const isDone = await this.call((context) => sink.deliverStored?.({ events: stored, after }, context));
    if (isDone !== true) return false;
    await this.#delivered(after, stored.count, []);
    return true;
  }

  /** The row names a pass before the first of its messages leaves. */
  async #name(pass: Pass): Promise<void> {
    if (!this.#at.isStored(pass)) await this.store({ pass, at: this.#at.place?.at ?? 'begin' });
  }

  /** `beside`: steps that belong to what was delivered. */
  async #delivered(after: SinkCursor, messages: number, beside: readonly Query[]): Promise<void> {
    this.#taken += 1;
    this.#shared.moves.ring();
    this.#told('delivered', messages);
    const place = readPlace(after.place);
    this.#at.sent = after;
    this.#at.place = place ?? this.#at.place;
    const change = { ...this.#at.sentChange(), ...(place === null ? {} : this.#at.changeTo(place)) };
    await this.#row.note(change, beside);
    if (this.#isKept()) await this.#trouble.over();
  }

  /** Says whether the target holds more for good than before: one that gathers has not written what it took. */
  #isKept(): boolean {
    if (!this.#connection.gathers) return true;
    const kept = this.#connection.opened?.sink.keptBlock ?? -1;
    const isMore = this.#kept !== null && kept > this.#kept;
    if (this.#kept === null || isMore) this.#kept = kept;
    return isMore;
  }

  /** What may be sent twice is named by what is stored before the first message leaves. */
  async store(place: SinkPlace): Promise<void> {
    await this.#row.write({ ...this.#at.changeTo(place), base: this.#at.base });
    this.#at.storedAs(place);
  }

  /** Returns where the sink stands then. */
  async #send(sink: Sink, outgoing: Outgoing): Promise<SinkCursor | null> {
    const { clock, stopping, signal } = this.#shared;
    return deliverAll(outgoing, {
      ...{ maxAttempts: this.#sink.maxAttempts, clock, stopping, signal },
      goesOn: this.#goesOn,
      send: (batch) => this.call((context) => sink.deliver(batch, context)),
      onDelivered: ({ after, messages }) =>
        this.#delivered(after, messages.length, this.#letters.forgetEarlier(messages)),
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

  /** Tries dead letters again that a person wants to be, at the end of a pass; returns false where there are none. */
  async retryLetters({ sink }: OpenedSink, place: SinkPlace): Promise<boolean> {
    // Who keeps the cursor has rows, and whoever else messages.
    const next = () => this.#letters.next(place.pass.to.version, sink.claim !== undefined);
    let letter = await next();
    if (letter === null) return false;
    await this.store(place);
    for (; letter !== null; letter = await next()) {
      if (!this.#goesOn()) return false;
      // They are of passes that are over: the sink stays where it is.
      const at = this.#at.cursorOf(placeText(place));
      const reached = await this.#send(sink, { messages: [letter.message], before: this.#at.sent, after: () => at });
      if (reached === at) await this.#letters.forget(letter);
    }
    return true;
  }

  /** Tells a sink that gathers how far all has come; `ends`: nothing more will in this run. */
  async settle(ends: boolean): Promise<void> {
    const { place } = this.#at;
    const { sink } = this.#connection.opened ?? {};
    if (sink?.settle === undefined || place === null) return;
    const block = this.#at.blockAt(place);
    const text = placeText(place);
    const known = this.#settled?.sink === sink && this.#settled.text === text ? this.#settled : null;
    if (block === null || known?.ends === ends || known?.ends === true) return;
    // A target that keeps its cursor may keep this one: its row must not lie behind.
    await this.#row.write(this.#at.changeTo(place));
    await this.call((context) => sink.settle?.({ block, cursor: this.#at.cursorOf(text), ends }, context));
    this.#settled = { sink, text, ends };
    await this.#row.note(this.#at.changeTo(place));
  }

  get #portions(): Portions {
    const { name, eventNames, batchSize } = this.#sink;
    const toldEvents = this.#shared.standingOf(name)?.toldEvents ?? undefined;
    return { batchSize, eventNames: eventNames ?? undefined, toldEvents, base: this.#at.base };
  }

  #parts({ sink, stages }: OpenedSink): MessageParts {
    const { journal, origin, logger, signal } = this.#shared;
    const takesStored = sink.deliverStored !== undefined;
    return { journal, origin, stages, takesStored, context: { ...quietCall(signal), logger } };
  }

  /** Calls the sink; one that does not answer is given up, and opened anew. */
  call<T>(work: (context: SinkContext) => Promise<T> | undefined): Promise<T | undefined> {
    return this.#connection.call((call) => work(this.#context(call)));
  }

  #context(call: Pick<SinkContext, 'signal' | 'moved'>): SinkContext {
    const { pass } = this.#at.place ?? {};
    const { opened } = this.#connection;
    return {
      ...call,
      logger: this.#shared.logger,
      wasClaimed: this.#at.wasClaimed,
      goesOn: this.#goesOn,
      inserts: (blocks) => {
        if (pass === undefined || opened === null) throw new RuntimeFailure('no pass has begun');
        return insertsOf(pass, blocks, this.#portions, this.#parts(opened));
      },
    };
  }
}
