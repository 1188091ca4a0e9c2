import type { Counter, Registry } from 'prom-client';
import type { LivenessEvent, SinkSeen } from '../../model/liveness-event.js';
import { BoundedLabel } from './bounded-label.js';
import { MetricMaker } from './metric-maker.js';

/** Sinks that are told apart, as pairs of a pipeline and a name: each is a time series. */
const mostSinks = 200;

/** Names a sink in a metric; of too many the rest share one. */
export class SinkLabel {
  readonly #sinks = new BoundedLabel(mostSinks);

  of(pipelineId: number, sink: string): Record<'pipeline' | 'sink', string> {
    const pair = this.#sinks.of(`${pipelineId}/${sink}`);
    return pair === `${pipelineId}/${sink}` ? { pipeline: String(pipelineId), sink } : { pipeline: pair, sink: pair };
  }
}

/** What the sinks of a process deliver, and how far behind what is stored they are. */
export class SinkMetrics {
  readonly #labels = new SinkLabel();
  readonly #messages: Counter<'pipeline' | 'sink' | 'result'>;
  /** By task, as long as it runs here. */
  readonly #seen = new Map<number, { readonly pipelineId: number; readonly sinks: readonly SinkSeen[] }>();

  constructor(registry: Registry) {
    const make = new MetricMaker(registry);
    this.#messages = make.counter('chainparse_sink_messages_total', 'Messages of sinks, by what became of them.', [
      ...(['pipeline', 'sink', 'result'] as const),
    ]);
    const show = (name: string, help: string, value: (sink: SinkSeen) => number): void =>
      make.derivedSet(name, help, ['pipeline', 'sink'], () => this.#read(value));
    show('chainparse_sink_lag_blocks', 'Blocks that are yet to be delivered.', ({ behind }) => behind);
    show('chainparse_sink_dead_letters', 'Messages that are refused for good.', ({ deadLetters }) => deadLetters);
  }

  /** Counts what was noticed. */
  readonly observe = (event: LivenessEvent): void => {
    if (event.kind === 'sink_sent') this.#count(event.pipelineId, event.sink, event.result, event.messages);
    else if (event.kind === 'sink_failed') this.#count(event.pipelineId, event.sink, 'failed', 1);
    else if (event.kind === 'sinks_seen') this.#saw(event);
    else if (event.kind === 'ended') this.#seen.delete(event.taskId);
  };

  /** A counter that is born with its first message has not grown by it, as Prometheus reckons. */
  #saw(event: Extract<LivenessEvent, { kind: 'sinks_seen' }>): void {
    this.#seen.set(event.taskId, event);
    for (const { name } of event.sinks) {
      for (const result of ['delivered', 'dead_letter', 'failed']) this.#count(event.pipelineId, name, result, 0);
    }
  }

  #count(pipelineId: number, sink: string, result: string, messages: number): void {
    this.#messages.inc({ ...this.#labels.of(pipelineId, sink), result }, messages);
  }

  #read(value: (sink: SinkSeen) => number): Iterable<readonly [Record<'pipeline' | 'sink', string>, number]> {
    const seen = [...this.#seen.values()].flatMap(({ pipelineId, sinks }) =>
      sinks.map((sink) => ({ pipelineId, name: sink.name, value: value(sink) })),
    );
    return largestOf(seen, this.#labels);
  }
}

/** Of sinks that share a label the largest value counts. */
export function largestOf(
  seen: readonly { readonly pipelineId: number; readonly name: string; readonly value: number }[],
  labels: SinkLabel,
): readonly (readonly [Record<'pipeline' | 'sink', string>, number])[] {
  const largest = new Map<string, readonly [Record<'pipeline' | 'sink', string>, number]>();
  for (const { pipelineId, name, value } of seen) {
    const label = labels.of(pipelineId, name);
    const key = JSON.stringify(label);
    largest.set(key, [label, Math.max(value, largest.get(key)?.[1] ?? value)]);
  }
  return [...largest.values()];
}
