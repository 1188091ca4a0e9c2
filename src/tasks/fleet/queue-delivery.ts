import type { Database } from '../../database/database.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { WantedStore } from '../../database/pipelines/wanted-store.js';
import { SinkStore } from '../../database/sinks/sink-store.js';
import { JournalStore } from '../../database/events/journal-store.js';
import { listTasks } from '../../database/tasks/task-listing.js';
import type { SinkWish } from '../../model/sink.js';
import { taskStatus } from '../../model/task.js';
import { restartWaitSeconds, type UnjudgedEnd } from '../../model/wanted.js';
import { readStanding } from '../lease/parked.js';
import { isOwed } from '../outbox/blocks-behind.js';
import { isForPeople, mostEnds } from './judge-end.js';

/**
 * Has a worker deliver what has become due to the sinks of a pipeline that nobody runs, and read nothing; returns the task
 * that waits for one. Null where that is not needed (a task lives, waits, or is kept running, and not at times of a schedule
 * alone), or can't be: it has no sink that has begun, is disabled, or parked.
 */
export async function queueDelivery(
  database: Database,
  pipelineId: number,
  defaultIntervalSeconds: number,
): Promise<number | null> {
  const wanted = new WantedStore(database, defaultIntervalSeconds);
  const wish = await wanted.get(pipelineId);
  if (wish?.state === 'started' && !wish.isScheduled) return null;
  if (await new PipelineStore(database).isDisabled(pipelineId)) return null;
  if ((await new SinkStore(database).list(pipelineId)).length === 0) return null;
  const { parked } = await readStanding(database, pipelineId);
  return parked === null ? wanted.queueDelivery(pipelineId) : null;
}

/**
 * Has the deliveries of a pipeline gone on with, whose task to deliver them between two times of its schedule has come to nothing, as
 * far as there are any left: soon, and later each time that it does. Returns the task that waits; null: none is needed, or not yet.
 */
export async function followDelivery(
  database: Database,
  { pipelineId, task }: UnjudgedEnd,
  defaultIntervalSeconds: number,
): Promise<number | null> {
  if (task === null || isForPeople(task)) return null;
  const tasks = await listTasks(database, { pipelineId, shard: 0, limit: mostEnds, offset: 0 });
  const other = tasks.findIndex((each) => each.deliversOnly !== true || each.status === taskStatus.succeeded);
  const failures = other === -1 ? tasks.length : other;
  if (task.overForSeconds < restartWaitSeconds(Math.max(1, failures))) return null;
  const [sinks, served] = [await new SinkStore(database).list(pipelineId), await listServed(database, pipelineId)];
  if (sinks.every(({ name }) => served.some((each) => each.name === name))) return null;
  return queueDelivery(database, pipelineId, defaultIntervalSeconds);
}

/** Lists the sinks of a pipeline that have nothing to come, with what people want of them. */
export async function listServed(database: Database, pipelineId: number): Promise<readonly SinkWish[]> {
  const sinks = await new SinkStore(database).list(pipelineId);
  const head = sinks.length === 0 ? null : await new JournalStore(database).current(pipelineId);
  return head === null ? sinks : sinks.filter((sink) => !isOwed(head, sink));
}
