import { stat } from 'node:fs/promises';

/** A log's file, the one that is written to or one that was put aside. */
export interface LogFile {
  readonly path: string;
  /** Stays the file's own when it is renamed. */
  readonly inode: number;
  readonly size: number;
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

async function look(path: string): Promise<LogFile | undefined> {
  try {
    const { ino, size } = await stat(path);
    return { path, inode: ino, size };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
