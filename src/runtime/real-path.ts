import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Returns what an absolute path leads to, links followed as far as there is something. */
export function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const folder = dirname(path);
    return folder === path ? path : join(realPath(folder), basename(path));
  }
}
