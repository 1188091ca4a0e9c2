import type { FileHandle } from 'node:fs/promises';
import { openLogFile, type LinkRule, type LogFile } from './log-files.js';

/** A place in a log. */
export interface LogPosition {
  readonly file: LogFile;
  readonly offset: number;
}

const chunkBytes = 64 * 1024;
const lineBreak = 0x0a;

/** Finds where the last `count` lines of a log begin; reads backwards, a chunk at a time. Undefined: no such file. */
export async function findLastLines(
  files: readonly LogFile[],
  count: number,
  rule: LinkRule,
): Promise<LogPosition | undefined> {
  let missing = count;
  let position: LogPosition | undefined;
  for (const file of [...files].reverse()) {
    const { offset, lines } = await findInFile(file, missing, rule);
    position = { file, offset };
    missing -= lines;
    if (missing <= 0) break;
  }
  return position;
}

async function findInFile(
  file: LogFile,
  count: number,
  rule: LinkRule,
): Promise<{ readonly offset: number; readonly lines: number }> {
  if (file.size === 0 || count === 0) return { offset: file.size, lines: 0 };
  const handle = await openLogFile(file, rule);
  try {
    return await findBackwards(handle, file.size, count);
  } finally {
    await handle.close();
  }
}

async function findBackwards(
  handle: FileHandle,
  size: number,
  count: number,
): Promise<{ readonly offset: number; readonly lines: number }> {
  const chunk = Buffer.alloc(chunkBytes);
  let lines = 0;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - chunkBytes);
    const { bytesRead } = await handle.read(chunk, 0, end - start, start);
    for (let i = bytesRead - 1; i >= 0; i--) {
      // The break at the very end closes the last line; every other one stands before a line.
      if (chunk[i] !== lineBreak || start + i === size - 1) continue;
      lines++;
      if (lines === count) return { offset: start + i + 1, lines };
    }
    end = start;
  }
  return { offset: 0, lines: lines + 1 };
}
