import { readFileSync } from 'node:fs';

/** User and system time of a process (proc_pid_stat(5), fields 14 and 15, in hundredths of a second). */
export function readCpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
