import { Registry } from 'prom-client';
import { AlertStore } from '../../database/operations/alert-store.js';
import type { Database } from '../../database/database.js';
import { WorkerStore } from '../../database/operations/worker-store.js';
import { MonitorStore } from '../../database/operations/monitor-store.js';
import { countTasks } from '../../database/tasks/task-listing.js';
import { readTaskSilence } from '../../database/tasks/task-silence.js';
import { readTaskStatistics } from '../../database/tasks/task-statistics.js';
import { alertRules } from '../../model/alert.js';
import { isMonitorAlive } from '../../model/monitor.js';
import { placesOf } from '../../model/worker.js';
import { lagBlocks, taskStatus } from '../../model/task.js';
import type { Clock } from '../../runtime/clock.js';
import { DatabaseUnreachableError } from '../../runtime/errors.js';
import { giveUpLater } from '../../runtime/give-up-later.js';
import { BoundedLabel } from './bounded-label.js';
import { MetricMaker } from './metric-maker.js';
import { mostPipelines } from './pipeline-metrics.js';
import { downPipelines } from '../alerts/down-pipelines.js';
import { readFleetFacts, type FleetFacts } from '../alerts/read-pipeline-facts.js';
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

/** Rows that are looked at: the latest monitors, workers and alerts. */
const most = { monitors: 10, workers: 1_000, alerts: 1_000 } as const;

/** How long the database may take, in milliseconds: Prometheus itself waits ten seconds where nothing is said. */
const patienceMs = 5_000;

/** What the database knows of all runs and monitors together, and what the process that reads it knows of itself. */
export class SystemMetrics {
  readonly registry = new Registry();
  readonly #options: SystemMetricsOptions;
  readonly #make = new MetricMaker(this.registry);
  readonly #pipelines = new BoundedLabel(mostPipelines);
  readonly #sinks = new SinkLabel();
  /** What is not known any more is not told: a number that stands still looks like a system that is well. */
  #known: Known | null = null;

  constructor(options: SystemMetricsOptions) {
    this.#options = options;
    addDefaultMetrics(this.registry, options.version);
    const up = '1: the database answers; 0: it does not.';
    this.#make.derived('chainparse_database_up', up, () => (this.#known === null ? 0 : 1));
    this.#showTasks();
    this.#showWatchers();
    this.#showSinks();
  }

