/** Waits for `work`, but no longer than until `signal` is aborted: then null. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const done = new AbortController();
  const aborted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true, signal: done.signal });
  });
  return await Promise.race([work, aborted]).finally(() => done.abort());
}
