import { CheckpointStore } from '../../database/events/checkpoint-store.js';
import { TaskStore } from '../../database/tasks/task-store.js';
import { taskStatus } from '../../model/task.js';
import { messageOf } from '../../runtime/errors.js';
import { BeatRounds } from './beat-rounds.js';
import { claimTask, tellClaim } from './claim-task.js';
import { Heartbeat } from './heartbeat.js';
import type { TaskOptions, TaskResult } from './task-options.js';
import { TaskRun, reasonOf } from './task-run.js';

/**
 * Runs a pipeline as one task: claims it, executes, and ends the task exactly once. Throws LeaseHeldError where it can't
 * be had, LeaseLostError where it was lost; any other failure ends the task as failed and is thrown as it is.
 */
export async function runTask(options: TaskOptions): Promise<TaskResult> {
  const tasks = new TaskStore(options.database);
  const checkpoints = new CheckpointStore(options.database);
  const claimed = await claimTask(tasks, checkpoints, options);
  const { source, logger } = await begin(options, tasks, claimed.taskId);
  tellClaim(options, claimed, logger);
  const heartbeat = new Heartbeat({
    ...options,
    observe: options.observe ?? ((): void => undefined),
    taskId: claimed.taskId,
    rounds: options.rounds ?? new BeatRounds({ tasks, clock: options.clock }),
    logger,
    intervalMs: options.heartbeatIntervalSeconds * 1000,
    stallAfterMs: options.stallAfterSeconds * 1000,
  });
  return new TaskRun(options, { tasks, checkpoints, source, logger, heartbeat }).run();
}

/** A task that can't begin has ended: its row must not look alive until a monitor finds it silent. */
async function begin(options: TaskOptions, tasks: TaskStore, taskId: number): ReturnType<TaskOptions['begin']> {
  try {
    return await options.begin(await tasks.get(taskId));
  } catch (error) {
    const outcome = { status: taskStatus.failed, endReason: reasonOf(error), error: options.mask(messageOf(error)) };
    // What went wrong first is what the user must hear of.
    await tasks.finish(taskId, outcome, null).catch(() => false);
    throw error;
  }
}
