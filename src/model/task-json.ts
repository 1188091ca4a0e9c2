import { lagBlocks, statusName, statusText, type Progress, type Task } from './task.js';
import { waitingText } from './waiting.js';

/** Returns a task as CONTRACT's "Tasks, in `tasks list --json`" has it, keys in that order. */
export function taskToJson(task: Task, defaults: { readonly timeoutMinutes: number }): object {
  return {
    task_id: task.id,
    pipeline_id: task.pipelineId,
    status: task.status,
    status_text: statusText(task.status, 'zh'),
    status_name: statusName(task.status),
    create_time: task.createTime,
    last_heartbeat: task.lastHeartbeat,
    log_path: task.logPath,
    worker: task.worker,
    heartbeat_age_seconds: task.heartbeatAgeSeconds,
    timeout_minutes: task.timeoutMinutes ?? defaults.timeoutMinutes,
    end_time: task.endTime,
    end_reason: task.endReason,
    error: task.error,
    progress: task.progress === null ? null : progressToJson(task.progress),
    ...(task.shard === undefined ? {} : { shard: task.shard }),
    ...(task.waiting === null ? {} : { waiting_for: waitingText(task.waiting, 'en') }),
  };
}

/** Returns a task's progress as JSON has it. */
export function progressToJson(progress: Progress): object {
  return {
    mode: progress.mode,
    next_block: progress.nextBlock,
    target_block: progress.targetBlock,
    head_block: progress.headBlock,
    events: progress.events,
    lag_blocks: lagBlocks(progress),
    ...(progress.lagUnknownSince === undefined ? {} : { lag_unknown_since: progress.lagUnknownSince }),
    ...(progress.withoutCode === undefined ? {} : { without_code: progress.withoutCode }),
  };
}

/** Returns a page of a list of tasks as CONTRACT has it. */
export function taskPageToJson(
  tasks: readonly Task[],
  page: { readonly total: number; readonly page: number; readonly pageSize: number; readonly timeoutMinutes: number },
): object {
  return {
    tasks: tasks.map((task) => taskToJson(task, page)),
    total: page.total,
    page: page.page,
    page_size: page.pageSize,
  };
}
