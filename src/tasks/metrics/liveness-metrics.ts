import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { TaskStatistics } from '../../database/tasks/task-statistics.js';
import type { Clock } from '../../runtime/clock.js';
import type { LivenessEvent } from '../../model/liveness-event.js';
import { MetricMaker } from './metric-maker.js';

/** What has become of a beat. */
type BeatOutcome = 'sent' | 'failed' | 'refused';

/** What shows that the database answers: it may refuse a beat after an outage, and no other comes then. */
const answers: ReadonlySet<LivenessEvent['kind']> = new Set([
  ...(['beat_landed', 'renewed_again', 'beat_refused', 'database_back', 'checked'] as const),
]);

/**
 * Counters and gauges of heartbeats, tasks and the monitor, by the conventions of Prometheus:
 * base units, totals that only grow, label sets that are bounded.
 */
export class LivenessMetrics {
  readonly registry: Registry;
  readonly #clock: Clock;
  /** Tasks that run in this process. */
  readonly #running = new Set<number>();
  /** When each of them beat last, by the monotonic clock. */
  readonly #beatAt = new Map<number, number>();
  readonly #heartbeats: Counter<'result'>;
  readonly #latency: Histogram;
  readonly #timeouts: Counter;
  readonly #checks: Counter;
  readonly #checkDuration: Histogram;
  readonly #databaseErrors: Counter;
  readonly #tasks: Gauge<'status'>;
  /** What the database was asked for; nothing is shown of what nobody has asked. */
  readonly #shown: Partial<Record<'runningLonger' | 'timeoutRatio' | 'silent' | 'monitors', number | undefined>> = {};
  readonly #stalled = new Set<number>();
  #isDatabaseUp = 1;
  readonly #beats: Record<BeatOutcome, number> = { sent: 0, failed: 0, refused: 0 };

  constructor(clock: Clock, registry: Registry) {
    this.#clock = clock;
    this.registry = registry;
    const make = new MetricMaker(registry);
    this.#heartbeats = make.counter('chainparse_heartbeats_total', 'Heartbeats by what became of them.', ['result']);
    this.#latency = make.histogram('chainparse_heartbeat_latency_seconds', 'From sending a heartbeat to its answer.');
    this.#timeouts = make.counter('chainparse_task_timeouts_total', 'Tasks that this monitor failed.');
    this.#checks = make.counter('chainparse_monitor_checks_total', 'Checks that came to their end.');
    this.#checkDuration = make.histogram('chainparse_monitor_check_duration_seconds', 'How long a check took.');
    this.#databaseErrors = make.counter('chainparse_database_errors_total', 'Statements that the database failed.');
    this.#tasks = make.gauge('chainparse_tasks', 'Tasks by status, as the database has them.', ['status']);
    for (const result of ['sent', 'failed', 'refused'] as const) this.#heartbeats.inc({ result }, 0);
    this.#derive(make);
  }

