import { getEventListeners } from 'node:events';

/** Returns how many hear of it when a signal is aborted: its listeners, and each signal that AbortSignal.any has made of it. */
export function followersOf(signal: AbortSignal): number {
  const key = Object.getOwnPropertySymbols(signal).find(({ description }) => description === 'kDependantSignals');
  const made = key === undefined ? undefined : (signal as unknown as Record<symbol, Set<unknown> | undefined>)[key];
  return getEventListeners(signal, 'abort').length + (made?.size ?? 0);
}
