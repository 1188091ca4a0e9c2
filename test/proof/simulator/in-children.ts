import { rmSync } from 'node:fs';
import { availableParallelism, constants, setPriority } from 'node:os';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { atEnd } from '../../support/at-end.js';
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
 * A program of `playTold` in as many processes as there are cores, at the lowest priority. They play one range after the other: to
 * start anew for each, and to learn again what is to be compiled, takes as long as a hundred schedules.
 */
export class Players {
  readonly #program: URL;
  #children: Promise<readonly Child[]> | undefined;
  #played = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(program: URL) {
    this.#program = program;
  }

  /**
   * Has a range played when those before it have been; returns what the processes said that found something wrong. `optionsOf` tells one
   * process what to play.
   */
  play(range: Part, optionsOf: (part: Part) => readonly string[]): Promise<readonly string[]> {
    const found = this.#turn.then(() => this.#play(range, optionsOf));
    this.#turn = found.catch(() => undefined);
    return found;
  }

  async #play(range: Part, optionsOf: (part: Part) => readonly string[]): Promise<readonly string[]> {
    this.#children ??= this.#start();
    const children = await this.#children;
    const number = ++this.#played;
    const findings = split(range, children.length).map(async (part, i) => {
      const child = children[i]!;
      const before = child.stdout.length;
      child.write(`${optionsOf(part).join(' ')}\n`);
      const [, end] = await child.output(new RegExp(`^played ${number}: (.*)$`, 'm'), patienceMs);
      return end === 'right' ? [] : [child.stdout.slice(before) + child.stderr];
    });
    return (await Promise.all(findings)).flat();
  }

  async #start(): Promise<readonly Child[]> {
    const file = await bundle(fileURLToPath(this.#program));
    atEnd(() => rmSync(file));
    return Array.from({ length: availableParallelism() }, () => {
      const args = [youngHeap, '--enable-source-maps', file, '--told'];
      const child = new Child(process.execPath, args, { cwd: projectFolder });
      setPriority(child.pid, constants.priority.PRIORITY_LOW);
      // Its servers end with it.
      atEnd(() => {
        child.input('');
        return child.exit(60_000);
      });
      return child;
    });
  }
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
