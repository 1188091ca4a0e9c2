import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { systemClock } from '../../runtime/clock.js';
import { isRunning, machineIdentity } from '../context/this-process.js';

/** How long a file must not have been written to that belongs to no process of this machine, in milliseconds. */
const strangersMs = 24 * 3_600_000;

/** Returns a new name beside a file, under which this process writes it until it is whole. */
export function temporaryPathOf(path: string): string {
  return `${path}.${machine()}-${process.pid}-${randomBytes(2).toString('hex')}.tmp`;
}

/**
 * Removes what processes have left that were killed while they wrote a file. Where a folder is shared, whether another machine's
 * process lives can't be known, nor one's of before this machine was started: theirs goes once nobody has written to it for a day.
 */
export async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const suffix = name.startsWith(`${basename(path)}.`) ? name.slice(basename(path).length) : '';
    const [, owner, pid] = /^\.([0-9a-f]{8})-([1-9]\d*)-[0-9a-f]{4}\.tmp$/.exec(suffix) ?? [];
    if (owner === undefined) continue;
    const leftover = join(folder, name);
    const isLeft = (owner === machine() && !isRunning(Number(pid))) || (await isOld(leftover));
    // Another may have been faster, or it is another user's.
    if (isLeft) await rm(leftover, { force: true }).catch(() => undefined);
  }
}

async function isOld(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
  return systemClock.now() - mtimeMs > strangersMs;
}

/** What tells processes that see each other's ids from all others. */
function machine(): string {
  return createHash('sha256').update(identity()).digest('hex').slice(0, 8);
}

function identity(): string {
  try {
    return machineIdentity();
  } catch {
    return hostname();
  }
}
