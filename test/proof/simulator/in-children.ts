import { rm } from 'node:fs/promises';
import { availableParallelism, constants, setPriority } from 'node:os';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Child } from '../../support/child.js';

const projectFolder = fileURLToPath(new URL('../../..', import.meta.url));

/** How long a child may take, in milliseconds. */
const patienceMs = 3_600_000;

/** Most of what a schedule makes is soon forgotten. */
const youngHeap = '--max-semi-space-size=64';

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
  const file = await bundle(fileURLToPath(program));
  const children = split(range, availableParallelism()).map(async (part) => {
    const args = [youngHeap, '--enable-source-maps', file, ...optionsOf(part)];
    const child = new Child(process.execPath, args, { cwd: projectFolder });
    setPriority(child.pid, constants.priority.PRIORITY_LOW);
    const { code, stdout, stderr } = await child.exit(patienceMs);
    return code === 0 ? [] : [stdout + stderr];
  });
  return (await Promise.all(children).finally(() => rm(file))).flat();
}

/** Writes a program into one file, which plays a fifth faster than under tsx: there each function is given its name. */
async function bundle(program: string): Promise<string> {
  const name = basename(dirname(program));
  const outfile = `${projectFolder}node_modules/.cache/proof/${name}-${process.pid}-${performance.now()}.mjs`;
  const options = { bundle: true, packages: 'external', platform: 'node', format: 'esm', sourcemap: 'inline' } as const;
  await build({ entryPoints: [program], outfile, logLevel: 'error', ...options });
  return outfile;
}

function split({ from, to }: Part, parts: number): readonly Part[] {
  const size = Math.ceil((to - from) / parts);
  return Array.from({ length: parts }, (_, i) => ({ from: from + i * size, to: Math.min(to, from + (i + 1) * size) }));
}
