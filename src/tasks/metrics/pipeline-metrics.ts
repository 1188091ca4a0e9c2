import type { Counter, Histogram, Registry } from 'prom-client';
import type { Clock } from '../../runtime/clock.js';
import { lagBlocks, type Progress } from '../../model/task.js';
import type { LivenessEvent } from '../../model/liveness-event.js';
import { BoundedLabel } from './bounded-label.js';
import { MetricMaker } from './metric-maker.js';

/** Pipelines that are told apart: each is a time series. */
export const mostPipelines = 200;

type Labelled = readonly [Record<'pipeline', string>, number];

/** After how long without a word of its run nobody knows how far behind its head a pipeline is, in milliseconds. */
const doubtMs = 60_000;

/** What is known of a task that runs here, since a time of the monotonic clock in milliseconds. */
interface Seen {
  readonly pipelineId: number;
  readonly progress: Progress;
  readonly at: number;
}

/** What the pipelines of a process commit, and how far behind their chains they are. */
export class PipelineMetrics {
  readonly #pipelines = new BoundedLabel(mostPipelines);
  /** By task, as long as it runs here. */
  readonly #running = new Map<number, Seen>();
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #events: Counter<'pipeline'>;
  readonly #reorgs: Counter<'pipeline'>;
  readonly #commits: Histogram;

  constructor(registry: Registry, clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    const make = new MetricMaker(registry);
    this.#events = make.counter('chainparse_events_total', 'Events committed.', ['pipeline']);
    this.#reorgs = make.counter('chainparse_reorgs_total', 'Reorganisations that took rows back.', ['pipeline']);
    this.#commits = make.histogram('chainparse_commit_duration_seconds', 'From sending a batch to its commit.');
    const show = (name: string, help: string, value: (seen: Seen) => number | null): void =>
      make.derivedSet(name, help, ['pipeline'], () => this.#read(value));
    show('chainparse_lag_blocks', 'Blocks behind the head, of live pipelines.', (seen) => this.#liveLag(seen));
    show('chainparse_next_block', 'The block that is to be committed next.', ({ progress }) => progress.nextBlock);
    show('chainparse_head_block', 'The newest block that the pipeline knows of.', ({ progress }) => progress.headBlock);
  }

  /** Counts what was noticed. */
  readonly observe = (event: LivenessEvent): void => {
    if (event.kind === 'progressed') this.#running.set(event.taskId, { ...event, at: this.#clock.monotonic() });
    else if (event.kind === 'committed') this.#committed(event.pipelineId, event.events, event.durationMs);
    else if (event.kind === 'taken_back') this.#reorgs.inc({ pipeline: this.#pipelines.of(event.pipelineId) });
    else if (event.kind === 'began') this.#began(event.pipelineId);
    else if (event.kind === 'ended') this.#running.delete(event.taskId);
  };

  /** How far behind the head a pipeline is that shall follow it; one that reads history is behind by intention. */
  #liveLag({ progress, at }: Seen): number | null {
    const isKnown = progress.mode === 'realtime' && this.#clock.monotonic() - at < doubtMs;
    return isKnown ? lagBlocks(progress) : null;
  }

  /** A counter that is born with its first event has not grown by it, as Prometheus reckons. */
  #began(pipelineId: number): void {
    const pipeline = this.#pipelines.of(pipelineId);
    this.#events.inc({ pipeline }, 0);
    this.#reorgs.inc({ pipeline }, 0);
  }

  #committed(pipelineId: number, events: number, durationMs: number): void {
    this.#events.inc({ pipeline: this.#pipelines.of(pipelineId) }, events);
    this.#commits.observe(durationMs / 1_000);
  }

  /** Of those that share a label the largest value counts. */
  #read(value: (seen: Seen) => number | null): Iterable<Labelled> {
    const largest = new Map<string, number>();
    for (const seen of this.#running.values()) {
      const found = value(seen);
      const label = this.#pipelines.of(seen.pipelineId);
      if (found !== null) largest.set(label, Math.max(found, largest.get(label) ?? found));
    }
    return [...largest].map(([pipeline, found]) => [{ pipeline }, found] as const);
  }
}
