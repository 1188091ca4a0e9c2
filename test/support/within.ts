/** Waits for `work`, but no longer than `timeoutMs`: then throws an error with the text of `complaint`. */
export async function within<T>(timeoutMs: number, work: Promise<T>, complaint: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint()}\n(waited ${timeoutMs} ms)`)), timeoutMs);
  });
  try {
    return await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks `find` every few milliseconds until it gives something, and returns that; throws after `timeoutMs`. What takes long,
 * as a command does, is asked for a seventh of the time at most: whoever waits leaves the processors to what is waited for.
 */
export async function eventually<T>(
  what: string,
  find: () => T | Promise<T>,
  timeoutMs = 15_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const askedAt = performance.now();
    const found = await find();
    if (found !== null && found !== undefined && found !== false) return found;
    const tookMs = performance.now() - askedAt;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, Math.min(Math.max(6 * tookMs, 20), 1_000)));
  }
}
