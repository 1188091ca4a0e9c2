import { isOutOfTurn, publishError } from './nats-errors.js';
import type { NatsMessage } from './nats-message.js';

/** What a stream says of a message that it has. */
export interface Taken {
  /** It dropped the message, for it has one of the same id already. */
  readonly duplicate: boolean;
}

/** Where messages are published. */
export interface Publisher<T extends Taken> {
  /** Sends a message, to be stored behind another one alone where one is named; resolves once it is stored, or dropped. */
  publish(message: NatsMessage, behind: NatsMessage | null): Promise<T>;
  /** Says whether the message that a stream has in the place of one that it dropped is that one. */
  isRepetition(message: NatsMessage, taken: T): Promise<boolean>;
}

/** How many messages are asked for at a time: behind a restart all of a batch may be repetitions. */
const asked = 32;

/**
 * Sends messages many at a time, and yet none of them is stored before the one ahead of it: each names that one, so that behind
 * a message that was lost (a leader that changed, a full stream) the server refuses the rest. It also does where somebody
 * else's message came between; then the rest is sent again, fewer at a time. Returns how many of the first ones the stream
 * has: it may have dropped the next one for somebody else's message.
 */
export async function publishInTurn<T extends Taken>(
  messages: readonly NatsMessage[],
  publisher: Publisher<T>,
): Promise<number> {
  let width = messages.length;
  for (let stored = 0; stored < messages.length;) {
    const window = messages.slice(stored, stored + width);
    const taken = await publishWindow(window, publisher);
    const had = await repeatedUpTo(window, taken, publisher);
    stored += had;
    if (had < taken.length) return stored;
    width = taken.length < window.length ? Math.max(8, Math.ceil(width / 2)) : width * 2;
  }
  return messages.length;
}

/** Returns what became of the first ones, up to the one that was refused. */
async function publishWindow<T extends Taken>(
  window: readonly NatsMessage[],
  publisher: Publisher<T>,
): Promise<readonly T[]> {
  const outcomes = await Promise.all(
    window.map(async (message, index) => {
      try {
        // The one ahead of the first is acknowledged.
        return await publisher.publish(message, window[index - 1] ?? null);
      } catch (error) {
        if (isOutOfTurn(error) && index > 0) return null;
        throw publishError(error, message.subject);
      }
    }),
  );
  const refused = outcomes.indexOf(null);
  return outcomes.slice(0, refused < 0 ? window.length : refused).filter((outcome) => outcome !== null);
}

/** Returns how many of those that were not refused are stored, up to the first that was dropped for another message. */
async function repeatedUpTo<T extends Taken>(
  window: readonly NatsMessage[],
  taken: readonly T[],
  publisher: Publisher<T>,
): Promise<number> {
  const dropped = window.flatMap((message, index) => {
    const its = taken[index];
    return its?.duplicate === true ? [{ message, its, index }] : [];
  });
  for (let i = 0; i < dropped.length; i += asked) {
    const some = dropped.slice(i, i + asked);
    const repeated = await Promise.all(some.map(({ message, its }) => publisher.isRepetition(message, its)));
    const other = some[repeated.indexOf(false)];
    if (other !== undefined) return other.index;
  }
  return taken.length;
}
