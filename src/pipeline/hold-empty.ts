import type { EventBatch, SourceMessage } from '../model/batch.js';
import type { Clock } from '../runtime/clock.js';
import { beginWait, type Deadline } from '../runtime/wait-at-most.js';

/** For how long each other task of a process makes one hold back an empty commit, and for how long at most, in milliseconds. */
const holdMsPerTask = 15;
const longestHoldMs = 120_000;
/** What was held back goes at moments that are so far apart, in milliseconds: a database takes together what comes together. */
const togetherMs = 500;

interface Holding {
  readonly clock: Clock;
  /** For how long what says nothing may be held back now, in milliseconds; 0: not at all. */
  readonly holdMs: () => number;
  /** Called with what is held back. */
  readonly onHeld: (batch: EventBatch) => void;
}

/**
 * Joins batches in which nothing happens with those behind them, so that a pipeline to which blocks say nothing need not move its
 * checkpoint with each of them. What is lost with a process is read again, and is empty again. The first batch is never held
 * back: until it is committed the pipeline stands nowhere.
 */
export async function* holdEmpty(
  messages: AsyncGenerator<SourceMessage, void, undefined>,
  { clock, holdMs, onHeld }: Holding,
): AsyncGenerator<SourceMessage, void, undefined> {
  let next: Promise<IteratorResult<SourceMessage, void>> | null = null;
  let held: EventBatch | null = null;
  let until = Number.NEGATIVE_INFINITY;
  /** One for all that is held together: a timer of its own for each block would cost more than the block. */
  let deadline: Deadline | null = null;
  const letGo = (): null => {
    deadline?.callOff();
    return (deadline = null);
  };
  let hasBegun = false;
  try {
    for (;;) {
      next ??= askAhead(messages);
      const result: IteratorResult<SourceMessage, void> | null =
        deadline === null ? await next : await Promise.race([next, deadline.over]);
      if (result === null) {
        if (held !== null) yield held;
        held = letGo();
        continue;
      }
      next = null;
      if (result.done === true) {
        if (held !== null) yield held;
        return;
      }
      const message: SourceMessage | null = held === null ? result.value : join(held, result.value);
      if (message === null) {
        if (held !== null) yield held;
        held = letGo();
        yield result.value;
        continue;
      }
      if (held === null) until = clock.monotonic() + (hasBegun ? holdMs() : 0);
      if (isEmpty(message) && clock.monotonic() < until) {
        held = message;
        deadline ??= beginWait({ clock, ms: until - clock.monotonic() });
        onHeld(message);
        continue;
      }
      held = letGo();
      hasBegun ||= message.kind === 'events';
      yield message;
    }
  } finally {
    letGo();
    await next?.catch(() => undefined);
    await messages.return();
  }
}

/** What goes wrong while nobody waits for it is met in its turn. */
function askAhead(
  messages: AsyncGenerator<SourceMessage, void, undefined>,
): Promise<IteratorResult<SourceMessage, void>> {
  const next = messages.next();
  next.catch(() => undefined);
  return next;
}

function isEmpty(message: SourceMessage): message is EventBatch {
  return (
    message.kind === 'events' &&
    message.events.length === 0 &&
    message.undecoded.length === 0 &&
    message.found === undefined &&
    (message.early ?? []).length === 0
  );
}

/** Returns a batch of the blocks of two; null where the second does not follow the first. */
function join(held: EventBatch, message: SourceMessage): SourceMessage | null {
  if (message.kind !== 'events' || message.fromBlock !== held.toBlock + 1) return null;
  const { finalizedBlock } = message;
  const remembered = held.recentBlocks.filter(({ number }) => number > finalizedBlock);
  return { ...message, fromBlock: held.fromBlock, recentBlocks: [...remembered, ...message.recentBlocks] };
}

/**
 * Returns for how long a task to which blocks say nothing may hold its checkpoint back from now on, by the monotonic clock: a process moves
 * those of some hundred a second, however many it has, and not all of a chain at once. One that is alone moves it with each block.
 */
export function holdMsOf(tasks: number, now: number, random: () => number = Math.random): number {
  const holdMs = Math.min(longestHoldMs, (tasks - 1) * holdMsPerTask) * (0.5 + random() / 2);
  // Few tasks have little to send together, and need not wait for it.
  return holdMs < 4 * togetherMs ? holdMs : Math.ceil((now + holdMs) / togetherMs) * togetherMs - now;
}
