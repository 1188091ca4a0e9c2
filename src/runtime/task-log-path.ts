import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';

/** Where a task's log is, or why it is not read: no such file, out of the log folder, or a link, a pipe or a device. */
export type TaskLogPlace = { readonly path: string } | { readonly problem: 'missing' | 'outside' | 'no-file' };

/**
 * Finds the log that a task's row names. Other programs write rows: only what is really in the log folder counts, and
 * no link leads out of it.
 */
export async function findTaskLog(
  logPath: string,
  { cwd, logDir }: { readonly cwd: string; readonly logDir: string },
): Promise<TaskLogPlace> {
  try {
    const path = resolve(cwd, logPath);
    const [folder, parent] = await Promise.all([realpath(resolve(cwd, logDir)), realpath(dirname(path))]);
    if (!`${parent}${sep}`.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)) return { problem: 'outside' };
    const place = join(parent, basename(path));
    return (await lstat(place)).isFile() ? { path: place } : { problem: 'no-file' };
  } catch {
    // What can't be looked at, for it was never a path, is not there either.
    return { problem: 'missing' };
  }
}
