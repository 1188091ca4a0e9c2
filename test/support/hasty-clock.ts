import { systemClock } from '../../src/runtime/clock.js';
import type { Clock } from '../../src/runtime/clock.js';

/** How long a sleep must be to count as the deadline of a request, in milliseconds. */
export const deadlineMs = 30_000;

/** A clock whose sleepers wake at once, as if the time had passed; only deadlines take the time they say. */
export class HastyClock implements Clock {
  /** How long the code under test believes to have slept, in milliseconds. */
  sleptMs = 0;

  now(): number {
    return 1_705_312_800_000 + this.sleptMs;
  }

  monotonic(): number {
    return this.sleptMs;
  }

  async sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    if (durationMs >= deadlineMs) return systemClock.sleep(durationMs, signal);
    signal?.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    this.sleptMs += durationMs;
  }
}
