import type { WorkerStore } from '../../database/operations/worker-store.js';
import type { QueuedTask } from '../../database/tasks/task-queue.js';
import type { Clock } from '../../runtime/clock.js';
import { dealTasks } from './deal-tasks.js';
import type { WorkerPresence } from './worker-presence.js';

export interface FairShareOptions {
  readonly store: Pick<WorkerStore, 'listLiving'>;
  readonly presence: Pick<WorkerPresence, 'id'>;
  readonly clock: Clock;
}

/** What has waited for so long is anybody's: whoever it fell to is gone, or can't run it. In milliseconds. */
const othersMs = 1_500;

/** Where a worker's own tasks take long to be claimed, others' do, too: theirs may wait for so many times as long, and no longer. */
const timesOwn = 2;
const longestOthersMs = 10_000;

/** So many of these a worker takes in a turn: who is only busy with many shall not find them all taken. */
const mostOfOthers = 10;

/** Picks of the tasks that wait those that a worker takes, so that all workers are filled alike, and nothing lies. */
export class FairShare {
  readonly #options: FairShareOptions;
  /** When tasks that wait were seen first, by the monotonic clock. */
  #seen = new Map<number, number>();
  /** Those that fell to this worker at the latest look. */
  #own: readonly number[] = [];
  /** How long the latest of its own waited until none of them did any more, in milliseconds. */
  #ownMs = 0;

  constructor(options: FairShareOptions) {
    this.#options = options;
  }

  /** Returns those that this worker takes, `free` at most. */
  async pick(waiting: readonly QueuedTask[], free: number): Promise<readonly QueuedTask[]> {
    const now = this.#options.clock.monotonic();
    const seen = new Map(waiting.map(({ taskId }) => [taskId, this.#seen.get(taskId) ?? now]));
    const taken = this.#own.filter((id) => !seen.has(id));
    if (taken.length > 0) this.#ownMs = Math.max(...taken.map((id) => now - (this.#seen.get(id) ?? now)));
    this.#seen = seen;
    this.#own = [];
    if (waiting.length === 0) {
      // Whatever made them wait is over.
      this.#ownMs = 0;
      return [];
    }
    const dealt = new Set(await this.#deal(waiting));
    this.#own = [...dealt].map(({ taskId }) => taskId);
    const patienceMs = Math.min(Math.max(othersMs, timesOwn * this.#ownMs), longestOthersMs);
    const isLeft = (task: QueuedTask): boolean =>
      !dealt.has(task) && now - (seen.get(task.taskId) ?? now) >= patienceMs;
    // Behind its own: where many wait, others have only not come to theirs yet, and all would reach for the same.
    return [...dealt, ...waiting.filter(isLeft).slice(0, mostOfOthers)].slice(0, free);
  }

  async #deal(waiting: readonly QueuedTask[]): Promise<readonly QueuedTask[]> {
    const { store, presence } = this.#options;
    const living = await store.listLiving();
    // Who is not among them, whatever is wrong with its row, stands back for nobody.
    const me = living.find(({ id }) => id === presence.id);
    return me === undefined ? waiting : dealTasks(waiting, living, me.id);
  }
}
