import type { JournalStore } from '../../database/events/journal-store.js';
import type { DeadLetterStore } from '../../database/sinks/dead-letter-store.js';
import type { SinkChange, SinkGuard } from '../../database/sinks/sink-store.js';
import type { EventMessage } from '../../model/event-message.js';
import { messageOf as textOf } from '../../runtime/errors.js';
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

/** A dead letter that a person wants to be tried again. */
type DueLetter = Awaited<ReturnType<DeadLetterStore['listDue']>>[number];

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
    const refusal = { message, attempts, error: mask(textOf(error)) };
    await this.#row.write(change, [letters.keep(this.#name, refusal)]);
    const fields = {
      ...{ event: 'sink.dead_letter', pipeline_id: this.#name.pipelineId },
      ...{ sink: this.#sink, id: message.id },
    };
    logger.log('error', `sink ${this.#sink}: message ${message.id} is a dead letter: ${refusal.error}`, fields);
  }

  /** Returns what is to be sent of a batch: the remove of a message that was never taken joins its insert. */
  async withoutDead({ messages, added }: PassBatch): Promise<readonly EventMessage[]> {
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
   * Returns some of those that a person wants to be tried again, where all up to a version has been told. Those that a later
   * insert of their event has overtaken by then are forgotten.
   */
  async due(limit: number, told: number): Promise<readonly DueLetter[]> {
    const { letters, journal, guard } = this.#parts;
    for (;;) {
      const due = await letters.listDue(this.#name, limit);
      const places = due.map(({ message }) => message.place);
      const added = await journal.addedAt(guard.pipelineId, told, places);
      const overtaken = due.filter(({ message }, i) => isOvertaken(message, added[i] ?? null));
      if (overtaken.length === 0) {
        await this.#retryRemoves(due);
        return due;
      }
      const ids = overtaken.map(({ id }) => id);
      await this.#row.write({}, [letters.forget(this.#name, ids)]);
    }
  }

  /** Whoever gets an insert after all must get what took its event back meanwhile. */
  async #retryRemoves(due: readonly DueLetter[]): Promise<void> {
    const inserts = due.filter(({ message }) => message.op === 'insert').map(({ message }) => message.id);
    if (inserts.length > 0) await this.#row.write({}, this.#parts.letters.retryRemoves(this.#name, inserts));
  }

  /** Forgets one that the receiver has taken after all. */
  async forget({ id }: DueLetter): Promise<void> {
    await this.#row.write({}, [this.#parts.letters.forget(this.#name, [id])]);
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
