import type { NewWorker, WorkerStore } from '../../database/operations/worker-store.js';
import type { Clock } from '../../runtime/clock.js';
import { OneAtATime } from '../../runtime/one-at-a-time.js';

export interface WorkerPresenceOptions extends Omit<NewWorker, 'heartbeatIntervalSeconds'> {
  readonly store: Pick<WorkerStore, 'register' | 'beat' | 'end'>;
  readonly clock: Clock;
}

/** From one sign of life to the next, in seconds, where nothing changes. */
const intervalSeconds = 5;

/** A worker's own sign of life: so that people see whether anybody runs what is queued, and whether there is room. */
export class WorkerPresence {
  readonly #options: WorkerPresenceOptions;
  #id: number | null = null;
  #beatAt = -Infinity;
  #running = 0;
  #hasEnded = false;
  /** Two beats at one time would both register it. */
  readonly #beats = new OneAtATime();

  constructor(options: WorkerPresenceOptions) {
    this.#options = options;
  }

  /** The id of its row; null: there is none yet. */
  get id(): number | null {
    return this.#id;
  }

  /** Beats where a beat is due, or the worker runs more or fewer tasks than it has told. */
  async show(running: number): Promise<void> {
    const now = this.#options.clock.monotonic();
    if (running === this.#running && now - this.#beatAt < intervalSeconds * 1_000) return;
    await this.#beats.run(() => this.#beat(running));
  }

  /** Beats whether one is due or not; throws where the database takes none. */
  beat(): Promise<void> {
    return this.#beats.run(() => this.#beat(this.#running));
  }

  async #beat(running: number): Promise<void> {
    const { store, clock } = this.#options;
    const now = clock.monotonic();
    // The row may be gone: rolled back, or forgotten while this process slept for a week.
    if (this.#id === null || !(await store.beat(this.#id, { running }))) {
      if (this.#hasEnded) return;
      this.#id = await store.register({ ...this.#options, heartbeatIntervalSeconds: intervalSeconds });
      await store.beat(this.#id, { running });
    }
    this.#running = running;
    this.#beatAt = now;
  }

  /** Tells that the worker takes up nothing more; where the database is away, its silence will. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    // A beat may just be making its row.
    await this.#beats.run(async () => {
      if (this.#id !== null) await this.#options.store.end(this.#id).catch(() => undefined);
    });
  }
}
