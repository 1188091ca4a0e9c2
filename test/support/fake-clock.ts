import { systemClock } from '../../src/runtime/clock.js';
import type { Clock } from '../../src/runtime/clock.js';
import { eventually } from './within.js';

interface Sleeper {
  readonly wakeAt: number;
  readonly wake: () => void;
}

/** What a sum of times may lose: who sleeps for the rest of a wait would wake at the same time again, for ever. */
const leastSleepMs = 0.001;

/** A clock that moves only when the test says so; who sleeps for no time wakes by himself. */
export class FakeClock implements Clock {
  #wall: number;
  #monotonic = 1_000;
  readonly #sleepers: Sleeper[] = [];

  constructor(wall = Date.UTC(2024, 0, 15, 10)) {
    this.#wall = wall;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    if (durationMs <= 0) return systemClock.sleep(0, signal);
    return new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        this.#forget(sleeper);
        reject(signal?.reason as Error);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const sleeper = { wakeAt: this.#monotonic + Math.max(leastSleepMs, durationMs), wake };
      if (signal?.aborted === true) {
        abort();
        return;
      }
      signal?.addEventListener('abort', abort, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** How many callers are asleep. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Milliseconds until the next sleeper wakes; undefined while nobody sleeps. */
  get nextWakeMs(): number | undefined {
    const next = this.#next();
    return next && next.wakeAt - this.#monotonic;
  }

  /** Waits in real time until at least `count` callers sleep: for code that does real I/O between its sleeps. */
  async whenSleeping(count = 1): Promise<void> {
    await eventually(`${count} callers sleep on the fake clock`, () => this.sleeping >= count);
  }

  /** Moves both times on; sleepers wake one by one, each at its own time, and what they wake runs before the next. */
  async advance(durationMs: number): Promise<void> {
    const end = this.#monotonic + durationMs;
    await settle();
    for (let next = this.#next(); next !== undefined && next.wakeAt <= end; next = this.#next()) {
      this.#moveTo(Math.max(this.#monotonic, next.wakeAt));
      this.#forget(next);
      next.wake();
      await settle();
    }
    this.#moveTo(end);
  }

  /**
   * Moves the two times at once and apart: a wall clock that was set (`wallMs` alone), a laptop that slept (the same),
   * a process that was stopped (both). Sleepers whose time has passed wake late.
   */
  async jump(by: { readonly wallMs?: number; readonly monotonicMs?: number }): Promise<void> {
    this.#wall += by.wallMs ?? 0;
    this.#monotonic += by.monotonicMs ?? 0;
    await this.advance(0);
  }

  #moveTo(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }

  #next(): Sleeper | undefined {
    return this.#sleepers.reduce<Sleeper | undefined>(
      (first, sleeper) => (first === undefined || sleeper.wakeAt < first.wakeAt ? sleeper : first),
      undefined,
    );
  }

  #forget(sleeper: Sleeper): void {
    const index = this.#sleepers.indexOf(sleeper);
    if (index >= 0) this.#sleepers.splice(index, 1);
  }
}

/** Lets every promise that can settle without I/O do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
