import {
  awaitedBlock,
  lagBlocks,
  lastBlock,
  statusText,
  taskStatus,
  type Progress,
  type Task,
} from '../../model/task.js';
import { waitingText } from '../../model/waiting.js';
import type { Lang } from '../../runtime/lang.js';
import { textsIn } from '../../texts/texts.js';
import { agoText } from '../../texts/age-text.js';
import type { Cell } from '../terminal/output.js';
import { briefAge, briefInstant, briefProgress } from '../terminal/brief-texts.js';
import type { Heading } from '../terminal/render-table.js';

/** The columns of the tasks table. */
export const taskHeadings: readonly Heading[] = [
  { column: 'id', align: 'right' },
  { column: 'pipeline', align: 'right' },
  { column: 'status' },
  { column: 'worker', cut: 5, least: 12 },
  { column: 'created', cut: 4, brief: briefInstant },
  { column: 'lastHeartbeat', brief: briefAge },
  { column: 'progress', cut: 1, least: 18, brief: briefProgress },
  { column: 'endReason', cut: 3, least: 8 },
];

/** Returns a task's row of that table. */
export function taskRow(task: Task, lang: Lang): readonly Cell[] {
  return [
    task.id,
    task.pipelineId,
    statusText(task.status, lang),
    task.worker,
    task.createTime,
    heartbeatText(task, lang),
    ofShard(
      task,
      waitsText(task, lang) ?? (task.progress === null ? null : progressSummary(task.progress, lang)),
      lang,
    ),
    task.endReason,
  ];
}

/** Says of which shard something is that is told of a task. */
export function ofShard({ shard }: Task, text: string | null, lang: Lang): string | null {
  if (shard === undefined) return text;
  return [textsIn(lang).tasks.shard(shard), text].filter((part) => part !== null).join(', ');
}

/** Returns when a task beat last, and how long ago that is; null where it never did. */
export function heartbeatText({ lastHeartbeat, heartbeatAgeSeconds: age }: Task, lang: Lang): string | null {
  if (lastHeartbeat === null || age === null) return lastHeartbeat;
  return `${lastHeartbeat} (${agoText(age, lang)})`;
}

/** Says in words what a queued task waits for; null where it is not queued. */
export function waitsText({ status, waiting }: Task, lang: Lang): string | null {
  if (status !== taskStatus.queued || waiting === null) return null;
  return textsIn(lang).tasks.waitsFor(waitingText(waiting, lang));
}

/** Returns a task's progress in a few words. */
export function progressSummary(progress: Progress, lang: Lang): string {
  const { events } = textsIn(lang).tasks;
  const parts = [blockText(progress, lang), behindText(progress, lang), events(progress.events)];
  return parts.filter((part) => part !== null).join(', ');
}

/** Returns how many blocks a task is behind the head, or since when nobody knows; null where it can't say yet. */
export function lagText(progress: Progress, lang: Lang): string | null {
  if (progress.lagUnknownSince !== undefined) return textsIn(lang).tasks.unknownSince(progress.lagUnknownSince);
  const lag = lagBlocks(progress);
  return lag === null ? null : String(lag);
}

function behindText(progress: Progress, lang: Lang): string | null {
  const { behind, lagUnknown } = textsIn(lang).tasks;
  if (progress.mode !== 'realtime') return null;
  if (progress.lagUnknownSince !== undefined) return lagUnknown(progress.lagUnknownSince);
  const lag = awaitedBlock(progress) === null ? lagBlocks(progress) : null;
  return lag === null ? null : behind(lag);
}

/** Says which block a task has done last, or which one it waits for; null where it does not know yet. */
export function blockText(progress: Progress, lang: Lang): string | null {
  const { nextBlock, targetBlock, headBlock } = progress;
  const { awaitsBlock, noBlock, block } = textsIn(lang).tasks;
  const awaited = awaitedBlock(progress);
  if (awaited !== null && headBlock !== null) return awaitsBlock(grouped(awaited), grouped(headBlock));
  if (nextBlock === null) return null;
  const last = lastBlock(progress);
  return last === null ? noBlock : block(targetBlock === null ? String(last) : `${last}/${targetBlock}`);
}

function grouped(block: number): string {
  return block.toLocaleString('en-US');
}
