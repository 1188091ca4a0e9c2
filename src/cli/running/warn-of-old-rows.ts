import type { Database } from '../../database/database.js';
import { BatchStore } from '../../database/events/batch-store.js';
import type { TaskResult } from '../../tasks/run/task-options.js';
import type { CommandContext } from '../context.js';

type Parts = Pick<CommandContext, 'logger' | 'settings'>;

/** Warns before a run that begins anew: until it has read their blocks again, rows of earlier runs are listed. */
export async function warnBeforeFresh(parts: Parts, database: Database, pipelineId: number): Promise<void> {
  const newest = await new BatchStore(database).newestStoredBlock(pipelineId);
  if (newest < 0) return;
  warn(parts, newest, {
    en: `--fresh begins anew: events of earlier runs, up to block ${newest}, stay and are listed until their blocks are read again`,
    zh: `--fresh 从头开始: 先前运行的事件 (至区块 ${newest}) 保留并照常列出, 直到其区块被重新读取`,
  });
}

/** Warns after a run that began anew and was stopped below rows of earlier runs. */
export async function warnAfterFresh(parts: Parts, database: Database, { task, progress }: TaskResult): Promise<void> {
  const newest = await new BatchStore(database).newestStoredBlock(task.pipelineId);
  const next = progress.nextBlock ?? 0;
  if (task.endReason !== 'stopped' || newest < next) return;
  warn(parts, newest, {
    en: `it was stopped before block ${next}: events from there up to block ${newest} are those of earlier runs, listed until a next run has read their blocks again`,
    zh: `在区块 ${next} 之前停止: 自该处至区块 ${newest} 的事件来自先前的运行, 照常列出, 直到下次运行重新读取`,
  });
}

function warn(
  { logger, settings }: Parts,
  newest: number,
  message: { readonly en: string; readonly zh: string },
): void {
  logger.log('warn', message[settings.lang], { event: 'run.old_rows', newest_block: newest });
}
