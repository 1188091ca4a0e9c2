/** The only source of time and timers; tests inject their own. */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. It may jump: never measure with it. */
  now(): number;
  /** Monotonic time in milliseconds from an arbitrary origin: for measuring durations. */
  monotonic(): number;
  /**
   * Resolves after `durationMs`, with 0 when whatever is ready to run has had its turn; rejects with the signal's reason as
   * soon as it is aborted.
   */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of this computer. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (durationMs, signal) =>
    new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        callOff();
        reject(signal?.reason as Error);
      };
      const callOff = wakeIn(durationMs, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      if (signal?.aborted === true) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    }),
};

/** Returns how to call it off. */
function wakeIn(durationMs: number, wake: () => void): () => void {
  if (durationMs > 0) {
    const timer = setTimeout(wake, durationMs);
    return () => clearTimeout(timer);
  }
  // A timer would take a millisecond.
  const immediate = setImmediate(wake);
  return () => clearImmediate(immediate);
}
