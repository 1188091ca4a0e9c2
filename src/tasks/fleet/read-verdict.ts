import { findSource } from '../../components/source-of.js';
import { CheckpointStore } from '../../database/events/checkpoint-store.js';
import type { Database } from '../../database/database.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { listTasks } from '../../database/tasks/task-listing.js';
import type { Pipeline } from '../../model/pipeline.js';
import { taskStatus } from '../../model/task.js';
import type { EndVerdict, UnjudgedEnd } from '../../model/wanted.js';
import { countSameFaults, faultsThatHold, judgeEnd, mayBeOfData } from './judge-end.js';
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
  const isDone = task?.status === taskStatus.succeeded && (await hasReadAll(database, pipeline));
  const isRepeated = task !== null && mayBeOfData(task) && end.failures >= faultsThatHold - 1;
  const sameFaults = isRepeated ? await readSameFaults(database, pipelineId) : 0;
  const slot = await schedules.next(pipelineId);
  return judgeEnd(end, { restart: pipeline.restart ?? 'on-failure', slot, isDone, sameFaults });
}

/** A run may have ended before the end of its definition, because whoever ran it wanted no more. */
async function hasReadAll(database: Database, pipeline: Pipeline): Promise<boolean> {
  const source = findSource(pipeline);
  if (source?.mode !== 'historical') return false;
  if (source.endBlock === null) return true;
  const checkpoint = await new CheckpointStore(database).find(pipeline.id);
  return (checkpoint?.blockNumber ?? -1) >= source.endBlock;
}

async function readSameFaults(database: Database, pipelineId: number): Promise<number> {
  const status = taskStatus.failed;
  return countSameFaults(await listTasks(database, { pipelineId, shard: 0, status, limit: faultsThatHold, offset: 0 }));
}
