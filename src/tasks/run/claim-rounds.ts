import type { ClaimRequest } from '../../database/tasks/claim-steps.js';
import type { TaskStore } from '../../database/tasks/task-store.js';
import { Together } from './together.js';

type QueuedClaim = ClaimRequest & { readonly queuedTaskId: number };

/** Claims tasks for a process: of those that have waited the ones that come at one time together. */
export class ClaimRounds {
  readonly #tasks: Pick<TaskStore, 'claim' | 'claimAll'>;
  readonly #queued: Together<QueuedClaim, number>;

  constructor(tasks: Pick<TaskStore, 'claim' | 'claimAll'>) {
    this.#tasks = tasks;
    this.#queued = new Together({
      all: (requests) => tasks.claimAll(requests),
      one: (request) => tasks.claim(request),
      written: ({ queuedTaskId }) => queuedTaskId,
    });
  }

  /** As `TaskStore.claim`. */
  claim(request: ClaimRequest): Promise<number> {
    const { queuedTaskId } = request;
    if (queuedTaskId === undefined) return this.#tasks.claim(request);
    return this.#queued.write({ ...request, queuedTaskId });
  }
}
