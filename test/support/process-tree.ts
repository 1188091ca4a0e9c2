import { readFileSync } from 'node:fs';

/** Lists the processes that a process has started and that live, by Linux's /proc; none on other systems. */
export function childrenOf(pid: number): readonly number[] {
  try {
    const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return listed.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
