import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { systemClock } from '../../../src/runtime/clock.js';
import type { Claimant } from '../../../src/tasks/lease/claim-task.js';
import type { ClaimOptions } from '../../../src/tasks/lease/claim-task.js';

/** A process of this host; every other process of it that a task names is gone if it is listed. */
export function exampleWorker(name: string, gone: readonly string[] = []): Claimant {
  return {
    name,
    identity: `identity of ${name}`,
    isGone: (other, identity) => gone.includes(`${other} ${String(identity)}`),
  };
}

/** Returns how a pipeline is claimed; `changes` beats what is there. */
export function claimOptions(changes: Partial<ClaimOptions> = {}): ClaimOptions {
  return {
    pipelineId: 45,
    worker: exampleWorker('here:1'),
    heartbeatIntervalSeconds: 30,
    timeoutMinutes: null,
    logPathPrefix: 'logs/pipeline_',
    takeOver: false,
    clock: systemClock,
    stopping: new AbortController().signal,
    ...changes,
  };
}

/** How a task runs where nothing is said: history of chain 1, by the system's clock. */
export const plainRun = {
  chainId: 1,
  run: {},
  mode: 'historical',
  clock: systemClock,
  lang: 'en',
  stallAfterSeconds: 60,
} as const;

/** The stores that a claim needs. */
export function storesOf(database: Database): readonly [TaskStore, CheckpointStore] {
  return [new TaskStore(database), new CheckpointStore(database)];
}
