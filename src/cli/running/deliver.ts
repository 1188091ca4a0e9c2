import { queueDelivery } from '../../tasks/fleet/queue-delivery.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandContext } from '../context/context.js';
import { withDatabase } from '../context/opened-databases.js';

/** Has a worker deliver where nobody runs the pipeline; says so. Returns what JSON says of it. */
export async function deliver(
  context: CommandContext,
  pipelineId: number,
): Promise<{ readonly delivery_task_id?: number }> {
  const { output, settings } = context;
  const taskId = await withDatabase(context, (database) =>
    queueDelivery(database, pipelineId, settings.heartbeatIntervalSeconds),
  );
  if (taskId === null) return {};
  output.note(textsIn(output.lang).sinks.delivers(taskId));
  return { delivery_task_id: taskId };
}
