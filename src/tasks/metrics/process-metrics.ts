import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { ObserveChain } from '../../chain/transport/rpc/chain-notice.js';
import type { Clock } from '../../runtime/clock.js';
import { combineObservers, type Observe } from '../../model/liveness-event.js';
import { LivenessMetrics } from './liveness-metrics.js';
import { ChainMetrics } from './chain-metrics.js';
import { PipelineMetrics } from './pipeline-metrics.js';
import { SinkMetrics } from './sink-metrics.js';

/** Adds to a registry what each process has to tell of itself. */
export function addDefaultMetrics(registry: Registry, version: string): void {
  collectDefaultMetrics({ register: registry });
  const names = { name: 'chainparse_build_info', help: 'Always 1; the labels say what runs.', labelNames: ['version'] };
  new Gauge({ ...names, registers: [registry] }).set({ version }, 1);
}

/** All that a process that runs or judges tasks counts, on a registry of its own. */
export class ProcessMetrics {
  readonly registry = new Registry();
  readonly liveness: LivenessMetrics;
  readonly observe: Observe;
  readonly observeChain: ObserveChain;

  constructor(clock: Clock) {
    this.liveness = new LivenessMetrics(clock, this.registry);
    const [pipelines, sinks] = [new PipelineMetrics(this.registry, clock), new SinkMetrics(this.registry)];
    this.observe = combineObservers([this.liveness.observe, pipelines.observe, sinks.observe]);
    this.observeChain = new ChainMetrics(this.registry).observe;
  }

  /** Adds what Node knows of the process: time, memory, files, garbage, delays of the event loop; and our version. */
  addDefaults(version: string): void {
    addDefaultMetrics(this.registry, version);
  }
}
