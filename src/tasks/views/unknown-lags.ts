import type { Database } from '../../database/database.js';
import { EndpointStore } from '../../database/operations/endpoint-store.js';
import { taskStatus, type Progress, type Task } from '../../model/task.js';
import { readChainsInDoubt } from './chains-in-doubt.js';
import { HeadContact } from './head-contact.js';

/** Endpoints that are looked at. */
const most = 1_000;

/**
 * Returns tasks so that those that are silent, or whose nodes do not answer, say since when how far they are behind is unknown.
 * Tasks that name no heartbeat interval are judged by the default, in seconds.
 */
export async function markUnknownLags(
  database: Database,
  tasks: readonly Task[],
  defaultIntervalSeconds: number,
): Promise<readonly Task[]> {
  if (!tasks.some(followsHead)) return tasks;
  const { endpoints } = await new EndpointStore(database).list({ limit: most });
  const contact = new HeadContact(defaultIntervalSeconds);
  contact.note(tasks, endpoints, await readChainsInDoubt(database, endpoints));
  return tasks.map((task) => {
    const { progress } = task;
    return progress === null ? task : { ...task, progress: withUnknownLag(progress, contact.unknownSince(task.id)) };
  });
}

/** Returns a task's progress where nobody knows how far it is behind since an instant; null: it is known. */
export function withUnknownLag(progress: Progress, since: string | null): Progress {
  return since === null || progress.mode !== 'realtime' ? progress : { ...progress, lagUnknownSince: since };
}

function followsHead({ status, progress }: Task): boolean {
  return status === taskStatus.running && progress?.mode === 'realtime';
}
