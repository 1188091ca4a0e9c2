import type { Database } from '../../database/database.js';
import { disabledProblem } from '../../database/pipelines/delete-pipeline.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { queueTask } from '../../database/task-steps/queue-task.js';
import { TaskStore } from '../../database/tasks/task-store.js';
import { beginsElsewhere, type RunRequest } from '../../model/run-request.js';
import type { Task } from '../../model/task.js';
import { ConflictError } from '../../runtime/errors.js';
import { refuseParked } from './change-wanted.js';

/** A task that waits for a worker. */
export interface StartedTask {
  readonly task: Task;
  /** False: it had been waiting already. */
  readonly isNew: boolean;
}

/**
 * Makes a task that waits for a worker; a pipeline has one such task, which is returned where it is there. Throws
 * NotFoundError where there is no such pipeline, ConflictError where it is disabled, parked and asked to go on, or waits
 * already to run with other options.
 */
export async function startTask(database: Database, pipelineId: number, request: RunRequest): Promise<StartedTask> {
  const isDisabled = await new PipelineStore(database).isDisabled(pipelineId);
  if (isDisabled) throw await disabledProblem(database, pipelineId);
  const tasks = new TaskStore(database);
  if (!beginsElsewhere(request)) await refuseParked(database, pipelineId);
  const queued = await queueTask(database, pipelineId, request);
  if (!queued.isNew && !isSame(queued.request, request)) {
    const waits = `task ${queued.taskId} of pipeline ${pipelineId} waits already, to run with other options`;
    throw new ConflictError(waits, { hint: `chainparse tasks cancel ${queued.taskId}, then start it anew` });
  }
  return { task: await tasks.get(queued.taskId), isNew: queued.isNew };
}

function isSame(one: RunRequest, other: RunRequest): boolean {
  const { mode, fromBlock, toBlock, fresh = false } = one;
  return (
    mode === other.mode &&
    fromBlock === other.fromBlock &&
    toBlock === other.toBlock &&
    fresh === (other.fresh ?? false)
  );
}
