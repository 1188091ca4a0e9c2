import type { Clock } from '../../runtime/clock.js';
import { eventsRead, type Task } from '../../model/task.js';

/** A rate is that of the last so many milliseconds: beats and commits write progress in steps. */
const spanMs = 15_000;

interface Sample {
  readonly at: number;
  readonly events: number;
}

/** How many events a second tasks read and commit, by their rows as they are read again and again. */
export class EventRates {
  readonly #clock: Clock;
  readonly #samples = new Map<number, readonly Sample[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the running tasks of one moment; forgets the others. */
  note(tasks: readonly Task[]): void {
    const at = this.#clock.monotonic();
    const running = new Set(tasks.map(({ id }) => id));
    for (const id of this.#samples.keys()) if (!running.has(id)) this.#samples.delete(id);
    for (const { id, progress } of tasks) {
      const kept = (this.#samples.get(id) ?? []).filter((sample) => at - sample.at <= spanMs);
      this.#samples.set(id, [...kept, { at, events: eventsRead(progress) }]);
    }
  }

  /** Returns a task's rate; null where it was seen once, or runs no longer. */
  of(taskId: number): number | null {
    const samples = this.#samples.get(taskId) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined || last.at === first.at) return null;
    // A reorganisation takes events back.
    return Math.max(0, (last.events - first.events) / ((last.at - first.at) / 1_000));
  }
}
