import type { BlockRange } from '../../model/block.js';
import type { FileFormat } from './config.js';

/** Returns the stretch of so many blocks, cut at their multiples, in which a block lies. */
export function stretchOf(block: number, size: number): BlockRange {
  const from = block - (block % size);
  return { from, to: from + size - 1 };
}

/** Names a file by the blocks that it holds, and by which writing of these it is. */
export function fileNameOf({ from, to }: BlockRange, generation: number, format: FileFormat): string {
  return `${from}-${to}${generation === 1 ? '' : `.g${generation}`}.${format}`;
}

/** Says whether a file may be one of a sink's, by its name. */
export function isFileName(name: string): boolean {
  return /^\d+-\d+(?:\.g\d+)?\.(?:jsonl|csv|parquet)$/.test(name);
}
