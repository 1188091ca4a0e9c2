import type { Clock } from '../../runtime/clock.js';
import { Scope } from '../../runtime/scope.js';

/** How long the other endpoints may take once one has answered, in milliseconds, and once one could not: as long as a request may. */
const patienceMs = 3_000;
const longPatienceMs = 30_000;
const late = new Error('not waited for');

/** What was said, in the order in which it came, and what went wrong with those who said nothing. */
interface Heard<V> {
  readonly voices: readonly V[];
  readonly failures: readonly unknown[];
}

/**
 * Asks several at once; hears no more when what was said is enough, or some time after the first has answered; `isAnswer`: or said
 * why it can't, for who is away may be so for long.
 */
export async function hearTogether<T, V>(
  asked: readonly T[],
  ask: (one: T, signal: AbortSignal) => Promise<V>,
  isEnough: (voices: readonly V[]) => boolean,
  isAnswer: (error: unknown) => boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<Heard<V>> {
  const enough = new Scope(signal);
  const voices: V[] = [];
  const outcomes = await Promise.allSettled(
    asked.map(async (one) => {
      const voice = await ask(one, enough.signal).catch((error: unknown) => {
        if (isAnswer(error)) void endLater(enough, longPatienceMs, clock);
        throw error;
      });
      if (voices.push(voice) === 1) void endLater(enough, patienceMs, clock);
      if (isEnough(voices)) enough.end(late);
    }),
  );
  enough.end(late);
  signal.throwIfAborted();
  const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  return { voices, failures: reasons.filter((reason) => reason !== late) };
}

async function endLater(enough: Scope, afterMs: number, clock: Clock): Promise<void> {
  await clock.sleep(afterMs, enough.signal).catch(() => undefined);
  enough.end(late);
}
