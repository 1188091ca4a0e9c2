import { AlertStore } from '../../database/operations/alert-store.js';
import type { ObserveChain } from '../../chain/transport/rpc/chain-notice.js';
import type { Database } from '../../database/database.js';
import { forgetAlerts } from '../../database/operations/forget-alerts.js';
import { MuteStore } from '../../database/operations/mute-store.js';
import { MonitorStore } from '../../database/operations/monitor-store.js';
import { probeDatabase } from '../../database/tasks/database-probe.js';
import { listSilentTasks, readTaskStatistics } from '../../database/tasks/task-statistics.js';
import { TaskStore } from '../../database/tasks/task-store.js';
import type { AlertCondition } from '../../model/alert.js';
import { isMonitorAlive } from '../../model/monitor.js';
import { taskStatus } from '../../model/task.js';
import type { Logger } from '../../runtime/logger.js';
import type { SecretMask } from '../../runtime/secrets.js';
import { waitAtMost } from '../../runtime/wait-at-most.js';
import type { Settings } from '../../settings/settings.js';
import { AlertDesk } from '../alerts/alert-desk.js';
import { AlertRetention } from '../alerts/alert-retention.js';
import { AlertOutbox } from '../alerts/alert-outbox.js';
import { combineObservers, type Observe } from '../../model/liveness-event.js';
import type { LivenessMetrics } from '../metrics/liveness-metrics.js';
import { keepCountingMonitors, readAfterChecks } from '../metrics/database-readings.js';
import { OutageWatch } from '../monitor/outage-watch.js';
import { readSinks } from '../views/sink-view.js';
import { judgeSinks } from '../alerts/sink-alerts.js';
import { MonitorAlerts } from '../alerts/monitor-alerts.js';
import { PipelineAlerts } from '../alerts/pipeline-alerts.js';
import { readFleetFacts } from '../alerts/read-pipeline-facts.js';
import { RunAlerts } from '../alerts/run-alerts.js';
import { logsMetrics, openMetrics, type MetricsHost, type OpenMetrics } from '../metrics/open-metrics.js';
import type { AlertChannel } from '../alerts/alert-message.js';

/** The process that is watched while tasks run in it, or are judged. */
export interface LivenessHost extends MetricsHost {
  readonly database: Database;
  readonly settings: Settings;
  readonly secrets: SecretMask;
  /** This process, as alerts name it. */
  readonly worker: { readonly name: string };
  /** By which people are told. */
  readonly channels: readonly AlertChannel[];
  /** Aborted when the process shall end soon. */
  readonly stopping: AbortSignal;
}

/** What looks on while tasks run or are judged: alert rules and metrics. */
export interface LivenessWatch {
  readonly observe: Observe;
  /** Undefined where nobody counts what chains are asked. */
  readonly observeChain: ObserveChain | undefined;
  /** Ends the watch; alerts on their way get a few seconds, or one where the command was told to end. */
  close(): Promise<void>;
}

/** How long alerts may take at the end, in milliseconds. */
const patienceMs = { ended: 5_000, stopped: 1_000, toNote: 1_000 };

/** Running for longer than this many seconds counts as long. */
const longerThanSeconds = 3_600;

/** Watches runs; what is noticed goes to `logger`. `outages`: what this process knows of them. */
export async function watchRuns(
  host: LivenessHost,
  logger: Logger,
  outages: OutageWatch = outageWatch(host),
): Promise<LivenessWatch> {
  const { settings, clock, database } = host;
  const opened = await openMetrics(host);
  const parts = openParts(host, logger);
  const monitors = new MonitorStore(database);
  const tasks = new TaskStore(database);
  const alerts = new RunAlerts({
    ...{ desk: parts.desk, rules: settings.alerts, clock },
    isRunning: async (taskId) => (await tasks.get(taskId)).status === taskStatus.running,
    isMonitored: async () => (await monitors.list(10)).some(isMonitorAlive),
    // As long as a monitor may be silent.
    unmonitoredMs: 2 * settings.checkIntervalSeconds * 1_000,
    worker: host.worker.name,
    turnMs: turnMs(settings),
    ...{ outages, judge: judgeOf(host, parts), probe: () => probeDatabase(database) },
  });
  const ended = new AbortController();
  void alerts.run(ended.signal);
  if (opened !== null) {
    void keepCountingMonitors({ database, metrics: opened.metrics.liveness, clock }, ended.signal);
  }
  const close = async (): Promise<void> => {
    ended.abort();
    // How its tasks have ended is known now, and perhaps nobody else is there to judge it.
    await closeParts(host, parts, logger, opened, alerts.judge());
  };
  return { ...observers(alerts.observe, opened), close };
}