  /** Reads anew what the database knows; where it can't be asked, throws, and says so in the metrics. */
  async refresh(): Promise<void> {
    const patience = { clock: this.#options.clock, delayMs: patienceMs, reason: lateError };
    try {
      this.#known = await giveUpLater(patience, () => readKnown(this.#options));
    } catch (error) {
      this.#known = null;
      throw error;
    }
  }

  #showTasks(): void {
    this.#set('chainparse_tasks', 'Tasks by status, as the database has them.', ['status'], (known) => [
      [{ status: 'running' }, known.statistics.running],
      [{ status: 'queued' }, known.queued],
    ]);
    const lag = 'Blocks behind the head, of live pipelines.';
    this.#set('chainparse_lag_blocks', lag, ['pipeline'], ({ lags }) => this.#worstOf(lags));
    const silent = 'Running, and silent for more than three heartbeats.';
    this.#one('chainparse_tasks_silent', silent, ({ silence }) => silence.silent);
    const unknown = 'Running, and nobody knows how silent.';
    this.#one('chainparse_tasks_silence_unknown', unknown, ({ silence }) => silence.unknown);
    const age = 'Since the oldest last sign of life of a running task.';
    this.#one('chainparse_heartbeat_age_seconds', age, ({ silence }) => silence.longestSeconds);
    const long = 'Running for more than an hour.';
    this.#one('chainparse_tasks_running_long', long, ({ statistics }) => statistics.runningLonger);
    const ratio = 'Part of those that ended of late.';
    this.#one('chainparse_task_timeout_ratio', ratio, ({ statistics }) => statistics.timeoutRate ?? 0);
    const down = 'Pipelines that failed, or should run and do not.';
    this.#one('chainparse_pipelines_down', down, (known) => known.down);
  }

  #showWatchers(): void {
    this.#set('chainparse_alerts_open', 'Alerts that stand, by rule.', ['rule'], ({ alerts }) =>
      alertRules.map((rule) => [{ rule }, alerts.filter((alert) => alert.rule === rule).length]),
    );
    this.#one('chainparse_monitors_alive', 'Monitors that are alive.', ({ monitors }) => monitors);
    this.#one('chainparse_workers_alive', 'Workers that are alive.', ({ places }) => places.workers);
    const places = 'Places for tasks of the workers that are alive.';
    this.#set('chainparse_worker_places', places, ['state'], ({ places: { taken, all } }) => [
      [{ state: 'taken' }, taken],
      [{ state: 'free' }, Math.max(0, all - taken)],
    ]);
  }

  #showSinks(): void {
    const show = (name: string, help: string, value: (sink: SinkView) => number): void =>
      this.#set(name, help, ['pipeline', 'sink'], ({ sinks }) => {
        const seen = sinks.map((sink) => ({ ...sink, value: value(sink) }));
        return largestOf(seen, this.#sinks);
      });
    show('chainparse_sink_lag_blocks', 'Blocks that are yet to be delivered.', ({ behind }) => behind);
    show('chainparse_sink_dead_letters', 'Messages that are refused for good.', ({ deadLetters }) => deadLetters);
  }

  #one(name: string, help: string, value: (known: Known) => number | null): void {
    this.#make.derived(name, help, () => (this.#known === null ? undefined : (value(this.#known) ?? undefined)));
  }

  #set<T extends string>(
    name: string,
    help: string,
    labels: T[],
    values: (known: Known) => Iterable<Labelled<T>>,
  ): void {
    this.#make.derivedSet(name, help, labels, () => (this.#known === null ? [] : values(this.#known)));
  }

  /** Of those that share a label the largest one counts. */
  #worstOf(lags: readonly Lag[]): readonly Labelled<'pipeline'>[] {
    const worst = new Map<string, number>();
    for (const { pipelineId, blocks } of lags) {
      const label = this.#pipelines.of(pipelineId);
      worst.set(label, Math.max(blocks, worst.get(label) ?? 0));
    }
    return [...worst].map(([pipeline, lag]) => [{ pipeline }, lag]);
  }
}

type Labelled<T extends string> = readonly [Record<T, string>, number];

/** How far behind its head a pipeline is. */
interface Lag {
  readonly pipelineId: number;
  readonly blocks: number;
}

type Known = Awaited<ReturnType<typeof readKnown>>;

/** Reads what is told: all of it, or nothing. */
async function readKnown({ database, defaultIntervalSeconds }: SystemMetricsOptions) {
  const facts = await readFleetFacts(database, defaultIntervalSeconds);
  return {
    statistics: await readTaskStatistics(database, window),
    queued: await countTasks(database, { status: taskStatus.queued }),
    silence: await readTaskSilence(database, defaultIntervalSeconds),
    lags: lagsOf(facts, defaultIntervalSeconds),
    monitors: (await new MonitorStore(database).list(most.monitors)).filter(isMonitorAlive).length,
    places: placesOf((await new WorkerStore(database).list(most.workers)).workers),
    alerts: (await new AlertStore(database).list({ all: false, limit: most.alerts })).alerts,
    sinks: await readSinks(database, defaultIntervalSeconds),
    down: downPipelines(facts, defaultIntervalSeconds).length,
  };
}

/** Of a pipeline that is silent, or whose nodes do not answer, nothing is told: nobody knows how far behind it is. */
function lagsOf({ pipelines, endpoints, chains }: FleetFacts, defaultIntervalSeconds: number): readonly Lag[] {
  const running = pipelines.flatMap(({ task }) => (task?.status === taskStatus.running ? [task] : []));
  const heads = new HeadContact(defaultIntervalSeconds);
  heads.note(running, endpoints, chains);
  return running.flatMap(({ id, pipelineId, progress }) => {
    const isKnown = progress?.mode === 'realtime' && heads.unknownSince(id) === null;
    const blocks = isKnown ? lagBlocks(progress) : null;
    return blocks === null ? [] : [{ pipelineId, blocks }];
  });
}

function lateError(): DatabaseUnreachableError {
  return new DatabaseUnreachableError(`no answer within ${patienceMs / 1_000} s`);
}
