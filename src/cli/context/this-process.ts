import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isOfThisHost } from '../../runtime/is-of-this-host.js';
import type { Claimant } from '../../tasks/lease/claim-task.js';

/** Describes this process as a worker, and finds out whether another one of this host is gone; `identify` as /proc does. */
export function thisProcess(identify = identityOf): Claimant {
  return {
    name: `${hostname()}:${process.pid}`,
    identity: identify(process.pid),
    isGone: (name, identity) => isGone(name, identity, identify),
  };
}

/**
 * The kernel's boot, the namespace in which pids are counted, and when the process started: on Linux, where /proc says. Null where it
 * does not, or hides the process from this one's user.
 */
function identityOf(pid: number): string | null {
  try {
    const startedAt = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
    return `${machineIdentity()}/${startedAt ?? ''}`;
  } catch {
    return null;
  }
}

/** Tells those processes from others that count pids together, until the machine starts again; throws where there is no /proc. */
export function machineIdentity(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
}

function isGone(name: string, identity: string | null, identify: typeof identityOf): boolean {
  const pid = Number(name.slice(name.lastIndexOf(':') + 1));
  if (!isOfThisHost(name) || !Number.isInteger(pid) || pid <= 0) return false;
  // Before it is asked whether it runs: of one that ends in between nobody shall say that it runs and is hidden.
  const found = identify(pid);
  if (!isRunning(pid)) return identity === null || isOfThisMachine(identity);
  // A pid is used again sooner or later: the same number with another start is another process.
  return identity !== null && found !== null && isOfThisMachine(identity) && identity !== found;
}

/** Two containers may share a host's name, not a namespace of pids. */
function isOfThisMachine(identity: string): boolean {
  try {
    return identity.startsWith(`${machineIdentity()}/`);
  } catch {
    return false;
  }
}

/** Says whether a process of this machine runs, also where it is another user's, which /proc may hide. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** It has ended, and nobody has asked how: in a container whose first process is no init, nobody ever will. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
