import type { Down } from './alert-conditions.js';
import { judgePipeline } from './pipeline-verdict.js';
import type { FleetFacts } from './read-pipeline-facts.js';

/** A pipeline that is down, and why. */
export interface DownPipeline {
  readonly id: number;
  readonly name: string;
  readonly down: Down;
}

/**
 * Lists the pipelines whose newest task failed, be it to be run again in a moment, or that should run and do not, whether
 * anybody is alerted or not.
 */
export function downPipelines({ now, pipelines }: FleetFacts, defaultIntervalSeconds: number): readonly DownPipeline[] {
  return pipelines.flatMap((facts) => {
    const verdict = judgePipeline(facts, { now, defaultIntervalSeconds });
    return verdict.kind === 'down' || verdict.kind === 'failing'
      ? [{ id: facts.id, name: facts.name, down: verdict.down }]
      : [];
  });
}
