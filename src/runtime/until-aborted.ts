/** Waits for `work`, but no longer than until `signal` is aborted: then null. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  let giveUp = (): void => undefined;
  const aborted = new Promise<null>((resolve) => {
    giveUp = (): void => resolve(null);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  return await Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', giveUp));
}
