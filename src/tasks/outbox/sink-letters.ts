import type { Query } from '../../database/database.js';
import type { JournalStore } from '../../database/events/journal-store.js';
import { hasJoined, nextRemove } from '../../database/sinks/dead-letter-store.js';
import type { DeadLetter, DeadLetterStore, EventLetter } from '../../database/sinks/dead-letter-store.js';
import type { SinkChange, SinkGuard } from '../../database/sinks/sink-store.js';
import type { EventMessage } from '../../model/event-message.js';
import { messageOf } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { readRank } from './message-of.js';
import type { PassBatch } from './pass-batches.js';
import type { Pass } from './place.js';
import type { SinkRow } from './sink-row.js';

interface SinkLettersParts {
  readonly journal: Pick<JournalStore, 'heldAt'>;
  readonly guard: SinkGuard;
  readonly letters: DeadLetterStore;
  readonly logger: Logger;
  /** Takes secrets out of a text. */
  readonly mask: (text: string) => string;
}

/** The dead letters of one sink: what its receiver refuses for good. */
export class SinkLetters {
  readonly #sink: string;
  readonly #row: SinkRow;
  readonly #parts: SinkLettersParts;
  /** The dead letters of events that are being sent again. */
  #again: readonly EventLetter[] = [];

  constructor(sink: string, row: SinkRow, parts: SinkLettersParts) {
    this.#sink = sink;
    this.#row = row;
    this.#parts = parts;
  }

