import { taskToJson } from '../model/task-json.js';
import { knownSilence, taskStatus, type Task } from '../model/task.js';
import { silenceLimit } from '../runtime/silence.js';
import type { Settings } from '../settings/settings.js';

type Defaults = Pick<Settings, 'taskTimeoutMinutes' | 'heartbeatIntervalSeconds'>;

/** What says whether a task's silence is odd. */
interface TaskSilenceJson {
  /** Null: nobody knows. */
  readonly silent_seconds: number | null;
  readonly heartbeat_interval_seconds: number;
  readonly silent_after_seconds: number;
}

/** Returns for how long a task has been silent, how often it beats, and from which silence on that is odd. */
export function taskSilenceToJson(task: Task, defaultIntervalSeconds: number): TaskSilenceJson {
  const interval = task.heartbeatInterval ?? defaultIntervalSeconds;
  return {
    silent_seconds: knownSilence(task),
    heartbeat_interval_seconds: interval,
    silent_after_seconds: silenceLimit(interval),
  };
}

/** Returns a task as CONTRACT has it, and, where that is asked for, how silent it is while it runs. */
export function taskWithSilence(task: Task, defaults: Defaults, silence: boolean): object {
  const json = taskToJson(task, { timeoutMinutes: defaults.taskTimeoutMinutes });
  if (!silence || task.status !== taskStatus.running) return json;
  return { ...json, ...taskSilenceToJson(task, defaults.heartbeatIntervalSeconds) };
}
