/** Returns a controller that aborts with a signal, or sooner. */
export function endsWith(signal) {
  const ends = new AbortController();
  signal.addEventListener('abort', () => ends.abort());
  return ends;
}
