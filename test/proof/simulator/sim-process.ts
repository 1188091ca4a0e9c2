import type { Clock } from '../../../src/runtime/clock.js';
import type { Timeline } from './timeline.js';
import type { Troubles } from './troubles.js';

/** How a process can be kept from running: its monotonic clock goes on (SIGSTOP) or stands still (a laptop's sleep). */
type Suspension = 'stopped' | 'asleep';

export interface SimProcessOptions {
  readonly name: string;
  readonly timeline: Timeline;
  readonly troubles: Troubles;
  readonly random: () => number;
  /** By how much its wall clock is wrong, in milliseconds. */
  readonly skewMs: number;
}

/** Virtual time 0 by an honest wall clock, in milliseconds since the epoch. */
export const epochMs = Date.UTC(2024, 0, 15, 10);

/** The name under which it is noted when the wall clock of a process is set. */
export function wallClockOf(process: string): string {
  return `wall clock of ${process}`;
}

/** A process of the simulation: nothing in it runs while it is suspended, and nothing ever again once it has crashed. */
export class SimProcess {
  readonly name: string;
  readonly clock: Clock;
  /** What the network does with what it sends: takes it, swallows it, or says that there is no way. */
  link: 'whole' | 'silent' | 'refused' = 'whole';
  crashedAt = Infinity;
  readonly #options: SimProcessOptions;
  readonly #held: (() => void)[] = [];
  #suspension: Suspension | null = null;
  #suspendedAt = 0;
  #asleepMs = 0;
  #wallOffsetMs: number;
  #recovered: (end: number) => void = () => undefined;

  constructor(options: SimProcessOptions) {
    this.name = options.name;
    this.#options = options;
    this.#wallOffsetMs = options.skewMs;
    this.clock = {
      now: () => epochMs + this.#options.timeline.now + this.#wallOffsetMs,
      monotonic: () => this.#monotonic(),
      sleep: (durationMs, signal) => this.#sleep(durationMs, signal),
    };
  }

  get isSuspended(): boolean {
    return this.#suspension !== null;
  }

  get hasCrashed(): boolean {
    return this.crashedAt !== Infinity;
  }

  /** Runs something in the process: now, when it wakes up, or never. */
  deliver(what: () => void): void {
    if (this.hasCrashed) return;
    if (this.#suspension === null) what();
    else this.#held.push(what);
  }

  /** Runs something in the process after a time by its monotonic clock; returns how to call it off. */
  timer(durationMs: number, wake: () => void): () => void {
    // Node's timers take a millisecond at least.
    const wakeAt = this.#monotonic() + Math.max(1, durationMs);
    let cancel = (): void => undefined;
    let isOff = false;
    const ring = (): void => {
      if (isOff) return;
      const leftMs = wakeAt - this.#monotonic();
      // Sums of fractions are not exact.
      if (leftMs < 0.001) wake();
      else cancel = this.#options.timeline.after(leftMs, () => this.deliver(ring));
    };
    cancel = this.#options.timeline.after(wakeAt - this.#monotonic(), () => this.deliver(ring));
    return () => {
      isOff = true;
      cancel();
    };
  }

  suspend(kind: Suspension): void {
    if (this.#suspension !== null || this.hasCrashed) return;
    const { timeline, troubles } = this.#options;
    this.#suspension = kind;
    this.#suspendedAt = timeline.now;
    this.#recovered = troubles.begin(this.name, timeline.now);
  }

  /** What was held back happens now, each on its own and in any order. */
  resume(): void {
    if (this.#suspension === null || this.hasCrashed) return;
    const { timeline } = this.#options;
    if (this.#suspension === 'asleep') this.#asleepMs += timeline.now - this.#suspendedAt;
    this.#suspension = null;
    this.#recovered(timeline.now);
    for (const what of this.#held.splice(0)) timeline.after(0, () => this.deliver(what));
  }

  /** Cuts it off from the server for a while. */
  cutFor(how: 'silent' | 'refused', durationMs: number): void {
    const { timeline, troubles } = this.#options;
    this.link = how;
    const recovered = troubles.begin(this.name, timeline.now);
    timeline.after(durationMs, () => {
      this.link = 'whole';
      recovered(timeline.now);
    });
  }

  /** Suspends it for a while. */
  suspendFor(kind: Suspension, durationMs: number): void {
    this.suspend(kind);
    this.#options.timeline.after(durationMs, () => this.resume());
  }

  crash(): void {
    if (this.hasCrashed) return;
    this.crashedAt = this.#options.timeline.now;
    this.#options.troubles.begin(this.name, this.crashedAt);
    this.#held.length = 0;
  }

  /** Sets its wall clock, which is no trouble for a process but for one that takes it for a sleep. */
  jumpWall(byMs: number): void {
    const { timeline, troubles } = this.#options;
    this.#wallOffsetMs += byMs;
    troubles.begin(wallClockOf(this.name), timeline.now)(timeline.now);
  }

  #monotonic(): number {
    const until = this.#suspension === 'asleep' ? this.#suspendedAt : this.#options.timeline.now;
    return until - this.#asleepMs;
  }

  #sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        cancel();
        reject(signal?.reason as Error);
      };
      const cancel = this.timer(durationMs, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      if (signal?.aborted === true) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  }
}
