import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { TaskStatistics } from '../database/task-statistics.js';
import type { Clock } from '../runtime/clock.js';
import type { LivenessEvent } from './liveness-event.js';

/** What has become of a beat. */
type BeatOutcome = 'sent' | 'failed' | 'refused';

/**
 * Counters and gauges of heartbeats, tasks and the monitor, on a registry of their own, by the conventions of Prometheus:
 * base units, totals that only grow, label sets that are bounded.
 */
export class LivenessMetrics {
  readonly registry = new Registry();
  readonly #clock: Clock;
  /** When each task of this process beat last, by the monotonic clock. */
  readonly #beatAt = new Map<number, number>();
  readonly #heartbeats: Counter<'result'>;
  readonly #latency: Histogram;
  readonly #timeouts: Counter;
  readonly #checks: Counter;
  readonly #checkDuration: Histogram;
  readonly #databaseErrors: Counter;
  readonly #stalled: Gauge;
  readonly #tasks: Gauge<'status'>;
  readonly #runningLonger: Gauge;
  readonly #timeoutRatio: Gauge;
  readonly #beats: Record<BeatOutcome, number> = { sent: 0, failed: 0, refused: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#heartbeats = this.#counter('chainparse_heartbeats_total', 'Heartbeats by what became of them.', ['result']);
    this.#latency = this.#histogram('chainparse_heartbeat_latency_seconds', 'From sending a heartbeat to its answer.');
    this.#timeouts = this.#counter('chainparse_task_timeouts_total', 'Tasks that this monitor failed.');
    this.#checks = this.#counter('chainparse_monitor_checks_total', 'Checks that came to their end.');
    this.#checkDuration = this.#histogram('chainparse_monitor_check_duration_seconds', 'How long a check took.');
    this.#databaseErrors = this.#counter('chainparse_database_errors_total', 'Statements that the database failed.');
    this.#stalled = this.#gauge('chainparse_tasks_stalled', 'Tasks of this process whose work stands still.');
    this.#tasks = this.#gauge('chainparse_tasks', 'Tasks by status, as the database has them.', ['status']);
    this.#runningLonger = this.#gauge('chainparse_tasks_running_long', 'Running for longer than asked about.');
    this.#timeoutRatio = this.#gauge('chainparse_task_timeout_ratio', 'Part of those that ended of late.');
    this.#derive('chainparse_heartbeat_success_ratio', 'Part of the heartbeats that landed.', () =>
      this.#successRatio(),
    );
    this.#derive('chainparse_heartbeat_age_seconds', 'Since the oldest last heartbeat of this process.', () =>
      this.#age(),
    );
    for (const result of ['sent', 'failed', 'refused'] as const) this.#heartbeats.inc({ result }, 0);
  }

  /** Counts what was noticed. */
  readonly observe = (event: LivenessEvent): void => {
    if (event.kind === 'timed_out') this.#timeouts.inc();
    else if (event.kind === 'stalled') this.#stalled.inc();
    else if (event.kind === 'moved_again') this.#stalled.dec();
    else if (event.kind === 'checked') this.#countCheck(event.running, event.durationMs);
    else if (event.kind === 'beat_landed') this.#countLanded(event.taskId, event.latencyMs);
    else if (event.kind === 'beat_refused') this.#countRefused(event.taskId);
    else if (event.kind === 'beat_failed') this.#countBeat('failed');
    if (event.kind === 'beat_failed' || event.kind === 'database_away') this.#databaseErrors.inc();
  };

  /** Shows what was counted in the database. */
  showTasks({ running, runningLonger, timeoutRate }: TaskStatistics): void {
    this.#tasks.set({ status: 'running' }, running);
    this.#runningLonger.set(runningLonger);
    this.#timeoutRatio.set(timeoutRate ?? 0);
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
    this.#beatAt.set(taskId, this.#clock.monotonic());
    this.#latency.observe(latencyMs / 1_000);
  }

  #countRefused(taskId: number): void {
    this.#countBeat('refused');
    this.#beatAt.delete(taskId);
  }

  #countBeat(result: BeatOutcome): void {
    this.#beats[result]++;
    this.#heartbeats.inc({ result });
  }

  #successRatio(): number {
    const { sent, failed, refused } = this.#beats;
    return sent + failed + refused === 0 ? 1 : sent / (sent + failed + refused);
  }

  #age(): number {
    const oldest = Math.min(...this.#beatAt.values());
    return oldest === Infinity ? 0 : (this.#clock.monotonic() - oldest) / 1_000;
  }

  #counter<T extends string>(name: string, help: string, labelNames: T[] = []): Counter<T> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #gauge<T extends string>(name: string, help: string, labelNames: T[] = []): Gauge<T> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram(name: string, help: string): Histogram {
    const buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    return new Histogram({ name, help, buckets, registers: [this.registry] });
  }

  #derive(name: string, help: string, read: () => number): void {
    const registers = [this.registry];
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
}

function labelText(labels: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${String(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
