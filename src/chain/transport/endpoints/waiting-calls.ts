import { abortable } from '../../../runtime/abortable.js';
import type { Clock } from '../../../runtime/clock.js';

/** What a call that waits gets: what it waits for, or the time at which it may be there; never: something must happen. */
export type Turn<T> = { readonly got: T } | { readonly at: number };

/** In which order calls go. */
export type CallRank = (typeof ranks)[number];

const ranks = ['urgent', 'again', 'new'] as const;

interface Waiter {
  readonly rank: CallRank;
  /** Takes what it waits for where it is there, and answers null; else from when on it may be. */
  readonly turn: () => number | null;
}

/** Calls that wait for an endpoint: by their ranks, then in the order in which they came. */
export class WaitingCalls {
  readonly #clock: Clock;
  #waiters: readonly Waiter[] = [];
  #alarm: { readonly at: number; readonly off: AbortController } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#waiters.length === 0;
  }

  /** Returns what `turn` gets, as soon as it gets it; throws what it throws. */
  wait<T>(turn: () => Turn<T>, rank: CallRank, signal: AbortSignal): Promise<T> {
    return abortable<T>(signal, (resolve, reject) => {
      const waiter = { rank, turn: () => take(turn, resolve, reject) };
      this.#join(waiter);
      return () => {
        // Who is gone must not take what those behind it wait for.
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
      };
    });
  }

  /** Something has changed: whoever can go on does. */
  wake(): void {
    let next = Number.POSITIVE_INFINITY;
    const staying = [];
    for (const waiter of this.#waiters) {
      const at = waiter.turn();
      if (at === null) continue;
      staying.push(waiter);
      next = Math.min(next, at);
    }
    this.#waiters = staying;
    this.#setAlarm(next);
  }

  #join(waiter: Waiter): void {
    const all = [...this.#waiters, waiter];
    this.#waiters = ranks.flatMap((rank) => all.filter((each) => each.rank === rank));
    this.wake();
  }

  #setAlarm(at: number): void {
    if (this.#alarm?.at === at) return;
    this.#alarm?.off.abort();
    this.#alarm = null;
    if (at === Number.POSITIVE_INFINITY) return;
    const alarm = { at, off: new AbortController() };
    this.#alarm = alarm;
    // Whole milliseconds: a clock that wakes a fraction too early would be asked again at once.
    const waitMs = Math.max(0, Math.ceil(at - this.#clock.monotonic()));
    this.#clock.sleep(waitMs, alarm.off.signal).then(
      () => {
        if (this.#alarm !== alarm) return;
        this.#alarm = null;
        this.wake();
      },
      () => undefined,
    );
  }
}

function take<T>(turn: () => Turn<T>, resolve: (got: T) => void, reject: (error: unknown) => void): number | null {
  try {
    const taken = turn();
    if ('at' in taken) return taken.at;
    resolve(taken.got);
  } catch (error) {
    reject(error);
  }
  return null;
}
