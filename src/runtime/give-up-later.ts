import type { Clock } from './clock.js';

export interface GiveUpOptions {
  readonly clock: Clock;
  /** What the wait begins with; left out: it begins at once. */
  readonly after?: AbortSignal;
  readonly delayMs: number;
  /** Makes the error that is thrown then. */
  readonly reason: () => Error;
}

/**
 * Waits for some work, but only for a while once `after` is aborted. The work can ask for a signal that tells it so; what does not,
 * such as a statement that a frozen server holds, goes on alone.
 */
export async function giveUpLater<T>(
  options: GiveUpOptions,
  work: (givenUp: () => AbortSignal) => Promise<T>,
): Promise<T> {
  // Most work asks for none, and thousands of runs wait here: a signal takes a kilobyte.
  let told: AbortController | null = null;
  let over: Error | null = null;
  let giveUp: (error: Error) => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => (giveUp = reject));
  const callOff = callLater(options, () => {
    over = options.reason();
    told?.abort(over);
    giveUp(over);
  });
  const working = work(() => {
    told ??= new AbortController();
    if (over !== null) told.abort(over);
    return told.signal;
  });
  // Nobody may listen to it any more when it fails.
  working.catch(() => undefined);
  try {
    return await Promise.race([working, aborted]);
  } finally {
    callOff();
  }
}

/** A signal that is aborted late. */
export interface LateSignal {
  readonly signal: AbortSignal;
  /** It is not to be aborted any more. */
  readonly callOff: () => void;
}

/** Returns a signal that is aborted some time after `after` was, unless that is called off before. */
export function abortLater(options: GiveUpOptions): LateSignal {
  const later = new AbortController();
  const callOff = callLater(options, () => later.abort(options.reason()));
  return { signal: later.signal, callOff };
}

/** Calls something some time after `after` was aborted; returns what calls it off. */
function callLater(
  { clock, after, delayMs }: Pick<GiveUpOptions, 'clock' | 'after' | 'delayMs'>,
  call: () => void,
): () => void {
  let waiting: AbortController | null = null;
  const begin = (): void => {
    waiting = new AbortController();
    clock.sleep(delayMs, waiting.signal).then(call, () => undefined);
  };
  // What it waits for may be over already.
  if (after === undefined || after.aborted) begin();
  else after.addEventListener('abort', begin, { once: true });
  return () => {
    after?.removeEventListener('abort', begin);
    waiting?.abort();
  };
}
