import { availableParallelism, constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Child } from '../../support/child.js';
import type { SeedRange } from './play-seeds.js';

const program = fileURLToPath(new URL('run.ts', import.meta.url));
const projectFolder = fileURLToPath(new URL('../../..', import.meta.url));

/** How long a child may take, in milliseconds. */
const patienceMs = 3_600_000;

/** Plays schedules in as many processes as there are cores; returns what those said that found something wrong. */
export async function playInChildren(range: SeedRange): Promise<readonly string[]> {
  const children = split(range, availableParallelism()).map(async (part) => {
    const child = new Child(process.execPath, ['--import', 'tsx', program, ...optionsOf(part)], { cwd: projectFolder });
    setPriority(child.pid, constants.priority.PRIORITY_LOW);
    const { code, stdout, stderr } = await child.exit(patienceMs);
    return code === 0 ? [] : [stdout + stderr];
  });
  return (await Promise.all(children)).flat();
}

function split(range: SeedRange, parts: number): readonly SeedRange[] {
  const size = Math.ceil((range.to - range.from) / parts);
  return Array.from({ length: parts }, (_, i) => ({
    ...range,
    from: range.from + i * size,
    to: Math.min(range.to, range.from + (i + 1) * size),
  }));
}

function optionsOf({ mode, dialect, from, to }: SeedRange): readonly string[] {
  return ['--mode', mode, '--dialect', dialect, '--seeds', `${from}-${to}`];
}
