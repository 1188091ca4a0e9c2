import type { FileHandle } from 'node:fs/promises';
import { findLastLines, isInLine, type FilePosition } from './last-lines.js';
import { logFiles, openLogFile, type LogFile } from './log-files.js';

const chunkBytes = 64 * 1024;

/** How often to begin anew where the log is put aside just while it is opened. */
const mostTries = 5;

export interface LogTailOptions {
  /** Begin at this place, as `place` gave it, where it is still one of the log's; it may come from a stranger. */
  readonly from?: string | undefined;
  /** Begin at so many last lines; at the log's begin where left out. */
  readonly lines?: number | undefined;
  /** How far to look back for them, in bytes; as far as it takes where left out. */
  readonly mostBytes?: number;
  /** Ends the search for them where it is. */
  readonly signal?: AbortSignal;
}

/** Reads a log from some place on, across the files that it was and is put aside to. */
export class LogTail {
  /** The first line is read from its middle on. */
  readonly startsInside: boolean;
  readonly #path: string;
  readonly #chunk = Buffer.alloc(chunkBytes);
  #file: LogFile;
  #handle: FileHandle;
  #offset: number;

  private constructor(path: string, { file, offset, isInside }: FilePosition, handle: FileHandle) {
    this.#path = path;
    this.#file = file;
    this.#offset = offset;
    this.#handle = handle;
    this.startsInside = isInside;
  }

  /** Opens a log; returns undefined where no file is there. Links, pipes and devices are none. */
  static async open(path: string, options: LogTailOptions = {}): Promise<LogTail | undefined> {
    for (let tries = 0; tries < mostTries; tries++) {
      const position = await findBegin(await logFiles(path), options);
      if (position === undefined) return undefined;
      const handle = await openLogFile(position.file);
      if (handle !== undefined) return new LogTail(path, position, handle);
    }
    return undefined;
  }

  /** Returns the next piece of the log, valid until the next call; undefined where there is no more for now. */
  async read(): Promise<Buffer | undefined> {
    for (;;) {
      const piece = await this.#readFile();
      if (piece !== undefined) return piece;
      const next = await this.#nextFile();
      if (next === undefined) return undefined;
      // The writer may have added lines before it put the file aside.
      const rest = await this.#readFile();
      if (rest !== undefined) return rest;
      if (!(await this.#moveTo(next))) return undefined;
    }
  }

  /** Yields what there is for now, each piece valid until the next. */
  async *pieces(over: AbortSignal): AsyncGenerator<Buffer, void> {
    while (!over.aborted) {
      const piece = await this.read();
      if (piece === undefined) return;
      yield piece;
    }
  }

  /** Returns the place that stands so many bytes before what is read next, in the piece that was read last. */
  place(bytesBefore = 0): string {
    return placeText(this.#file, this.#offset - bytesBefore);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #readFile(): Promise<Buffer | undefined> {
    const { bytesRead } = await this.#handle.read(this.#chunk, 0, chunkBytes, this.#offset);
    if (bytesRead === 0) return this.#restartIfCut();
    this.#offset += bytesRead;
    return this.#chunk.subarray(0, bytesRead);
  }

  /** A file that has become shorter was emptied in place and is written anew. */
  async #restartIfCut(): Promise<undefined> {
    const { size } = await this.#handle.stat();
    if (size < this.#offset) this.#offset = 0;
    return undefined;
  }

  async #nextFile(): Promise<LogFile | undefined> {
    const files = await logFiles(this.#path);
    const index = files.findIndex(({ inode }) => inode === this.#file.inode);
    // One that was removed is followed by none of those that were put aside before it.
    return index === -1 ? files.find(({ birth }) => birth >= this.#file.birth) : files[index + 1];
  }

  /** Says whether the file is still where it was seen; if not, the next look finds it. */
  async #moveTo(file: LogFile): Promise<boolean> {
    const handle = await openLogFile(file);
    if (handle === undefined) return false;
    await this.#handle.close();
    this.#handle = handle;
    this.#file = file;
    this.#offset = 0;
    return true;
  }
}

async function findBegin(
  files: readonly LogFile[],
  { from, lines, mostBytes = Infinity, signal = new AbortController().signal }: LogTailOptions,
): Promise<FilePosition | undefined> {
  const [oldest] = files;
  if (oldest === undefined) return undefined;
  const known = from === undefined ? undefined : await findPlace(files, from);
  if (known !== undefined) return known;
  const first = { file: oldest, offset: 0, isInside: false };
  return lines === undefined ? first : ((await findLastLines(files, { lines, mostBytes, signal })) ?? first);
}

/** Returns a text for a place in a log that stays good when its file is put aside. */
function placeText({ inode, birth }: LogFile, offset: number): string {
  return `${inode}-${birth}-${offset}`;
}

/** Finds the place that a text stands for. Undefined: its file is gone or was emptied, or no line begins there. */
async function findPlace(files: readonly LogFile[], text: string): Promise<FilePosition | undefined> {
  const offset = Number(/^\d+-\d+-(\d{1,15})$/.exec(text)?.[1] ?? NaN);
  const file = files.find((each) => placeText(each, offset) === text);
  if (file === undefined || offset > file.size) return undefined;
  const handle = await openLogFile(file);
  try {
    return handle === undefined || (await isInLine(handle, offset)) ? undefined : { file, offset, isInside: false };
  } finally {
    await handle?.close();
  }
}
