import { appendFile, constants, fstatSync, openSync, rmSync, type Stats } from 'node:fs';
import { open, readlink, realpath, rename, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../runtime/clock.js';
import { RuntimeFailure, UsageError, messageOf } from '../../runtime/errors.js';
import type { ByteTarget } from '../../runtime/rows/row-writer.js';
import { removeLeftovers, temporaryPathOf } from './temporary-file.js';

/** What is written to. */
interface Opened {
  appendFile(chunk: string | Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A file that is written whole or not at all: under another name beside it, until `commit` puts it in its place. What is
 * no regular file, such as a pipe or /dev/null, is written to as it is, and so is what this process was given open.
 */
export class ExportFile implements ByteTarget {
  readonly #path: string;
  readonly #temporaryPath: string | undefined;
  readonly #handle: Opened;

  private constructor(path: string, temporaryPath: string | undefined, handle: Opened) {
    this.#path = path;
    this.#temporaryPath = temporaryPath;
    this.#handle = handle;
    // A signal that cuts the command short ends the process: then too nothing half written is left.
    if (temporaryPath !== undefined) process.once('exit', this.#remove);
  }

  /** Begins to write a file; throws UsageError where that can't be. */
  static async create(path: string): Promise<ExportFile> {
    const descriptor = await descriptorOf(path);
    if (descriptor !== null) return new ExportFile(path, undefined, openDescriptor(path, descriptor));
    const target = await targetOf(path);
    const temporaryPath = temporaryPathOf(target);
    try {
      const before = await statIfThere(target);
      if (before?.isDirectory() === true) throw new UsageError(`--output ${path} is a folder`);
      if (before?.isFIFO() === true) return new ExportFile(target, undefined, await openPipe(target));
      if (before !== undefined && !before.isFile()) return new ExportFile(target, undefined, await open(target, 'w'));
      await removeLeftovers(target);
      return new ExportFile(target, temporaryPath, await open(temporaryPath, 'wx', before?.mode));
    } catch (error) {
      if (error instanceof UsageError) throw error;
      // Nobody has asked for the other name.
      const reason = messageOf(error).replace(temporaryPath, target);
      throw new UsageError(`--output ${path} can't be written: ${reason}`, { cause: error });
    }
  }

  /** Says whether nobody has seen what was written before `commit`. */
  get isWholeOrNot(): boolean {
    return this.#temporaryPath !== undefined;
  }

  async write(chunk: string | Uint8Array): Promise<void> {
    await this.#try(() => this.#handle.appendFile(chunk));
  }

  /** Puts the file in its place. */
  async commit(): Promise<void> {
    const temporaryPath = this.#temporaryPath;
    if (temporaryPath === undefined) return this.#handle.close();
    await this.#try(async () => {
      await this.#handle.sync();
      await this.#handle.close();
      await rename(temporaryPath, this.#path);
    });
    process.off('exit', this.#remove);
  }

  /** Drops what was written. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    this.#remove();
    process.off('exit', this.#remove);
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw new RuntimeFailure(`${this.#path} can't be written: ${messageOf(error)}`, { cause: error });
    }
  }

  readonly #remove = (): void => {
    if (this.#temporaryPath !== undefined) rmSync(this.#temporaryPath, { force: true });
  };
}

/** As many links as Linux follows. */
const mostLinks = 40;

/**
 * Returns the number of the descriptor that a path means, which this process was given open: of `/dev/stdout`, or of `/dev/fd/63`
 * as a shell's `>(…)` has it; null where it means none. Behind one may stand a pipe, or a file that others write to, too.
 */
export async function descriptorOf(path: string, linksLeft = mostLinks): Promise<number | null> {
  const folder = await realpath(dirname(path)).catch(() => dirname(path));
  const number = ownDescriptor.exec(join(folder, basename(path)))?.[1];
  if (number !== undefined) return Number(number);
  const link = linksLeft === 0 ? null : await readlink(path).catch(() => null);
  return link === null ? null : descriptorOf(resolve(folder, link), linksLeft - 1);
}

/** Where systems show a process its own. */
const ownDescriptor = new RegExp(`^/(?:dev|proc/${process.pid})/fd/(\\d{1,9})$`);

function openDescriptor(path: string, descriptor: number): Opened {
  try {
    const found = fstatSync(descriptor);
    if (found.isFIFO() || found.isSocket()) return pipeOf(descriptor);
  } catch (error) {
    throw new UsageError(`--output ${path} can't be written: ${messageOf(error)}`, { cause: error });
  }
  // Where it stands, behind what others wrote: to open its path would begin at its start. What is told may go there, too.
  return {
    appendFile: (chunk) => promisify(appendFile)(descriptor, chunk),
    sync: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** Returns the file that a path means, which need not be there: a link stays, and its file is made. */
async function targetOf(path: string, linksLeft = mostLinks): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const link = linksLeft === 0 ? null : await readlink(path).catch(() => null);
    if (link === null) return path;
    // What the link says is told from the folder that it is really in.
    const folder = await realpath(dirname(path));
    return targetOf(resolve(folder, link), linksLeft - 1);
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** How often it is looked whether somebody reads a pipe by now, in milliseconds. */
const readerMs = 50;

/**
 * Opens a named pipe once somebody reads it. Nothing of it blocks: a thread that waits in the system for a reader holds up the
 * end of the process, whatever signal asks for it.
 */
async function openPipe(path: string): Promise<Opened> {
  for (;;) {
    try {
      return pipeOf(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
      await systemClock.sleep(readerMs);
    }
  }
}

function pipeOf(fd: number): Opened {
  const socket = new Socket({ fd, readable: false, writable: true });
  // Each write is told of its own failure.
  socket.on('error', () => undefined);
  return {
    appendFile: (chunk) =>
      new Promise((resolve, reject) => socket.write(chunk, (error) => (error ? reject(error) : resolve()))),
    sync: () => Promise.resolve(),
    close: () =>
      new Promise((resolve) =>
        socket.destroyed
          ? resolve()
          : socket.end(() => {
              socket.destroy();
              resolve();
            }),
      ),
  };
}
