import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';

/** Logs of blocks, in order, and the header of the last block as the same node gave it. */
export interface ToldBlocks {
  readonly logs: readonly RawLog[];
  readonly last: BlockHeader;
}

/** Says whether two nodes tell the same of the same blocks. */
export function tellAlike(a: ToldBlocks, b: ToldBlocks): boolean {
  return a.last.hash === b.last.hash && logsAlike(a.logs, b.logs);
}

/** Says whether logs, in order, are the same. */
export function logsAlike(a: readonly RawLog[], b: readonly RawLog[]): boolean {
  return a.length === b.length && textOf(a) === textOf(b);
}

/** Times are left out, for only some nodes tell them with the logs. */
function textOf(logs: readonly RawLog[]): string {
  return JSON.stringify(logs.map((log) => ({ ...log, blockTimestamp: 0 })));
}
