import type { Database } from '../../database/database.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { WantedStore } from '../../database/pipelines/wanted-store.js';
import { SinkStore } from '../../database/sinks/sink-store.js';
import { JournalStore } from '../../database/events/journal-store.js';
import type { SinkWish } from '../../model/sink.js';
import { readStanding } from '../lease/parked.js';
import { isOwed } from '../outbox/blocks-behind.js';

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

/** Lists the sinks of a pipeline that have nothing to come, with what people want of them. */
export async function listServed(database: Database, pipelineId: number): Promise<readonly SinkWish[]> {
  const sinks = await new SinkStore(database).list(pipelineId);
  const head = sinks.length === 0 ? null : await new JournalStore(database).current(pipelineId);
  return head === null ? sinks : sinks.filter((sink) => !isOwed(head, sink));
}
