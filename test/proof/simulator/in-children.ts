import { availableParallelism, constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Child } from '../../support/child.js';

const projectFolder = fileURLToPath(new URL('../../..', import.meta.url));

/** How long a child may take, in milliseconds. */
const patienceMs = 3_600_000;

/** What a program plays: seeds `from` to `to`, the latter not included. */
interface Part {
  readonly from: number;
  readonly to: number;
}

/**
 * Has a program play schedules in as many processes as there are cores, at the lowest priority; returns what those said
 * that found something wrong. `optionsOf` tells one process what to play.
 */
export async function playInChildren(
  program: URL,
  range: Part,
  optionsOf: (part: Part) => readonly string[],
): Promise<readonly string[]> {
  const children = split(range, availableParallelism()).map(async (part) => {
    const args = ['--import', 'tsx', fileURLToPath(program), ...optionsOf(part)];
    const child = new Child(process.execPath, args, { cwd: projectFolder });
    setPriority(child.pid, constants.priority.PRIORITY_LOW);
    const { code, stdout, stderr } = await child.exit(patienceMs);
    return code === 0 ? [] : [stdout + stderr];
  });
  return (await Promise.all(children)).flat();
}

function split({ from, to }: Part, parts: number): readonly Part[] {
  const size = Math.ceil((to - from) / parts);
  return Array.from({ length: parts }, (_, i) => ({ from: from + i * size, to: Math.min(to, from + (i + 1) * size) }));
}
