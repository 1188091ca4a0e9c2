import { randomBytes } from 'node:crypto';
import type { Database } from '../../database/database.js';
import { requireMigrated } from '../../database/schema/migrator.js';
import { MonitorStore } from '../../database/operations/monitor-store.js';
import { TimeoutStore } from '../../database/tasks/timeout-store.js';
import { taskToJson } from '../../model/task-json.js';
import type { CronSchedule } from '../../model/cron-schedule.js';
import { UsageError, type ExitCode } from '../../runtime/errors.js';
import { giveUpLater } from '../../runtime/give-up-later.js';
import type { Observe } from '../../model/liveness-event.js';
import { CheckSchedule } from '../../tasks/monitor/check-times.js';
import { MonitorPresence } from '../../tasks/monitor/monitor-presence.js';
import { TimeoutMonitor } from '../../tasks/monitor/timeout-monitor.js';
import type { CheckResult } from '../../tasks/monitor/timeout-monitor.js';
import { watchMonitor } from '../../tasks/host/watch-liveness.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandContext } from '../context/context.js';
import { runHost } from '../running/run-host.js';
import { stopCode } from '../context/signals.js';
import { thisProcess } from '../context/this-process.js';
import type { CommandBody } from '../command-line/command.js';

/** The timeout daemon. */
export const command: CommandBody = {
  options: [
    { flags: '--once', description: 'one check, then exit' },
    { flags: '--schedule <cron>', description: 'check at these times of the local zone, in place of --interval' },
  ],
  settings: ['task_timeout', 'check_interval', 'heartbeat_interval', 'metrics.port', 'metrics.host'],
  stopsGracefully: true,
  action: monitorTasks,
};

interface MonitorOptions {
  readonly once?: boolean;
  readonly schedule?: string;
}

/** How long `--once` waits for a database that goes away, in milliseconds. */
const patienceMs = 30_000;

/** How long a statement may still be waited for once the monitor was told to end, in milliseconds. */
const lingerMs = 3_000;

/** Fails tasks that fell silent: again and again, or once. */
async function monitorTasks(context: CommandContext, options: MonitorOptions): Promise<ExitCode> {
  const schedule = await readSchedule(context, options.schedule);
  const database = await context.database({ statementTimeoutMs: statementTimeoutMs(context.settings) });
  if (options.once === true) await requireMigrated(database);
  const liveness = await watchMonitor(runHost(context, database), { isServed: options.once !== true });
  const monitor = createMonitor(context, database, { observe: liveness.observe, schedule });
  const work = options.once === true ? checkOnce(context, monitor) : keepChecking(context, monitor, options.schedule);
  return work.finally(() => liveness.close());
}

/** A monitor that is frozen in a transaction must hold nobody up, and a server that is must not hold up the monitor. */
function statementTimeoutMs({ heartbeatIntervalSeconds }: CommandContext['settings']): number {
  return Math.max(5_000, heartbeatIntervalSeconds * 1_000);
}

/** Throws UsageError where the expression is none, or stands beside an interval. */
async function readSchedule(
  { shownSettings }: CommandContext,
  expression: string | undefined,
): Promise<CronSchedule | null> {
  if (expression === undefined) return null;
  const interval = shownSettings.find(({ name }) => name === 'check_interval');
  if (interval?.origin.startsWith('flag') === true) throw new UsageError('give --interval or --schedule, not both');
  const { CronSchedule, cronProblem } = await import('../../model/cron-schedule.js');
  const problem = cronProblem(expression);
  if (problem === null) return new CronSchedule(expression, undefined);
  throw new UsageError(`--schedule '${expression}' is no schedule: ${problem}`, {
    hint: 'write it as "*/5 * * * *": every five minutes',
  });
}

interface MonitorParts {
  readonly observe: Observe;
  readonly schedule: CronSchedule | null;
}

function createMonitor(
  { settings, clock, logger, service }: CommandContext,
  database: Database,
  { observe, schedule }: MonitorParts,
): TimeoutMonitor {
  // In containers that share a host's name every monitor may be process 1.
  const name = `${thisProcess().name} (${randomBytes(3).toString('hex')})`;
  const { checkIntervalSeconds } = settings;
  // Whoever waits two check intervals for it must have heard it.
  const beatIntervalMs = Math.min(settings.heartbeatIntervalSeconds, checkIntervalSeconds) * 1_000;
  const store = new MonitorStore(database);
  return new TimeoutMonitor({
    store: new TimeoutStore(database),
    rule: {
      // 1.1 times 60 is a little more than 66 for a computer, and would cost a second.
      timeoutSeconds: Math.round(settings.taskTimeoutMinutes * 60_000) / 1_000,
      heartbeatIntervalSeconds: settings.heartbeatIntervalSeconds,
    },
    checkIntervalMs: checkIntervalSeconds * 1_000,
    ...(schedule === null ? {} : { times: new CheckSchedule(clock, schedule) }),
    name,
    presence: new MonitorPresence({ store, name, checkIntervalSeconds, beatIntervalMs, clock }),
    clock,
    logger,
    lang: settings.lang,
    observe,
    turned: (isAway) => service.turned(textsIn(settings.lang).services.monitor(isAway)),
  });
}

async function keepChecking(
  context: CommandContext,
  monitor: TimeoutMonitor,
  schedule: string | undefined,
): Promise<ExitCode> {
  const { taskTimeoutMinutes, checkIntervalSeconds } = context.settings;
  const fields = {
    event: 'monitor.started',
    timeout_minutes: taskTimeoutMinutes,
    ...(schedule === undefined ? { interval_seconds: checkIntervalSeconds } : { schedule }),
  };
  const when = schedule === undefined ? `every ${checkIntervalSeconds} s` : `at the times of "${schedule}"`;
  const message = `the monitor checks ${when}, timeout ${taskTimeoutMinutes} min`;
  context.logger.log('info', message, fields);
  await untilStopped(context, (stopping) => monitor.run(stopping));
  return 0;
}

async function checkOnce(context: CommandContext, monitor: TimeoutMonitor): Promise<ExitCode> {
  const result = await untilStopped(context, (stopping) => monitor.checkOnce(patienceMs, stopping));
  if (result === null) return stopCode(context.signals.stopping);
  await printCheck(context, result);
  return 0;
}

/** Waits for `work`, and a little longer once the command was told to end: null where it did not end by then. */
async function untilStopped<T>(
  { clock, signals: { stopping } }: CommandContext,
  work: (stopping: AbortSignal) => Promise<T>,
): Promise<T | null> {
  const reason = (): Error => stopping.reason as Error;
  try {
    return await giveUpLater({ clock, after: stopping, delayMs: lingerMs, reason }, () => work(stopping));
  } catch (error) {
    if (stopping.aborted && error === stopping.reason) return null;
    throw error;
  }
}

async function printCheck({ output, settings }: CommandContext, { running, timedOut }: CheckResult): Promise<void> {
  if (output.isJson) {
    const defaults = { timeoutMinutes: settings.taskTimeoutMinutes };
    await output.json({ checked: running, timed_out: timedOut.map((task) => taskToJson(task, defaults)) });
    return;
  }
  await output.line(`${running} running, ${timedOut.length} timed out`);
}
