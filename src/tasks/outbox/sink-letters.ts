import type { JournalStore } from '../../database/events/journal-store.js';
import type { DeadLetterStore } from '../../database/sinks/dead-letter-store.js';
import type { SinkChange, SinkGuard } from '../../database/sinks/sink-store.js';
import type { EventMessage } from '../../model/event-message.js';
import { messageOf } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { readSeq } from './message-of.js';
import type { PassBatch } from './pass-batches.js';
import type { SinkRow } from './sink-row.js';

interface SinkLettersParts {
  readonly journal: Pick<JournalStore, 'addedAt'>;
  readonly guard: SinkGuard;
  readonly letters: DeadLetterStore;
  readonly logger: Logger;
  /** Takes secrets out of a text. */
  readonly mask: (text: string) => string;
}

/** A dead letter that is to be tried again. */
type DueLetter = NonNullable<Awaited<ReturnType<DeadLetterStore['firstDue']>>>;

/** The dead letters of one sink: what its receiver refuses for good. */
export class SinkLetters {
  readonly #sink: string;
  readonly #row: SinkRow;
  readonly #parts: SinkLettersParts;

  constructor(sink: string, row: SinkRow, parts: SinkLettersParts) {
    this.#sink = sink;
    this.#row = row;
    this.#parts = parts;
  }

  /** Keeps a message that was refused, in the transaction in which the sink's row changes. */
  async bury(message: EventMessage, attempts: number, error: Error, change: SinkChange): Promise<void> {
    const { letters, mask, logger } = this.#parts;
    const refusal = { message, attempts, error: mask(messageOf(error)) };
    await this.#row.write(change, [letters.keep(this.#name, refusal)]);
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
    const ids = messages.map(({ id }) => id);
    const dead = await letters.deadInserts(this.#name, ids);
    const isDead = (message: EventMessage): boolean =>
      (dead.get(message.id) ?? []).map(readSeq).some(({ version, replay }) => {
        // What was refused when it was sent again may have been taken before.
        return version === added.get(message) && replay === 0;
      });
    const joining = messages.filter(isDead);
    if (joining.length === 0) return messages;
    const error = 'its insert is a dead letter';
    const kept = joining.map((message) => letters.keep(this.#name, { message, attempts: 0, error }));
    await this.#row.write({}, kept);
    return messages.filter((message) => !joining.includes(message));
  }

  /**
   * Returns the first of those that are to be tried again, where all up to a version has been told; null: there is none. What a
   * later insert of its event has overtaken by then is forgotten, and a remove that joined an insert is not tried before that
   * is taken.
   */
  async next(told: number): Promise<DueLetter | null> {
    const { letters, journal, guard } = this.#parts;
    for (;;) {
      const letter = await letters.firstDue(this.#name);
      if (letter === null) return null;
      const [added] = await journal.addedAt(guard.pipelineId, told, [letter.message.place]);
      if (isOvertaken(letter.message, added ?? null))
        await this.#row.write({}, [letters.forget(this.#name, [letter.id])]);
      else if (await this.#waits(letter)) await this.#row.write({}, [letters.mark(this.#name, [letter.id], 'kept')]);
      else return letter;
    }
  }

  /** Says whether a letter is a remove whose insert is a dead letter still. */
  async #waits({ message, attempts, isOwed }: DueLetter): Promise<boolean> {
    if (message.op === 'insert' || attempts > 0 || isOwed) return false;
    const others = await this.#parts.letters.listOf(this.#name, message.id);
    return others.some(({ op, seq }) => op === 'insert' && seq < message.seq && readSeq(seq).replay === 0);
  }

  /** Forgets one that the receiver has taken after all: whoever has an insert must get what took its event back meanwhile. */
  async forget({ id, message }: DueLetter): Promise<void> {
    const { letters } = this.#parts;
    const later = (await letters.listOf(this.#name, message.id)).find(({ seq }) => seq > message.seq);
    const isOwed = message.op === 'insert' && later?.op === 'remove';
    const owed = isOwed ? [letters.mark(this.#name, [later.id], 'owed')] : [];
    await this.#row.write({}, [letters.forget(this.#name, [id]), ...owed]);
  }

  get #name(): { readonly pipelineId: number; readonly sink: string } {
    return { pipelineId: this.#parts.guard.pipelineId, sink: this.#sink };
  }
}

/**
 * Says whether the receiver has been told of what was there of an event after a message of it that it refused: it must neither
 * get what was there before in its place nor lose it. A version takes away before it brings.
 */
function isOvertaken({ seq, op }: EventMessage, added: number | null): boolean {
  const { version } = readSeq(seq);
  return added !== null && (op === 'insert' ? version < added : version <= added);
}
