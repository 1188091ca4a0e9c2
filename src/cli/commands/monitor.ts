import { requireMigrated } from '../../database/migrator.js';
import { TimeoutStore } from '../../database/timeout-store.js';
import { taskToJson } from '../../model/task-json.js';
import type { ExitCode } from '../../runtime/errors.js';
import { TimeoutMonitor } from '../../tasks/timeout-monitor.js';
import type { CheckResult } from '../../tasks/timeout-monitor.js';
import type { CommandContext } from '../context.js';
import { stopCode } from '../stop-code.js';
import { thisProcess } from '../this-process.js';

interface MonitorOptions {
  readonly once?: boolean;
}

/** How long `--once` waits for a database that is away, in milliseconds. */
const patienceMs = 30_000;

/** Fails tasks that fell silent: again and again, or once. */
export async function monitorTasks(context: CommandContext, options: MonitorOptions): Promise<ExitCode> {
  const { settings, clock, logger, signals } = context;
  const heartbeatIntervalSeconds = settings.heartbeatIntervalSeconds;
  // A monitor that is frozen in a transaction must hold nobody up, and a server that is must not hold up the monitor.
  const database = await context.database({ statementTimeoutMs: Math.max(5_000, heartbeatIntervalSeconds * 1_000) });
  await requireMigrated(database);
  const monitor = new TimeoutMonitor({
    store: new TimeoutStore(database),
    rule: { timeoutSeconds: settings.taskTimeoutMinutes * 60, heartbeatIntervalSeconds },
    checkIntervalMs: settings.checkIntervalSeconds * 1_000,
    name: thisProcess().name,
    clock,
    logger,
    lang: settings.lang,
  });
  if (options.once === true) {
    const result = await monitor.checkOnce(patienceMs, signals.stopping);
    if (result === null) return stopCode(signals.stopping);
    await printCheck(context, result);
    return 0;
  }
  const { taskTimeoutMinutes, checkIntervalSeconds } = settings;
  const fields = {
    event: 'monitor.started',
    timeout_minutes: taskTimeoutMinutes,
    interval_seconds: checkIntervalSeconds,
  };
  logger.log('info', `the monitor checks every ${checkIntervalSeconds} s, timeout ${taskTimeoutMinutes} min`, fields);
  await monitor.run(signals.stopping);
  return 0;
}

async function printCheck({ output, settings }: CommandContext, { running, timedOut }: CheckResult): Promise<void> {
  if (output.isJson) {
    const defaults = { timeoutMinutes: settings.taskTimeoutMinutes };
    await output.json({ running, timed_out: timedOut.map((task) => taskToJson(task, defaults)) });
    return;
  }
  await output.line(`${running} running, ${timedOut.length} timed out`);
}