/** Makes a watch of what this process can't hear of its database. */
export function outageWatch({ clock, settings }: Pick<LivenessHost, 'clock' | 'settings'>): OutageWatch {
  return new OutageWatch({ clock, heartbeatIntervalMs: settings.heartbeatIntervalSeconds * 1_000 });
}

/** Watches a timeout monitor. */
export async function watchMonitor(
  host: LivenessHost,
  { isServed }: { readonly isServed: boolean },
): Promise<LivenessWatch> {
  const { settings, clock, logger, database } = host;
  const opened = await openMetrics(host, { isServed });
  const parts = openParts(host, logger);
  const windowSeconds = settings.alerts.timeoutRateWindowMinutes * 60;
  const defaultIntervalSeconds = settings.heartbeatIntervalSeconds;
  const alerts = new MonitorAlerts({
    ...{ desk: parts.desk, store: parts.store, rules: settings.alerts, clock, logger },
    statistics: () => readTaskStatistics(database, { windowSeconds, longerThanSeconds }),
    // A freeze that is shorter makes no run miss more than one of its beats.
    tolerableMs: Math.max(1_000, settings.heartbeatIntervalSeconds * 250),
    listSilent: (limit) => listSilentTasks(database, { defaultIntervalSeconds, limit }),
    turnMs: turnMs(settings),
    judge: judgeOf(host, parts),
    retention: new AlertRetention({
      ...{ rules: settings.alerts, clock },
      forget: (options) => forgetAlerts(database, options),
    }),
  });
  const close = (): Promise<void> => closeParts(host, parts, logger, opened, alerts.whenIdle());
  const reads = (metrics: LivenessMetrics): Observe =>
    readAfterChecks({ database, metrics, windowSeconds, defaultIntervalSeconds });
  const also = opened === null ? [] : [reads(opened.metrics.liveness)];
  return { ...observers(combineObservers([alerts.observe, ...also]), opened), close };
}

/** Short beats ask for short looks; at the default one a minute costs the database little. */
function turnMs({ heartbeatIntervalSeconds }: LivenessHost['settings']): number {
  return Math.min(60_000, heartbeatIntervalSeconds * 2_000);
}

/** Returns what judges sinks and pipelines: every process can, by the database's rows. */
function judgeOf({ database, settings, clock }: LivenessHost, parts: AlertParts): () => Promise<void> {
  const rules = settings.alerts;
  const defaultIntervalSeconds = settings.heartbeatIntervalSeconds;
  const alerts = new PipelineAlerts({
    ...{ ...parts, rules, clock, defaultIntervalSeconds, mutes: new MuteStore(database) },
    readFacts: () => readFleetFacts(database, defaultIntervalSeconds),
  });
  return async () => {
    const { pipelines } = await alerts.judge();
    await judgeSinks({ ...parts, rules, listSinks: () => readSinks(database, defaultIntervalSeconds), pipelines });
  };
}

interface AlertParts {
  readonly store: AlertStore;
  readonly outbox: AlertOutbox;
  readonly desk: AlertDesk;
}

function openParts(host: LivenessHost, logger: Logger): AlertParts {
  const { settings, clock, secrets, database, channels, worker } = host;
  const { repeatMinutes } = settings.alerts;
  const store = new AlertStore(database);
  const outbox = new AlertOutbox({ channels, clock, logger });
  const desk = new AlertDesk({
    ...{ store, outbox, clock, logger },
    worker: worker.name,
    repeatSeconds: repeatMinutes === null ? null : repeatMinutes * 60,
    pageUrl: settings.alerts.pageUrl,
    mask: (condition) => secrets.maskValue(condition) as AlertCondition,
  });
  return { store, outbox, desk };
}

async function closeParts(
  { clock, stopping, settings }: LivenessHost,
  { desk, outbox }: AlertParts,
  logger: Logger,
  opened: OpenMetrics | null,
  judged: Promise<void>,
): Promise<void> {
  const until = clock.monotonic() + (stopping.aborted ? patienceMs.stopped : patienceMs.ended);
  const ms = until - clock.monotonic();
  await waitAtMost(
    judged.then(() => desk.whenIdle()),
    { clock, ms },
  );
  await outbox.close(Math.max(0, until - clock.monotonic()));
  // What has reached nobody is noted, for others to tell.
  await waitAtMost(desk.whenIdle(), { clock, ms: patienceMs.toNote });
  if (opened === null) return;
  await opened.close();
  if (!logsMetrics(settings)) return;
  logger.log('debug', 'the metrics of this process at its end', {
    event: 'metrics',
    metrics: await opened.metrics.liveness.snapshot(),
  });
}

function observers(observe: Observe, opened: OpenMetrics | null): Pick<LivenessWatch, 'observe' | 'observeChain'> {
  if (opened === null) return { observe: combineObservers([observe]), observeChain: undefined };
  const { metrics } = opened;
  return { observe: combineObservers([observe, metrics.observe]), observeChain: metrics.observeChain };
}
