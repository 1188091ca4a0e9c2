import type { Database } from '../../database/database.js';
import { MonitorStore } from '../../database/operations/monitor-store.js';
import { readTaskSilence, type TaskSilence } from '../../database/tasks/task-silence.js';
import { readTaskStatistics } from '../../database/tasks/task-statistics.js';
import type { TaskStatistics } from '../../database/tasks/task-statistics.js';
import { TaskStore } from '../../database/tasks/task-store.js';
import { monitorToJson, type Monitor } from '../../model/monitor.js';
import { taskStatus, type TaskStatusName } from '../../model/task.js';

/** For which time tasks are counted, and by which heartbeat interval those that name none are judged. */
export interface OverviewOptions {
  readonly longerThanMinutes: number;
  readonly windowMinutes: number;
  readonly defaultIntervalSeconds: number;
}

/** How many tasks there are, by status and by the reason of their end. */
export type TaskCounts = Awaited<ReturnType<TaskStore['count']>>;

/** The tasks of a database in numbers, and who watches them. */
export interface TaskOverview {
  readonly options: OverviewOptions;
  readonly counts: TaskCounts;
  readonly silence: TaskSilence;
  readonly late: TaskStatistics;
  /** The monitors with the latest sign of life. */
  readonly monitors: readonly Monitor[];
}

/** The others are long gone. */
const monitorsShown = 10;

const statuses: readonly TaskStatusName[] = ['running', 'succeeded', 'failed', 'queued'];

/** Reads the overview; `count` may know of a quicker way to count all tasks. */
export async function readTaskOverview(
  database: Database,
  options: OverviewOptions,
  count = (): Promise<TaskCounts> => new TaskStore(database).count(),
): Promise<TaskOverview> {
  const silence = await readTaskSilence(database, options.defaultIntervalSeconds);
  const monitors = await new MonitorStore(database).list(monitorsShown);
  const late = await readTaskStatistics(database, {
    windowSeconds: secondsOf(options.windowMinutes),
    longerThanSeconds: secondsOf(options.longerThanMinutes),
  });
  return { options, counts: await count(), silence, late, monitors };
}

/** No database reckons further back than centuries. */
function secondsOf(minutes: number): number {
  return Math.min(minutes * 60, 100 * 365 * 86_400);
}

/** Returns the overview as `tasks stats --json` has it. */
export function overviewToJson({ options, counts, silence, late, monitors }: TaskOverview): object {
  const sum = (fits: (row: TaskCounts[number]) => boolean): number =>
    counts.reduce((total, row) => total + (fits(row) ? row.count : 0), 0);
  const reasons = [...new Set(counts.map(({ endReason }) => endReason))].filter((reason) => reason !== null).sort();
  return {
    total: sum(() => true),
    ...Object.fromEntries(statuses.map((name) => [name, sum(({ status }) => status === taskStatus[name])])),
    timed_out: sum(({ endReason }) => endReason === 'timeout'),
    taken_over: sum(({ endReason }) => endReason === 'taken_over'),
    silent: silence.silent,
    silence_unknown: silence.unknown,
    longest_silence_seconds: silence.longestSeconds,
    by_end_reason: Object.fromEntries(reasons.map((reason) => [reason, sum(({ endReason }) => endReason === reason)])),
    longer_than_minutes: options.longerThanMinutes,
    running_longer: late.runningLonger,
    window_minutes: options.windowMinutes,
    ended_in_window: late.ended,
    timed_out_in_window: late.timedOut,
    timeout_rate: late.timeoutRate,
    monitors: monitors.map(monitorToJson),
  };
}