  #derive(make: MetricMaker): void {
    const derive = make.derived.bind(make);
    derive('chainparse_tasks_stalled', 'Tasks of this process whose work stands still.', () => this.#stalled.size);
    derive('chainparse_tasks_running_long', 'Running for longer than asked about.', () => this.#shown.runningLonger);
    derive('chainparse_tasks_silent', 'Running, and silent for more than three heartbeats.', () => this.#shown.silent);
    derive('chainparse_task_timeout_ratio', 'Part of those that ended of late.', () => this.#shown.timeoutRatio);
    derive('chainparse_monitors_alive', 'Monitors that are alive, by the database.', () => this.#shown.monitors);
    derive('chainparse_database_up', '1: the latest statement was answered; 0: it failed.', () => this.#isDatabaseUp);
    derive('chainparse_heartbeat_success_ratio', 'Part of the heartbeats that landed.', () => this.#successRatio());
    derive('chainparse_heartbeat_age_seconds', 'Since the oldest last heartbeat of this process.', () => this.#age());
  }

  /** Counts what was noticed. */
  readonly observe = (event: LivenessEvent): void => {
    if (event.kind === 'began') this.#running.add(event.taskId);
    else if (event.kind === 'timed_out') this.#timeouts.inc();
    else if (event.kind === 'stalled') this.#stalled.add(event.taskId);
    else if (event.kind === 'moved_again') this.#stalled.delete(event.taskId);
    else if (event.kind === 'checked') this.#countCheck(event.running, event.durationMs);
    else if (event.kind === 'beat_landed') this.#countLanded(event.taskId, event.latencyMs);
    else if (event.kind === 'beat_refused') this.#countRefused(event.taskId);
    else if (event.kind === 'beat_failed') this.#countBeat('failed');
    else if (event.kind === 'committed' || event.kind === 'taken_back') this.#renewed(event.taskId);
    else if (event.kind === 'ended') this.#forget(event.taskId);
    this.#judgeDatabase(event);
  };

  /** Shows what was counted in the database. */
  showTasks({ running, runningLonger, timeoutRate }: TaskStatistics): void {
    this.#tasks.set({ status: 'running' }, running);
    this.#shown.runningLonger = runningLonger;
    this.#shown.timeoutRatio = timeoutRate ?? 0;
  }

  /** Shows how many running tasks are silent for more than three of their heartbeats. */
  showSilent(count: number): void {
    this.#shown.silent = count;
  }

  /** Shows nothing more of what was read of tasks: a number that stands still looks like a system that is well. */
  showUnknown(): void {
    for (const name of ['runningLonger', 'timeoutRatio', 'silent'] as const) this.#shown[name] = undefined;
  }

  /** Shows how many monitors are alive; undefined: nobody knows. */
  showMonitors(count: number | undefined): void {
    this.#shown.monitors = count;
  }

  /** Returns each metric's value by its name and labels; of histograms count and sum. */
  async snapshot(): Promise<Readonly<Record<string, number>>> {
    const values: Record<string, number> = {};
    for (const metric of await this.registry.getMetricsAsJSON()) {
      for (const { value, labels, ...rest } of metric.values) {
        const { metricName = metric.name } = rest as { readonly metricName?: string };
        if (!metricName.endsWith('_bucket')) values[metricName + labelText(labels)] = value;
      }
    }
    return values;
  }

  #countCheck(running: number, durationMs: number): void {
    this.#checks.inc();
    this.#checkDuration.observe(durationMs / 1_000);
    this.#tasks.set({ status: 'running' }, running);
  }

  #countLanded(taskId: number, latencyMs: number): void {
    this.#countBeat('sent');
    this.#renewed(taskId);
    this.#latency.observe(latencyMs / 1_000);
  }

  /** Each commit renews the lease, too. A beat that was on its way may be answered once its task has ended here. */
  #renewed(taskId: number): void {
    if (this.#running.has(taskId)) this.#beatAt.set(taskId, this.#clock.monotonic());
  }

  #countRefused(taskId: number): void {
    this.#countBeat('refused');
    this.#forget(taskId);
  }

  #forget(taskId: number): void {
    this.#running.delete(taskId);
    this.#beatAt.delete(taskId);
    this.#stalled.delete(taskId);
  }

  #judgeDatabase({ kind }: LivenessEvent): void {
    if (kind === 'beat_failed' || kind === 'database_away') {
      this.#databaseErrors.inc();
      this.#isDatabaseUp = 0;
    } else if (answers.has(kind)) this.#isDatabaseUp = 1;
    if (kind !== 'database_away') return;
    this.#tasks.reset();
    this.showUnknown();
  }

  #countBeat(result: BeatOutcome): void {
    this.#beats[result]++;
    this.#heartbeats.inc({ result });
  }

  #successRatio(): number {
    const { sent, failed, refused } = this.#beats;
    return sent + failed + refused === 0 ? 1 : sent / (sent + failed + refused);
  }

  #age(): number | undefined {
    const oldest = Math.min(...this.#beatAt.values());
    return oldest === Infinity ? undefined : (this.#clock.monotonic() - oldest) / 1_000;
  }
}

function labelText(labels: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${String(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
