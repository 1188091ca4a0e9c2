import { Registry, type Gauge } from 'prom-client';
import { AlertStore } from '../../database/operations/alert-store.js';
import type { Database } from '../../database/database.js';
import { WorkerStore } from '../../database/operations/worker-store.js';
import { EndpointStore } from '../../database/operations/endpoint-store.js';
import { MonitorStore } from '../../database/operations/monitor-store.js';
import { countTasks, listTasks } from '../../database/tasks/task-listing.js';
import { readTaskSilence } from '../../database/tasks/task-silence.js';
import { readTaskStatistics } from '../../database/tasks/task-statistics.js';
import { alertRules } from '../../model/alert.js';
import { isMonitorAlive } from '../../model/monitor.js';
import { placesOf } from '../../model/worker.js';
import { lagBlocks, taskStatus, type Task } from '../../model/task.js';
import type { Clock } from '../../runtime/clock.js';
import { DatabaseUnreachableError } from '../../runtime/errors.js';
import { BoundedLabel } from './bounded-label.js';
import { MetricMaker } from './metric-maker.js';
import { mostPipelines } from './pipeline-metrics.js';
import { readDownPipelines } from '../alerts/read-down-pipelines.js';
import { readChainsInDoubt } from '../views/chains-in-doubt.js';
import { HeadContact } from '../views/head-contact.js';
import { readSinks, type SinkView } from '../views/sink-view.js';
import { SinkLabel, largestOf } from './sink-metrics.js';
import { addDefaultMetrics } from './process-metrics.js';

interface SystemMetricsOptions {
  readonly database: Database;
  /** By which tasks that name no heartbeat interval are judged. */
  readonly defaultIntervalSeconds: number;
  readonly version: string;
  readonly clock: Clock;
}

/** Of which time ends are counted, and what runs for long, in seconds. */
const window = { windowSeconds: 3_600, longerThanSeconds: 3_600 };

/** Rows that are looked at: the most silent tasks, the latest monitors and alerts. */
const most = { running: 500, monitors: 10, workers: 1_000, alerts: 1_000, endpoints: 1_000 } as const;

/** How long the database may take, in milliseconds: Prometheus itself waits ten seconds where nothing is said. */
const patienceMs = 5_000;

/** What the database knows of all runs and monitors together, and what the process that reads it knows of itself. */
export class SystemMetrics {
  readonly registry = new Registry();
  readonly #options: SystemMetricsOptions;
  readonly #pipelines = new BoundedLabel(mostPipelines);
  readonly #sinks = new SinkLabel();
  readonly #gauges: Gauges;

  constructor(options: SystemMetricsOptions) {
    this.#options = options;
    addDefaultMetrics(this.registry, options.version);
    this.#gauges = makeGauges(new MetricMaker(this.registry));
  }

  /** Reads anew what the database knows; where it can't be asked, throws, and says so in the metrics. */
  async refresh(): Promise<void> {
    const answered = new AbortController();
    try {
      await Promise.race([this.#read(), this.#late(answered.signal)]);
      this.#gauges.database.set(1);
    } catch (error) {
      this.#forget();
      throw error;
    } finally {
      answered.abort(new Error('answered'));
    }
  }

  async #read(): Promise<void> {
    await this.#readTasks();
    await this.#readWatchers();
    await this.#readSinks();
    const { database, defaultIntervalSeconds } = this.#options;
    this.#gauges.down.set((await readDownPipelines(database, defaultIntervalSeconds)).length);
  }

  async #late(answered: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(patienceMs, answered).catch(() => undefined);
    if (!answered.aborted) throw new DatabaseUnreachableError(`no answer within ${patienceMs / 1_000} s`);
  }

