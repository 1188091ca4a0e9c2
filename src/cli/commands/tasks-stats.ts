import type { TaskSilence } from '../../database/tasks/task-silence.js';
import type { TaskStatistics } from '../../database/tasks/task-statistics.js';
import { statusText } from '../../model/task.js';
import type { Lang } from '../../runtime/lang.js';
import { overviewToJson, readTaskOverview } from '../../tasks/views/task-overview.js';
import { ageText } from '../../texts/age-text.js';
import type { CommandContext } from '../context/context.js';
import { monitorHeadings, monitorRow } from '../texts/monitor-table.js';
import { withDatabase } from '../context/opened-databases.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandBody } from '../command-line/command.js';

export const command: CommandBody = {
  options: [
    {
      flags: '--longer-than <minutes>',
      description: 'count those that run for longer; 60 where left out',
      kind: 'id',
    },
    { flags: '--window <minutes>', description: 'count those that ended of late; 60 where left out', kind: 'id' },
  ],
  action: showStats,
};

interface StatsOptions {
  readonly longerThan?: number;
  readonly window?: number;
}

/** Counts tasks by status and by the reason of their end, and tells how silent those are that run. */
async function showStats(context: CommandContext, options: StatsOptions): Promise<void> {
  const { settings, output } = context;
  const { longerThan = 60, window = 60 } = options;
  const overview = {
    longerThanMinutes: longerThan,
    windowMinutes: window,
    defaultIntervalSeconds: settings.heartbeatIntervalSeconds,
  };
  const stats = await withDatabase(context, (database) => readTaskOverview(database, overview));
  if (output.isJson) return output.json(overviewToJson(stats));
  await output.table(
    [{ column: 'status' }, { column: 'endReason', least: 12 }, { column: 'tasks', align: 'right' }],
    [...stats.counts]
      .sort((a, b) => a.status - b.status || b.count - a.count)
      .map(({ status, endReason, count }) => [statusText(status, output.lang), endReason, count]),
  );
  for (const line of silenceLines(stats.silence, output.lang)) await output.line(line);
  await output.line(lateText(stats.late, longerThan, window, output.lang));
  if (stats.monitors.length === 0) return;
  const rows = stats.monitors.map((monitor) => monitorRow(monitor, output.lang));
  await output.table(monitorHeadings, rows);
}

function lateText(late: TaskStatistics, longerThan: number, window: number, lang: Lang): string {
  const { runningLonger, ended, timedOut, timeoutRate } = late;
  const rate = timeoutRate === null ? '' : ` (${Math.round(timeoutRate * 100)} %)`;
  const { late: text, timedOut: timedOutText } = textsIn(lang).monitors;
  return text(longerThan, runningLonger, window, ended, timedOutText(timedOut, rate));
}

function silenceLines({ silent, unknown, longestSeconds }: TaskSilence, lang: Lang): readonly string[] {
  const { monitors } = textsIn(lang);
  const known = longestSeconds === null ? [] : [monitors.silence(silent, ageText(longestSeconds, lang))];
  return unknown === 0 ? known : [...known, monitors.silenceUnknown(unknown)];
}
