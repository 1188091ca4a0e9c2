import type { Database } from '../../database/database.js';
import { MonitorStore } from '../../database/operations/monitor-store.js';
import { readTaskSilence } from '../../database/tasks/task-silence.js';
import { readTaskStatistics } from '../../database/tasks/task-statistics.js';
import { isMonitorAlive } from '../../model/monitor.js';
import type { Clock } from '../../runtime/clock.js';
import type { LivenessMetrics } from './liveness-metrics.js';
import type { Observe } from '../../model/liveness-event.js';

interface ReadingOptions {
  readonly database: Database;
  readonly metrics: LivenessMetrics;
}

interface MonitorReadingOptions extends ReadingOptions {
  /** By which tasks that name no heartbeat interval are judged. */
  readonly defaultIntervalSeconds: number;
  /** Of which time the rate of timeouts is. */
  readonly windowSeconds: number;
}

/** Running for longer than this many seconds counts as long. */
const longerThanSeconds = 3_600;

/** From one look for monitors to the next, in milliseconds. */
const turnMs = 60_000;

/** Monitors that are looked at: those with the latest sign of life. */
const latest = 10;

/** Returns an observer that reads after each check what a monitor's metrics tell of the database; nobody waits for it. */
export function readAfterChecks(options: MonitorReadingOptions): Observe {
  let reading: Promise<void> | null = null;
  return ({ kind }) => {
    if (kind !== 'checked') return;
    reading ??= read(options)
      .catch(() => options.metrics.showUnknown())
      .finally(() => (reading = null));
  };
}

async function read(options: MonitorReadingOptions): Promise<void> {
  const { database, metrics, windowSeconds, defaultIntervalSeconds } = options;
  metrics.showTasks(await readTaskStatistics(database, { windowSeconds, longerThanSeconds }));
  const { silent } = await readTaskSilence(database, defaultIntervalSeconds);
  metrics.showSilent(silent);
}

/** Shows in a run's metrics how many monitors are alive, once a minute, until `signal` is aborted. */
export async function keepCountingMonitors(
  { database, metrics, clock }: ReadingOptions & { readonly clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  const monitors = new MonitorStore(database);
  while (!signal.aborted) {
    const found = await monitors.list(latest).catch(() => null);
    // Where the database can't say, nobody knows.
    metrics.showMonitors(found?.filter(isMonitorAlive).length);
    await clock.sleep(turnMs, signal).catch(() => undefined);
  }
}
