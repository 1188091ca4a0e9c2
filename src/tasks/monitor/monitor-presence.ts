import type { MonitorStore } from '../../database/operations/monitor-store.js';
import type { Clock } from '../../runtime/clock.js';
import { OneAtATime } from '../../runtime/one-at-a-time.js';

export interface MonitorPresenceOptions {
  readonly store: Pick<MonitorStore, 'register' | 'beat' | 'end'>;
  /** Tells this monitor from all others. */
  readonly name: string;
  readonly checkIntervalSeconds: number;
  /** From one sign of life to the next at most, where nothing is to be told. */
  readonly beatIntervalMs: number;
  readonly clock: Clock;
}

/** A monitor's own sign of life: so that people see that one watches, and how often it has looked. */
export class MonitorPresence {
  readonly #options: MonitorPresenceOptions;
  /** A monitor that is stopped waits for no beat, and goes on to its end: the row that it ends is the one that a beat may just be making. */
  readonly #turns = new OneAtATime();
  #id: number | null = null;
  #beatAt = -Infinity;
  #checks = 0;
  #timedOut = 0;
  #waiting: string | null = null;

  constructor(options: MonitorPresenceOptions) {
    this.#options = options;
  }

  /** Beats where a beat is due or what is to be told has changed; `waiting` is why nobody is judged, if so. */
  async show(waiting: string | null, { isDue = this.#isDue } = {}): Promise<void> {
    if (isDue || waiting !== this.#waiting) await this.#beat(waiting, false);
  }

  get #isDue(): boolean {
    return this.#options.clock.monotonic() - this.#beatAt >= this.#options.beatIntervalMs;
  }

  /** Tells that a check came to its end, and how many tasks it failed. */
  async checked(timedOut: number): Promise<void> {
    const before = { checks: this.#checks, timedOut: this.#timedOut };
    this.#checks++;
    this.#timedOut += timedOut;
    try {
      await this.#beat(null, true);
    } catch (error) {
      // What could not be told is told, and counted, with the next check.
      this.#checks = before.checks;
      this.#timedOut = before.timedOut;
      throw error;
    }
  }

  /** Tells that the monitor ends in order; where the database is away, its silence will. */
  async end(): Promise<void> {
    await this.#turns.run(async () => {
      if (this.#id !== null) await this.#options.store.end(this.#id).catch(() => undefined);
    });
  }

  #beat(waiting: string | null, checked: boolean): Promise<void> {
    return this.#turns.run(() => this.#tell(waiting, checked));
  }

  async #tell(waiting: string | null, checked: boolean): Promise<void> {
    const { store, name, checkIntervalSeconds, clock } = this.#options;
    const state = { checks: this.#checks, timedOut: this.#timedOut, waiting, checked };
    // The row may be gone: rolled back, or forgotten while this process slept for a week.
    if (this.#id === null || !(await store.beat(this.#id, state))) {
      this.#id = await store.register(name, checkIntervalSeconds);
      await store.beat(this.#id, state);
    }
    this.#waiting = waiting;
    this.#beatAt = clock.monotonic();
  }
}
