import { constants } from 'node:fs';
import { lstat, open, stat, type FileHandle } from 'node:fs/promises';

/** A log's file, the one that is written to or one that was put aside. */
export interface LogFile {
  readonly path: string;
  /** Stays the file's own when it is renamed. */
  readonly inode: number;
  readonly size: number;
}

/** Says whether a log may be a symbolic link, and a link's target be read. */
export interface LinkRule {
  readonly followsLinks: boolean;
}

/** Opens a file of a log to be read. */
export function openLogFile({ path }: LogFile, { followsLinks }: LinkRule): Promise<FileHandle> {
  return open(path, followsLinks ? constants.O_RDONLY : constants.O_RDONLY | constants.O_NOFOLLOW);
}

/** Lists the files of a log that is put aside as `PATH.1`, `PATH.2`, …: oldest first, `PATH` itself last. */
export async function logFiles(path: string, rule: LinkRule): Promise<readonly LogFile[]> {
  const current = await look(path, rule);
  const files = current === undefined ? [] : [current];
  for (let number = 1; ; number++) {
    const older = await look(`${path}.${number}`, rule);
    if (older === undefined) return files;
    files.unshift(older);
  }
}

async function look(path: string, { followsLinks }: LinkRule): Promise<LogFile | undefined> {
  try {
    const found = await (followsLinks ? stat : lstat)(path);
    // A pipe, say, would be waited for.
    return found.isFile() ? { path, inode: found.ino, size: found.size } : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
