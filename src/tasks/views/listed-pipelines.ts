import type { Database } from '../../database/database.js';
import { CheckpointStore } from '../../database/events/checkpoint-store.js';
import { PipelineStore, type PipelineSummary } from '../../database/pipelines/pipeline-store.js';
import { WantedStore } from '../../database/pipelines/wanted-store.js';
import { listLatestTasks } from '../../database/tasks/task-lives.js';
import type { Task } from '../../model/task.js';
import type { Wanted } from '../../model/wanted.js';
import { readParked } from '../lease/parked.js';
import { markUnknownLags } from './unknown-lags.js';

/** A pipeline, the task that stands for it and what is wanted of it. */
export interface ListedPipeline extends PipelineSummary {
  /** One that lives, else its newest; null: it has none. */
  readonly task: Task | null;
  /** Null: it was never started. */
  readonly wanted: Wanted | null;
}

/** A pipeline as lists of them show it. */
export interface ShownPipeline extends ListedPipeline {
  readonly isParked: boolean;
}

/** Pipelines whose tasks are looked at, where all are listed. */
const mostTasks = 10_000;

/** Lists all pipelines by id, each with its own of `latest`. Tasks that name no heartbeat interval are judged by the default. */
export async function readListedPipelines(
  database: Database,
  defaultIntervalSeconds: number,
  latest: readonly Task[],
): Promise<readonly ListedPipeline[]> {
  const tasks = new Map(latest.map((task) => [task.pipelineId, task]));
  const [pipelines, wanted] = await Promise.all([
    new PipelineStore(database).list(),
    new WantedStore(database, defaultIntervalSeconds).list(),
  ]);
  const wantedOf = new Map(wanted.map((each) => [each.pipelineId, each]));
  return pipelines.map((pipeline) => ({
    ...pipeline,
    task: tasks.get(pipeline.id) ?? null,
    wanted: wantedOf.get(pipeline.id) ?? null,
  }));
}

/** Lists all pipelines by id; of tasks whose nodes do not answer it says since when nobody knows how far behind they are. */
export async function readShownPipelines(
  database: Database,
  defaultIntervalSeconds: number,
): Promise<readonly ShownPipeline[]> {
  const latest = await listLatestTasks(database, { first: mostTasks }, defaultIntervalSeconds);
  const marked = await markUnknownLags(database, latest, defaultIntervalSeconds);
  const listed = await readListedPipelines(database, defaultIntervalSeconds, marked);
  const parked = await readParked(new CheckpointStore(database));
  return listed.map((each) => ({ ...each, isParked: parked.has(each.id) }));
}
