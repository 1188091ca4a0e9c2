import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';

/** Where a task's log is, or why it is not read: no such file, out of the log folder, or a link, a pipe or a device. */
export type TaskLogPlace = { readonly path: string } | { readonly problem: 'missing' | 'outside' | 'no-file' };

/** Where a row's path starts from, and the folder that logs are read in. */
interface LogFolder {
  readonly cwd: string;
  readonly logDir: string;
}

/**
 * Finds the log that a task's row names. Other programs write rows: only what is really in the log folder counts, and
 * no link leads out of it.
 */
export async function findTaskLog(logPath: string, { cwd, logDir }: LogFolder): Promise<TaskLogPlace> {
  try {
    const path = resolve(cwd, logPath);
    const [folder, parent] = await Promise.all([realpath(resolve(cwd, logDir)), realpath(dirname(path))]);
    if (!isWithin(folder, parent)) return { problem: 'outside' };
    const place = join(parent, basename(path));
    return (await lstat(place)).isFile() ? { path: place } : { problem: 'no-file' };
  } catch {
    // What can't be looked at, for it was never a path, is not there either.
    return { problem: 'missing' };
  }
}

/** Says whether a path leads out of the log folder as it is written, whatever is there. */
export function leadsOutside(logPath: string, { cwd, logDir }: LogFolder): boolean {
  return !isWithin(resolve(cwd, logDir), dirname(resolve(cwd, logPath)));
}

function isWithin(folder: string, path: string): boolean {
  return `${path}${sep}`.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}
