import { findSource } from '../../components/source-of.js';
import { CheckpointStore } from '../../database/events/checkpoint-store.js';
import type { Database } from '../../database/database.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { listTasks } from '../../database/tasks/task-listing.js';
import type { Pipeline } from '../../model/pipeline.js';
import { taskStatus } from '../../model/task.js';
import type { EndedTask, EndVerdict, UnjudgedEnd } from '../../model/wanted.js';
import { countSameEnds, faultsThatHold, judgeEnd, mayBeOfData, mostEnds } from './judge-end.js';
import { refusalOf } from './refusal-of.js';
import type { Schedules } from './schedules.js';

type Times = Pick<Schedules, 'next'>;

/** Finds out what an end is judged by, as far as it matters, and judges it; a definition that is none waits for a person. */
export async function readVerdict(database: Database, schedules: Times, end: UnjudgedEnd): Promise<EndVerdict> {
  try {
    return await judge(database, schedules, end);
  } catch (error) {
    const reason = refusalOf(error);
    if (reason === null) throw error;
    return { kind: 'held', reason, failures: end.failures };
  }
}

async function judge(database: Database, schedules: Times, end: UnjudgedEnd): Promise<EndVerdict> {
  const { pipelineId, task } = end;
  const pipeline = await new PipelineStore(database).get(pipelineId);
  const isDone = task?.status === taskStatus.succeeded && (await hasReadAll(database, pipeline, task));
  const sameEnds = task !== null && mayRepeat(task, end) ? await readSameEnds(database, pipelineId, task) : 0;
  const slot = await schedules.next(pipelineId);
  return judgeEnd(end, { restart: pipeline.restart ?? 'on-failure', slot, isDone, sameEnds });
}

/** A run may have ended before the end of its definition, because whoever ran it wanted no more. */
async function hasReadAll(database: Database, pipeline: Pipeline, { request = {} }: EndedTask): Promise<boolean> {
  const source = findSource(pipeline);
  if (source?.mode !== 'historical') return false;
  if (source.endBlock === null) return request.toBlock === undefined && request.deliverOnly !== true;
  const checkpoint = await new CheckpointStore(database).find(pipeline.id);
  return (checkpoint?.blockNumber ?? -1) >= source.endBlock;
}

/** Says whether the ends before this one matter. */
function mayRepeat(task: EndedTask, { failures }: UnjudgedEnd): boolean {
  return task.status === taskStatus.succeeded || (mayBeOfData(task) && failures >= faultsThatHold - 1);
}

async function readSameEnds(database: Database, pipelineId: number, { status }: EndedTask): Promise<number> {
  return countSameEnds(await listTasks(database, { pipelineId, shard: 0, status, limit: mostEnds, offset: 0 }));
}
