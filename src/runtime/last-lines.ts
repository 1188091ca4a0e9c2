import type { FileHandle } from 'node:fs/promises';
import { openLogFile, type LogFile } from './log-files.js';

/** A place in a log. */
export interface FilePosition {
  readonly file: LogFile;
  readonly offset: number;
  /** The line that it is in begins before it. */
  readonly isInside: boolean;
}

export interface LastLinesOptions {
  readonly lines: number;
  /** How far to look back; where the lines begin before that, the place is inside of one. */
  readonly mostBytes: number;
  /** Ends the search where it is, for nobody reads the lines any more. */
  readonly signal: AbortSignal;
}

const chunkBytes = 64 * 1024;
const lineBreak = 0x0a;

/** Finds where the last lines of a log begin; reads backwards, a chunk at a time. Undefined: no such file. */
export async function findLastLines(
  files: readonly LogFile[],
  { lines: wanted, mostBytes, signal }: LastLinesOptions,
): Promise<FilePosition | undefined> {
  let missing = wanted;
  let bytes = mostBytes;
  let position: FilePosition | undefined;
  for (const file of [...files].reverse()) {
    const { offset, lines, isInside } = await findInFile(file, { lines: missing, mostBytes: bytes, signal });
    position = { file, offset, isInside };
    missing -= lines;
    bytes -= file.size;
    if (missing <= 0 || isInside || bytes <= 0) break;
  }
  return position;
}

interface Found {
  readonly offset: number;
  readonly lines: number;
  readonly isInside: boolean;
}

async function findInFile(file: LogFile, options: LastLinesOptions): Promise<Found> {
  const nothing = { offset: file.size, lines: 0, isInside: false };
  if (file.size === 0 || options.lines === 0) return nothing;
  const handle = await openLogFile(file);
  if (handle === undefined) return nothing;
  try {
    return await findBackwards(handle, file.size, options);
  } finally {
    await handle.close();
  }
}

async function findBackwards(
  handle: FileHandle,
  size: number,
  { lines: wanted, mostBytes, signal }: LastLinesOptions,
): Promise<Found> {
  const chunk = Buffer.alloc(chunkBytes);
  const least = Math.max(0, size - mostBytes);
  let lines = 0;
  for (let end = size; end > least;) {
    if (signal.aborted) return { offset: end, lines, isInside: true };
    const start = Math.max(least, end - chunkBytes);
    const { bytesRead } = await handle.read(chunk, 0, end - start, start);
    for (let i = lastBreak(chunk, bytesRead); i !== -1; i = lastBreak(chunk, i)) {
      // The break at the very end closes the last line; every other one stands before a line.
      if (start + i === size - 1) continue;
      lines++;
      if (lines === wanted) return { offset: start + i + 1, lines, isInside: false };
    }
    end = start;
  }
  return { offset: least, lines: lines + 1, isInside: await isInLine(handle, least) };
}

/** Says whether a place of a file is behind the begin of a line. */
export async function isInLine(handle: FileHandle, offset: number): Promise<boolean> {
  if (offset === 0) return false;
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(1), 0, 1, offset - 1);
  return bytesRead === 1 && buffer[0] !== lineBreak;
}

/** Returns where the last line break before a place is; -1 where there is none. */
function lastBreak(chunk: Buffer, before: number): number {
  return before === 0 ? -1 : chunk.lastIndexOf(lineBreak, before - 1);
}
