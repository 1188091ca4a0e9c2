import type { Database } from '../../database/database.js';
import type { Down } from './alert-conditions.js';
import { judgePipeline } from './pipeline-verdict.js';
import { readFleetFacts } from './read-pipeline-facts.js';

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
export async function readDownPipelines(
  database: Database,
  defaultIntervalSeconds: number,
): Promise<readonly DownPipeline[]> {
  const { now, pipelines } = await readFleetFacts(database, defaultIntervalSeconds);
  return pipelines.flatMap((facts) => {
    const verdict = judgePipeline(facts, { now, defaultIntervalSeconds });
    return verdict.kind === 'down' || verdict.kind === 'failing'
      ? [{ id: facts.id, name: facts.name, down: verdict.down }]
      : [];
  });
}
