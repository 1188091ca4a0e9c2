/**
 * Waits for what `begin` has settled, but no longer than until `signal` is aborted: throws its reason then. `begin` returns how to
 * leave whatever was joined for that; it is called in that case only.
 */
export async function abortable<T>(
  signal: AbortSignal,
  begin: (resolve: (value: T) => void, reject: (reason: unknown) => void) => () => unknown,
): Promise<T> {
  signal.throwIfAborted();
  let abort = (): void => undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      const leave = begin(resolve, reject);
      abort = () => {
        leave();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort, { once: true });
      // What was begun may have aborted it.
      if (signal.aborted) abort();
    });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
