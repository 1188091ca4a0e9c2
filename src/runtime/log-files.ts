import { constants } from 'node:fs';
import { lstat, open, rename, type FileHandle } from 'node:fs/promises';

/** A log's file, the one that is written to or one that was put aside. */
export interface LogFile {
  readonly path: string;
  /** Stays the file's own when it is renamed. */
  readonly inode: number;
  /** When it was made, in milliseconds: a later file may get its inode. */
  readonly birth: number;
  readonly size: number;
}

/** How a log is opened, to be read or written: never through a link, and a pipe that nobody reads is not waited for. */
export const logOpenFlags = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens a file of a log to be read; returns undefined where another stands at its path by now. */
export async function openLogFile({ path, inode }: LogFile): Promise<FileHandle | undefined> {
  const handle = await open(path, constants.O_RDONLY | logOpenFlags).catch(undefinedWhereMissing);
  if (handle === undefined) return undefined;
  const found = await handle.stat();
  if (found.isFile() && found.ino === inode) return handle;
  await handle.close();
  return undefined;
}

/** Lists the files of a log that is put aside as `PATH.1`, `PATH.2`, …: oldest first, `PATH` itself last. */
export async function logFiles(path: string): Promise<readonly LogFile[]> {
  const current = await look(path);
  const files = current === undefined ? [] : [current];
  for (let number = 1; ; number++) {
    const older = await look(`${path}.${number}`);
    if (older === undefined) return files;
    files.unshift(older);
  }
}

/**
 * Puts a log with all its files aside as `PATH.before-TIME`, `PATH.before-TIME.1`, …, which can be read as a log too, but are no
 * part of the one at `PATH`. Returns its new path; null where none was there.
 */
export async function putLogAside(path: string, now: number): Promise<string | null> {
  const files = await logFiles(path);
  const aside = `${path}.before-${new Date(now).toISOString().replaceAll(/[-:]/g, '')}`;
  for (const file of files) await rename(file.path, `${aside}${file.path.slice(path.length)}`);
  return files.length === 0 ? null : aside;
}

/** A link, a pipe or a device is no log: it may show what is not meant to be shown, or be waited for. */
async function look(path: string): Promise<LogFile | undefined> {
  const found = await lstat(path).catch(undefinedWhereMissing);
  return found?.isFile() === true
    ? { path, inode: found.ino, birth: Math.trunc(found.birthtimeMs), size: found.size }
    : undefined;
}

function undefinedWhereMissing(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
  throw error;
}
