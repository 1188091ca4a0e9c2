import { closeSync, constants, fstatSync, lstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LineSink } from './json-logger.js';
import { logOpenFlags } from './log-files.js';
import { makeFolderSync } from './make-folder.js';

const appendFlags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | logOpenFlags;

export interface RotatingFileOptions {
  /** Bytes after which a file is put aside. */
  readonly maxBytes?: number;
  /** Files kept, the current one included. */
  readonly maxFiles?: number;
  /** Hears of the first of each run of failures: the disk is full, the folder can't be made. Nothing is thrown. */
  readonly onFailure?: (error: Error) => void;
}

/**
 * A log file, put aside as `PATH.1`, `PATH.2`, … when it grows too large. Each line reaches the operating system before
 * `write` returns, so that a crash loses none; a folder that vanished is made anew, and so is a file that was moved away.
 */
export class RotatingFile implements LineSink {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #maxFiles: number;
  readonly #onFailure: (error: Error) => void;
  #file: number | null = null;
  /** The disk took a part of the last line of the file: what comes next begins a line of its own. */
  #isTorn = false;
  #hasFailed = false;

  constructor(path: string, options: RotatingFileOptions = {}) {
    this.#path = path;
    this.#maxBytes = options.maxBytes ?? 10 * 1024 * 1024;
    this.#maxFiles = options.maxFiles ?? 5;
    this.#onFailure = options.onFailure ?? ((): void => undefined);
  }

  write(line: string): void {
    try {
      const file = this.#usableFile();
      const bytes = Buffer.from(this.#isTorn ? `\n${line}` : line);
      for (let done = 0; done < bytes.length;) {
        done += writeSync(file, bytes, done);
        this.#isTorn = done < bytes.length;
      }
      this.#hasFailed = false;
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  close(): void {
    if (this.#file === null) return;
    try {
      closeSync(this.#file);
    } catch (error) {
      this.#fail(error as Error);
    }
    this.#file = null;
  }

  #usableFile(): number {
    const there = lstatSync(this.#path, { throwIfNoEntry: false });
    const isFull = there !== undefined && there.size >= this.#maxBytes;
    if (this.#file !== null) {
      const { ino, dev } = fstatSync(this.#file);
      if (!isFull && there?.ino === ino && there.dev === dev) return this.#file;
      this.close();
    }
    // Whichever file it is: some file systems tell another number of the same one each time.
    if (isFull) this.#putAside();
    makeFolderSync(dirname(this.#path));
    this.#file = openSync(this.#path, appendFlags);
    this.#isTorn = false;
    return this.#file;
  }

  #putAside(): void {
    for (let number = this.#maxFiles - 1; number >= 1; number--) {
      const from = number === 1 ? this.#path : `${this.#path}.${number - 1}`;
      try {
        renameSync(from, `${this.#path}.${number}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }

  #fail(error: Error): void {
    if (!this.#hasFailed) this.#onFailure(error);
    this.#hasFailed = true;
  }
}