  /** Keeps a message that was refused, in the transaction in which the sink's row changes. */
  async bury(message: EventMessage, attempts: number, error: Error, change: SinkChange): Promise<void> {
    const { letters, mask, logger } = this.#parts;
    const refusal = { message, attempts, error: mask(messageOf(error)) };
    // What was refused again the receiver has as little as before.
    const again = this.#again.filter(({ eventId, op }) => eventId === message.id && op === 'insert');
    const kept = again.length === 0 ? [] : [this.#mark(again, 'kept')];
    await this.#row.write(change, [letters.keep(this.#name, refusal), ...kept]);
    this.#again = this.#again.filter(({ eventId }) => eventId !== message.id);
    const fields = {
      ...{ event: 'sink.dead_letter', pipeline_id: this.#name.pipelineId },
      ...{ sink: this.#sink, id: message.id },
    };
    logger.log('error', `sink ${this.#sink}: message ${message.id} is a dead letter: ${refusal.error}`, fields);
  }

  /** Returns what is to be sent of a batch: the remove of a message that was never taken joins its insert. */
  async withoutDead(messages: readonly EventMessage[], added: PassBatch['added']): Promise<readonly EventMessage[]> {
    if (messages[0]?.op !== 'remove') return messages;
    const { letters } = this.#parts;
    const dead = new Set<string>();
    for (const { eventId, op, rank, isResent } of await this.#lettersOf(messages)) {
      const { version, replay } = readRank(rank);
      // What was refused when it was sent again may have been taken before.
      if (op === 'insert' && replay === 0 && !isResent) dead.add(`${eventId} ${version}`);
    }
    const joining = messages.filter((message) => dead.has(`${message.id} ${added.get(message)}`));
    if (joining.length === 0) return messages;
    const error = 'its insert is a dead letter';
    const kept = joining.map((message) => letters.keep(this.#name, { message, attempts: 0, error }));
    await this.#row.write({}, kept);
    return messages.filter((message) => !joining.includes(message));
  }

  /**
   * Notes what had been refused of events that a pass sends again, before they leave: a target that keeps the cursor may have
   * them, and go on behind them, though the run is cut off before its row says so.
   */
  async sendsAgain(messages: readonly EventMessage[]): Promise<void> {
    const seqs = new Map(messages.map(({ id, seq }) => [id, seq]));
    this.#again = (await this.#lettersOf(messages)).filter(({ eventId, seq }) => seq < (seqs.get(eventId) ?? 0));
    const inserts = this.#again.filter(({ op }) => op === 'insert');
    if (inserts.length > 0) await this.#row.write({}, [this.#mark(inserts, 'resent')]);
  }

  /** Returns the steps that forget what had been refused of events of which the receiver has newer messages. */
  forgetEarlier(messages: readonly EventMessage[]): readonly Query[] {
    const ids = new Set(messages.map(({ id }) => id));
    const earlier = this.#again.filter(({ eventId }) => ids.has(eventId)).map(({ id }) => id);
    this.#again = this.#again.filter(({ eventId }) => !ids.has(eventId));
    return earlier.length === 0 ? [] : [this.#parts.letters.forget(this.#name, earlier)];
  }

  /**
   * Returns the steps that forget, at the end of a pass that sends again, what had been refused of its events: a target that keeps
   * the cursor took some of them, perhaps, in a run that was cut off before it could say so. What was refused again is none of them.
   */
  async forgetResent({ from, to, resends }: Pass): Promise<readonly Query[]> {
    if (!resends) return [];
    const resent = await this.#parts.letters.listResent(this.#name);
    const own = resent.filter(({ blockNumber }) => blockNumber > (from.block ?? -1));
    if (own.length === 0) return [];
    const letters = await this.#lettersOf(own);
    const earlier = letters.filter(({ rank }) => readRank(rank).version <= to.version);
    return [
      this.#parts.letters.forget(
        this.#name,
        earlier.map(({ id }) => id),
      ),
    ];
  }

  /**
   * Returns the first of those that are to be tried again, where all up to a version has been told; null: there is none. What
   * nobody must be told of any more is forgotten, and a remove that joined an insert is not tried before that is taken.
   * `holdsRows`: its target has one row a place.
   */
  async next(told: number, holdsRows: boolean): Promise<DeadLetter | null> {
    const { letters } = this.#parts;
    for (;;) {
      const letter = await letters.firstDue(this.#name);
      if (letter === null) return null;
      if (await this.#isOver(letter, told, holdsRows))
        await this.#row.write({}, [letters.forget(this.#name, [letter.id])]);
      else if (await this.#waits(letter)) await this.#row.write({}, [this.#mark([letter], 'kept')]);
      else return letter;
    }
  }

  /**
   * Says whether the receiver has been told of what came after a letter: it must neither get what was there before in its place
   * nor lose it.
   */
  async #isOver(letter: DeadLetter, told: number, holdsRows: boolean): Promise<boolean> {
    const { journal, guard } = this.#parts;
    const { message } = letter;
    const { version } = readRank(message.rank);
    const [held = null] = await journal.heldAt(guard.pipelineId, told, [message.place]);
    if (message.op === 'insert') {
      if (held !== null) return held.added > version;
      // It has gone: where no remove waits with it that was told already.
      return nextRemove(message, await this.#lettersOf([message])) === undefined;
    }
    // A version takes away before it brings.
    if (held === null || held.added < version) return false;
    // A row has gone with the one that came in its place; of events that have an id each the receiver has both, if it had the first.
    return holdsRows || hasJoined(letter) || held.blockHash === message.place.blockHash;
  }

  /** Says whether a letter is a remove whose insert is a dead letter still. */
  async #waits(letter: DeadLetter): Promise<boolean> {
    const { message } = letter;
    if (message.op === 'insert' || !hasJoined(letter)) return false;
    const others = await this.#lettersOf([message]);
    return others.some(({ op, seq, rank }) => op === 'insert' && seq < message.seq && readRank(rank).replay === 0);
  }

  /** Forgets one that the receiver has taken after all: whoever has an insert must get what took its event back meanwhile. */
  async forget({ id, message }: DeadLetter): Promise<void> {
    const { letters } = this.#parts;
    const remove = message.op === 'insert' ? nextRemove(message, await this.#lettersOf([message])) : undefined;
    const owed = remove === undefined ? [] : [this.#mark([remove], 'owed')];
    await this.#row.write({}, [letters.forget(this.#name, [id]), ...owed]);
  }

  #mark(letters: readonly Pick<DeadLetter, 'id'>[], due: 'resent' | 'kept' | 'owed'): Query {
    const ids = letters.map(({ id }) => id);
    return this.#parts.letters.mark(this.#name, ids, due);
  }

  #lettersOf(messages: readonly Pick<EventMessage, 'id'>[]): ReturnType<DeadLetterStore['listOf']> {
    const ids = messages.map(({ id }) => id);
    return this.#parts.letters.listOf(this.#name, ids);
  }

  get #name(): { readonly pipelineId: number; readonly sink: string } {
    return { pipelineId: this.#parts.guard.pipelineId, sink: this.#sink };
  }
}
