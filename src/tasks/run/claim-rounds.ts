import { FenceError } from '../../database/script.js';
import type { ClaimRequest, TaskStore } from '../../database/tasks/task-store.js';

/** A claim of a task that has waited, and whom to tell of it. */
interface Waiting {
  readonly request: ClaimRequest & { readonly queuedTaskId: number };
  readonly resolve: (taskId: number) => void;
  readonly reject: (error: unknown) => void;
}

/** The most claims of a transaction. */
const mostAtOnce = 32;

/**
 * Claims tasks for a process, one transaction at a time: those that come while one is in the air go together, and cost one write to the
 * disk (group commit).
 */
export class ClaimRounds {
  readonly #tasks: Pick<TaskStore, 'claim' | 'claimAll'>;
  readonly #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(tasks: Pick<TaskStore, 'claim' | 'claimAll'>) {
    this.#tasks = tasks;
  }

  /** As `TaskStore.claim`. */
  claim(request: ClaimRequest): Promise<number> {
    const { queuedTaskId } = request;
    if (queuedTaskId === undefined) return this.#tasks.claim(request);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request: { ...request, queuedTaskId }, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) await this.#claim(this.#waiting.splice(0, mostAtOnce));
    this.#isRunning = false;
  }

  /** What one of them was decided on may be no longer so: then each is claimed by itself. */
  async #claim(round: readonly Waiting[]): Promise<void> {
    try {
      await this.#tasks.claimAll(round.map(({ request }) => request));
      for (const { request, resolve } of round) resolve(request.queuedTaskId);
    } catch (error) {
      if (error instanceof FenceError && round.length > 1) await Promise.all(round.map((one) => this.#claimOne(one)));
      else for (const { reject } of round) reject(error);
    }
  }

  async #claimOne({ request, resolve, reject }: Waiting): Promise<void> {
    await this.#tasks.claim(request).then(resolve, reject);
  }
}
