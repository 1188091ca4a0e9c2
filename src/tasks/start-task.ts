import { CheckpointStore } from '../database/events/checkpoint-store.js';
import type { Database } from '../database/database.js';
import { PipelineStore } from '../database/pipelines/pipeline-store.js';
import { TaskQueue } from '../database/tasks/task-queue.js';
import { TaskStore } from '../database/tasks/task-store.js';
import type { RunRequest } from '../model/run-request.js';
import type { Task } from '../model/task.js';
import { ConflictError } from '../runtime/errors.js';
import { readStanding } from './parked.js';

/**
 * Makes a task that waits for a worker. Throws NotFoundError where there is no such pipeline, ConflictError where it is
 * disabled, or parked and asked to go on.
 */
export async function startTask(database: Database, pipelineId: number, request: RunRequest): Promise<Task> {
  const { disabled } = await new PipelineStore(database).get(pipelineId);
  if (disabled) {
    throw new ConflictError(`pipeline ${pipelineId} is disabled`, { hint: `chainparse pipeline enable ${pipelineId}` });
  }
  const tasks = new TaskStore(database);
  const { parked } = await readStanding(tasks, new CheckpointStore(database), pipelineId);
  const goesOn = request.fresh !== true && request.fromBlock === undefined;
  if (parked !== null && goesOn) {
    const since = `pipeline ${pipelineId} is parked since task ${parked.taskId}`;
    throw new ConflictError(`${since}: ${parked.reason}`, { hint: parked.remedy });
  }
  return tasks.get(await new TaskQueue(database).add(pipelineId, request));
}
