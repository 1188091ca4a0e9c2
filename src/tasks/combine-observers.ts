import type { Observe } from './liveness-event.js';

/** Makes one observer of several; what one throws keeps the others, and whoever is observed, from nothing. */
export function combineObservers(observers: readonly Observe[]): Observe {
  return (event) => {
    for (const observe of observers) {
      try {
        observe(event);
      } catch {
        // A heartbeat must not fail for its observers.
      }
    }
  };
}
