import { awaitedBlock, lastBlock, type Progress } from '../../model/task.js';
import type { Lang } from '../../runtime/lang.js';

/** Says which block a task has done last, or which one it waits for; null where it does not know yet. */
export function blockText(progress: Progress, lang: Lang): string | null {
  const { nextBlock, targetBlock, headBlock } = progress;
  const zh = lang === 'zh';
  const awaited = awaitedBlock(progress);
  if (awaited !== null && headBlock !== null) {
    return zh
      ? `等待区块 ${grouped(awaited)}: 链目前在 ${grouped(headBlock)}`
      : `waiting for block ${grouped(awaited)}: the chain is at ${grouped(headBlock)}`;
  }
  if (nextBlock === null) return null;
  const last = lastBlock(progress);
  if (last === null) return zh ? '尚无区块' : 'no block yet';
  return `${zh ? '区块' : 'block'} ${last}${targetBlock === null ? '' : `/${targetBlock}`}`;
}

function grouped(block: number): string {
  return block.toLocaleString('en-US');
}
