import type { Database } from '../../database/database.js';
import { BatchStore } from '../../database/events/batch-store.js';
import type { TaskResult } from '../../tasks/run/task-options.js';
import type { CommandContext } from '../context/context.js';
import { textsIn } from '../../texts/texts.js';

type Parts = Pick<CommandContext, 'logger' | 'settings'>;

/** Warns before a run that begins anew: until it has read their blocks again, rows of earlier runs are listed. */
export async function warnBeforeFresh(parts: Parts, database: Database, pipelineId: number): Promise<void> {
  const newest = await new BatchStore(database).newestStoredBlock(pipelineId);
  if (newest < 0) return;
  warn(parts, newest, textsIn(parts.settings.lang).commands.fresh.before(newest));
}

/** Warns after a run that began anew and was stopped below rows of earlier runs. */
export async function warnAfterFresh(parts: Parts, database: Database, { task, progress }: TaskResult): Promise<void> {
  const newest = await new BatchStore(database).newestStoredBlock(task.pipelineId);
  const next = progress.nextBlock ?? 0;
  if (task.endReason !== 'stopped' || newest < next) return;
  warn(parts, newest, textsIn(parts.settings.lang).commands.fresh.after(next, newest));
}

function warn({ logger }: Parts, newest: number, message: string): void {
  logger.log('warn', message, { event: 'run.old_rows', newest_block: newest });
}
