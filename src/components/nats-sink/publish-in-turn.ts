import { isOutOfTurn, publishError } from './nats-errors.js';
import type { NatsMessage } from './nats-message.js';

/** Sends a message, to be stored behind another one alone where one is named; resolves once it is stored. */
export type Publish = (message: NatsMessage, behind: NatsMessage | null) => Promise<unknown>;

/**
 * Sends messages many at a time, and yet none of them is stored before the one ahead of it: each names that one, so that behind
 * a message that was lost (a leader that changed, a full stream) the server refuses the rest. It also does where somebody
 * else's message came between; then the rest is sent again, fewer at a time.
 */
export async function publishInTurn(messages: readonly NatsMessage[], publish: Publish): Promise<void> {
  let width = messages.length;
  for (let stored = 0; stored < messages.length;) {
    const window = messages.slice(stored, stored + width);
    const taken = await publishWindow(window, publish);
    stored += taken;
    width = taken < window.length ? Math.max(8, Math.ceil(width / 2)) : width * 2;
  }
}

/** Returns how many of the first ones were stored. */
async function publishWindow(window: readonly NatsMessage[], publish: Publish): Promise<number> {
  const outcomes = await Promise.all(
    window.map(async (message, index) => {
      try {
        // The one ahead of the first is acknowledged.
        await publish(message, window[index - 1] ?? null);
        return true;
      } catch (error) {
        if (isOutOfTurn(error) && index > 0) return false;
        throw publishError(error, message.subject);
      }
    }),
  );
  const refused = outcomes.indexOf(false);
  return refused < 0 ? window.length : refused;
}
