import type { FileHandle } from 'node:fs/promises';
import { findLastLines, type LogPosition } from './last-lines.js';
import { logFiles, openLogFile, type LinkRule, type LogFile } from './log-files.js';

const chunkBytes = 64 * 1024;

const followLinks: LinkRule = { followsLinks: true };

/** Reads a log from some place on, across the files that it was and is put aside to. */
export class LogTail {
  readonly #path: string;
  readonly #rule: LinkRule;
  readonly #chunk = Buffer.alloc(chunkBytes);
  #file: LogFile;
  #handle: FileHandle;
  #offset: number;

  private constructor(path: string, rule: LinkRule, { file, offset }: LogPosition, handle: FileHandle) {
    this.#path = path;
    this.#rule = rule;
    this.#file = file;
    this.#offset = offset;
    this.#handle = handle;
  }

  /** Opens a log at its last `lines` lines, or at its begin; returns undefined where no file is there. */
  static async open(path: string, lines?: number, rule = followLinks): Promise<LogTail | undefined> {
    const files = await logFiles(path, rule);
    const [oldest] = files;
    if (oldest === undefined) return undefined;
    const first = { file: oldest, offset: 0 };
    const position = lines === undefined ? first : ((await findLastLines(files, lines, rule)) ?? first);
    return new LogTail(path, rule, position, await openLogFile(position.file, rule));
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
      await this.#moveTo(next);
    }
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
    const files = await logFiles(this.#path, this.#rule);
    const index = files.findIndex(({ inode }) => inode === this.#file.inode);
    return files[index + 1];
  }

  async #moveTo(file: LogFile): Promise<void> {
    const handle = await openLogFile(file, this.#rule);
    await this.#handle.close();
    this.#handle = handle;
    this.#file = file;
    this.#offset = 0;
  }
}
