import { readFileSync, readdirSync } from 'node:fs';

/** How long a stopped process may go on at most, in milliseconds: a busy machine takes a while. */
const patienceMs = 5_000;

/**
 * Waits, without a turn of the event loop, until every thread of a process stands still. SIGSTOP is only sent by `kill`:
 * a thread that runs on another core may finish what it is at, and answer, before it is stopped. Where there is no /proc
 * it does not wait.
 */
export function awaitStopped(pid: number): void {
  const since = Date.now();
  while (!isStopped(pid) && Date.now() - since < patienceMs) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}

function isStopped(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => stateOf(pid, thread) !== 'runs');
  } catch {
    return true;
  }
}

function stateOf(pid: number, thread: string): 'runs' | 'stands' {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    // The program's name stands before the state, in parentheses, and may hold anything.
    return /[TtZX]/.test(stat.charAt(stat.lastIndexOf(')') + 2)) ? 'stands' : 'runs';
  } catch {
    // The thread ended meanwhile.
    return 'stands';
  }
}
