import { MonitorStore } from '../../database/monitor-store.js';
import { readTaskSilence } from '../../database/task-silence.js';
import { readTaskStatistics } from '../../database/task-statistics.js';
import type { TaskStatistics } from '../../database/task-statistics.js';
import { TaskStore } from '../../database/task-store.js';
import { monitorToJson } from '../../model/monitor.js';
import { statusText, taskStatus, type TaskStatusName } from '../../model/task.js';
import type { Lang } from '../../runtime/messages.js';
import { ageText } from '../age-text.js';
import type { CommandContext } from '../context.js';
import { monitorHeadings, monitorRow } from '../monitor-table.js';
import { withDatabase } from '../with-database.js';

interface StatsOptions {
  readonly longerThan?: number;
  readonly window?: number;
}

type Counts = Awaited<ReturnType<TaskStore['count']>>;

/** The monitors with the latest sign of life; the others are long gone. */
const monitorsShown = 10;

const statuses: readonly TaskStatusName[] = ['running', 'succeeded', 'failed', 'queued'];

/** Counts tasks by status and by the reason of their end, and tells how silent those are that run. */
export async function showStats(context: CommandContext, options: StatsOptions): Promise<void> {
  const { settings, output } = context;
  const { longerThan = 60, window = 60 } = options;
  const stats = await withDatabase(context, async (database) => {
    const silence = await readTaskSilence(database, settings.heartbeatIntervalSeconds);
    const monitors = await new MonitorStore(database).list(monitorsShown);
    const seconds = { windowSeconds: secondsOf(window), longerThanSeconds: secondsOf(longerThan) };
    const late = await readTaskStatistics(database, seconds);
    return { counts: await new TaskStore(database).count(), ...silence, monitors, late };
  });
  const document = statsDocument(stats.counts, stats.silent, stats.longestSeconds);
  if (output.isJson) {
    const late = lateDocument(stats.late, longerThan, window);
    return output.json({ ...document, ...late, monitors: stats.monitors.map(monitorToJson) });
  }
  await output.table(
    [
      { en: 'status', zh: '状态' },
      { en: 'end reason', zh: '结束原因' },
      { en: 'tasks', zh: '任务数', align: 'right' },
    ],
    [...stats.counts]
      .sort((a, b) => a.status - b.status || b.count - a.count)
      .map(({ status, endReason, count }) => [statusText(status, output.lang), endReason, count]),
  );
  if (stats.longestSeconds !== null) await output.line(silenceText(stats.silent, stats.longestSeconds, output.lang));
  await output.line(lateText(stats.late, longerThan, window, output.lang));
  if (stats.monitors.length === 0) return;
  const rows = stats.monitors.map((monitor) => monitorRow(monitor, output.lang));
  await output.table(monitorHeadings, rows);
}

/** No database reckons further back than centuries. */
function secondsOf(minutes: number): number {
  return Math.min(minutes * 60, 100 * 365 * 86_400);
}

function lateText(late: TaskStatistics, longerThan: number, window: number, lang: Lang): string {
  const { runningLonger, ended, timedOut, timeoutRate } = late;
  const rate = timeoutRate === null ? '' : ` (${Math.round(timeoutRate * 100)} %)`;
  return lang === 'zh'
    ? `运行超过 ${longerThan} 分钟的任务: ${runningLonger}; 最近 ${window} 分钟内结束: ${ended}, 其中超时 ${timedOut}${rate}`
    : `running for more than ${longerThan} min: ${runningLonger}; ended in the last ${window} min: ${ended}, of which ${timedOut} timed out${rate}`;
}

function lateDocument(late: TaskStatistics, longerThan: number, window: number): object {
  return {
    longer_than_minutes: longerThan,
    running_longer: late.runningLonger,
    window_minutes: window,
    ended_in_window: late.ended,
    timed_out_in_window: late.timedOut,
    timeout_rate: late.timeoutRate,
  };
}

function silenceText(silent: number, longestSeconds: number, lang: Lang): string {
  const longest = ageText(longestSeconds, lang);
  return lang === 'zh'
    ? `静默超过三个心跳间隔的运行中任务: ${silent}, 最长静默 ${longest}`
    : `running and silent for more than three of their intervals: ${silent}; longest silence ${longest}`;
}

function statsDocument(counts: Counts, silent: number, longestSeconds: number | null): object {
  const sum = (fits: (row: Counts[number]) => boolean): number =>
    counts.reduce((total, row) => total + (fits(row) ? row.count : 0), 0);
  const reasons = [...new Set(counts.map(({ endReason }) => endReason))].filter((reason) => reason !== null).sort();
  return {
    total: sum(() => true),
    ...Object.fromEntries(statuses.map((name) => [name, sum(({ status }) => status === taskStatus[name])])),
    timed_out: sum(({ endReason }) => endReason === 'timeout'),
    taken_over: sum(({ endReason }) => endReason === 'taken_over'),
    silent,
    longest_silence_seconds: longestSeconds,
    by_end_reason: Object.fromEntries(reasons.map((reason) => [reason, sum(({ endReason }) => endReason === reason)])),
  };
}