  /** What is not known any more is not told: a number that stands still looks like a system that is well. */
  #forget(): void {
    this.#gauges.database.set(0);
    for (const gauge of this.#gauges.read) gauge.reset();
    for (const gauge of this.#gauges.single) gauge.remove();
  }

  async #readTasks(): Promise<void> {
    const { database, defaultIntervalSeconds } = this.#options;
    const { tasks, silent, unknown, age, long, ratio } = this.#gauges;
    const statistics = await readTaskStatistics(database, window);
    tasks.set({ status: 'running' }, statistics.running);
    tasks.set({ status: 'queued' }, await countTasks(database, { status: taskStatus.queued }));
    long.set(statistics.runningLonger);
    ratio.set(statistics.timeoutRate ?? 0);
    const silence = await readTaskSilence(database, defaultIntervalSeconds);
    silent.set(silence.silent);
    unknown.set(silence.unknown);
    if (silence.longestSeconds === null) age.remove();
    else age.set(silence.longestSeconds);
    const order = { by: 'last_heartbeat', descending: false } as const;
    await this.#showLag(
      await listTasks(database, { status: taskStatus.running, order, limit: most.running, offset: 0 }),
    );
  }

  /** Of a pipeline that is silent, or whose nodes do not answer, nothing is told: nobody knows how far behind it is. */
  async #showLag(tasks: readonly Task[]): Promise<void> {
    const { database, defaultIntervalSeconds } = this.#options;
    const { endpoints } = await new EndpointStore(database).list({ limit: most.endpoints });
    const contact = new HeadContact(defaultIntervalSeconds);
    contact.note(tasks, endpoints, await readChainsInDoubt(database, endpoints));
    const worst = new Map<string, number>();
    for (const { id, pipelineId, progress } of tasks) {
      const isKnown = progress?.mode === 'realtime' && contact.unknownSince(id) === null;
      const lag = isKnown ? lagBlocks(progress) : null;
      const label = this.#pipelines.of(pipelineId);
      if (lag !== null) worst.set(label, Math.max(lag, worst.get(label) ?? 0));
    }
    this.#gauges.lag.reset();
    for (const [pipeline, lag] of worst) this.#gauges.lag.set({ pipeline }, lag);
  }

  async #readSinks(): Promise<void> {
    const { sinkLag, sinkLetters } = this.#gauges;
    const sinks = await readSinks(this.#options.database);
    const show = (gauge: Gauge<'pipeline' | 'sink'>, value: (sink: SinkView) => number): void => {
      gauge.reset();
      const seen = sinks.map((sink) => ({ ...sink, value: value(sink) }));
      for (const [labels, largest] of largestOf(seen, this.#sinks)) gauge.set(labels, largest);
    };
    show(sinkLag, ({ behind }) => behind);
    show(sinkLetters, ({ deadLetters }) => deadLetters);
  }

  async #readWatchers(): Promise<void> {
    const { database } = this.#options;
    const monitors = await new MonitorStore(database).list(most.monitors);
    const alive = monitors.filter(isMonitorAlive);
    this.#gauges.monitors.set(alive.length);
    const places = placesOf(await new WorkerStore(database).list(most.workers));
    this.#gauges.workers.set(places.workers);
    this.#gauges.places.set({ state: 'taken' }, places.taken);
    this.#gauges.places.set({ state: 'free' }, Math.max(0, places.all - places.taken));
    const { alerts } = await new AlertStore(database).list({ all: false, limit: most.alerts });
    for (const rule of alertRules)
      this.#gauges.alerts.set({ rule }, alerts.filter((alert) => alert.rule === rule).length);
  }
}

type Gauges = ReturnType<typeof makeGauges>;

function makeGauges(make: MetricMaker) {
  const tasks = make.gauge('chainparse_tasks', 'Tasks by status, as the database has them.', ['status']);
  const lag = make.gauge('chainparse_lag_blocks', 'Blocks behind the head, of live pipelines.', ['pipeline']);
  const alerts = make.gauge('chainparse_alerts_open', 'Alerts that stand, by rule.', ['rule']);
  const database = make.gauge('chainparse_database_up', '1: the database answers; 0: it does not.');
  const silent = make.gauge('chainparse_tasks_silent', 'Running, and silent for more than three heartbeats.');
  const unknown = make.gauge('chainparse_tasks_silence_unknown', 'Running, and nobody knows how silent.');
  const age = make.gauge('chainparse_heartbeat_age_seconds', 'Since the oldest last sign of life of a running task.');
  const long = make.gauge('chainparse_tasks_running_long', 'Running for more than an hour.');
  const ratio = make.gauge('chainparse_task_timeout_ratio', 'Part of those that ended of late.');
  const down = make.gauge('chainparse_pipelines_down', 'Pipelines that failed, or should run and do not.');
  const monitors = make.gauge('chainparse_monitors_alive', 'Monitors that are alive.');
  const workers = make.gauge('chainparse_workers_alive', 'Workers that are alive.');
  const places = make.gauge('chainparse_worker_places', 'Places for tasks of the workers that are alive.', ['state']);
  const sinkLabels: ('pipeline' | 'sink')[] = ['pipeline', 'sink'];
  const sinkLag = make.gauge('chainparse_sink_lag_blocks', 'Blocks that are yet to be delivered.', sinkLabels);
  const sinkLetters = make.gauge('chainparse_sink_dead_letters', 'Messages that are refused for good.', sinkLabels);
  const single: readonly Gauge[] = [silent, unknown, age, long, ratio, down, monitors, workers];
  const read: readonly Gauge[] = [tasks, lag, alerts, sinkLag, sinkLetters, places];
  return {
    sinkLag,
    sinkLetters,
    tasks,
    lag,
    alerts,
    database,
    silent,
    unknown,
    age,
    long,
    ratio,
    down,
    monitors,
    workers,
    places,
    single,
    read,
  };
}
