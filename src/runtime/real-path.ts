import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** Returns what an absolute path leads to, links followed as far as there is something; `links`: how many more may lead nowhere. */
export function realPath(path: string, links = 40): string {
  try {
    return realpathSync.native(path);
  } catch {
    const folder = dirname(path);
    if (folder === path) return path;
    const parent = realPath(folder, links);
    // What is written to a link whose target does not exist yet is written there.
    const target = links > 0 ? linkTarget(path) : null;
    return target === null ? join(parent, basename(path)) : realPath(resolve(parent, target), links - 1);
  }
}

function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
