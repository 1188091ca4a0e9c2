import type { Database } from '../../database/database.js';
import { disabledProblem } from '../../database/pipelines/delete-pipeline.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { WantedStore } from '../../database/pipelines/wanted-store.js';
import type { Wanted } from '../../model/wanted.js';
import { ConflictError } from '../../runtime/errors.js';
import { readStanding } from '../lease/parked.js';
import { Schedules } from './schedules.js';

/** What a person says of a pipeline: that it shall run, shall not, or shall begin anew. */
export type Wish = 'start' | 'stop' | 'restart';

/** What is wanted of a pipeline after a person has spoken. */
export interface ChangedWanted {
  readonly wanted: Wanted | null;
  /** The task that was queued; null: none, for one runs or waits already, or none shall run. */
  readonly queuedTaskId: number | null;
  /** Tasks that were ended. */
  readonly ended: number;
}

/**
 * Does what a person says of a pipeline; it may be said again and again. Throws NotFoundError where there is no such
 * pipeline, and ConflictError where it shall run and is disabled, or parked until it is rewound.
 */
export async function changeWanted(
  database: Database,
  pipelineId: number,
  wish: Wish,
  defaultIntervalSeconds: number,
): Promise<ChangedWanted> {
  const store = new WantedStore(database, defaultIntervalSeconds);
  const isDisabled = await new PipelineStore(database).isDisabled(pipelineId);
  if (wish === 'stop') {
    const ended = await store.stop(pipelineId);
    return { wanted: await store.get(pipelineId), queuedTaskId: null, ended };
  }
  if (isDisabled) throw await disabledProblem(database, pipelineId);
  await refuseParked(database, pipelineId);
  const { queuedTaskId, ended } =
    wish === 'restart'
      ? await store.restart(pipelineId)
      : await store.start(pipelineId, await new Schedules(database).next(pipelineId));
  return { wanted: await store.get(pipelineId), queuedTaskId, ended };
}

/** Throws ConflictError where a pipeline can't go on before it is rewound. */
export async function refuseParked(database: Database, pipelineId: number): Promise<void> {
  const { parked } = await readStanding(database, pipelineId);
  if (parked === null) return;
  const since = `pipeline ${pipelineId} is parked since task ${parked.taskId}`;
  throw new ConflictError(`${since}: ${parked.reason}`, { hint: parked.remedy });
}
