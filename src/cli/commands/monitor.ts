import { randomBytes } from 'node:crypto';
import type { Database } from '../../database/database.js';
import { requireMigrated } from '../../database/schema/migrator.js';
import { MonitorStore } from '../../database/operations/monitor-store.js';
import { TimeoutStore } from '../../database/tasks/timeout-store.js';
import { taskToJson } from '../../model/task-json.js';
import type { ExitCode } from '../../runtime/errors.js';
import { giveUpLater } from '../../runtime/give-up-later.js';
import type { Observe } from '../../model/liveness-event.js';
import { MonitorPresence } from '../../tasks/monitor/monitor-presence.js';
import { TimeoutMonitor } from '../../tasks/monitor/timeout-monitor.js';
import type { CheckResult } from '../../tasks/monitor/timeout-monitor.js';
import { watchMonitor } from '../../tasks/alerts/watch-liveness.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandContext } from '../context.js';
import { runHost } from '../running/run-host.js';
import { stopCode } from '../signals.js';
import { thisProcess } from '../this-process.js';
import type { CommandBody } from '../command-line/command.js';

/** The timeout daemon. */
export const command: CommandBody = {
  options: [{ flags: '--once', description: 'one check, then exit' }],
  settings: ['task_timeout', 'check_interval', 'heartbeat_interval', 'metrics.port', 'metrics.host'],
  stopsGracefully: true,
  action: monitorTasks,
};

interface MonitorOptions {
  readonly once?: boolean;
}

/** How long `--once` waits for a database that goes away, in milliseconds. */
const patienceMs = 30_000;

/** How long a statement may still be waited for once the monitor was told to end, in milliseconds. */
const lingerMs = 3_000;

/** Fails tasks that fell silent: again and again, or once. */
async function monitorTasks(context: CommandContext, options: MonitorOptions): Promise<ExitCode> {
  const database = await context.database({ statementTimeoutMs: statementTimeoutMs(context.settings) });
  if (options.once === true) await requireMigrated(database);
  const liveness = await watchMonitor(runHost(context, database), { isServed: options.once !== true });
  const monitor = createMonitor(context, database, liveness.observe);
  const work = options.once === true ? checkOnce(context, monitor) : keepChecking(context, monitor);
  return work.finally(() => liveness.close());
}

/** A monitor that is frozen in a transaction must hold nobody up, and a server that is must not hold up the monitor. */
function statementTimeoutMs({ heartbeatIntervalSeconds }: CommandContext['settings']): number {
  return Math.max(5_000, heartbeatIntervalSeconds * 1_000);
}

function createMonitor(
  { settings, clock, logger, service }: CommandContext,
  database: Database,
  observe: Observe,
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
    name,
    presence: new MonitorPresence({ store, name, checkIntervalSeconds, beatIntervalMs, clock }),
    clock,
    logger,
    lang: settings.lang,
    observe,
    turned: (isAway) => service.turned(textsIn(settings.lang).services.monitor(isAway)),
  });
}

async function keepChecking(context: CommandContext, monitor: TimeoutMonitor): Promise<ExitCode> {
  const { taskTimeoutMinutes, checkIntervalSeconds } = context.settings;
  const fields = {
    event: 'monitor.started',
    timeout_minutes: taskTimeoutMinutes,
    interval_seconds: checkIntervalSeconds,
  };
  const message = `the monitor checks every ${checkIntervalSeconds} s, timeout ${taskTimeoutMinutes} min`;
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
