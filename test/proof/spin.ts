import { execFile, execFileSync } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from '../support/temporary-folder.js';
import type { ModelName } from './model-cases.js';

const models = fileURLToPath(new URL('../../docs/model', import.meta.url));

/** How to get what the model is checked with; null where it is here. */
export const spinHint: string | null =
  canRun('spin', '-V') && canRun('gcc', '-x', 'c', '-E', '-include', 'stdio.h', '-')
    ? null
    : 'apt-get install spin gcc libc6-dev';

/** What an earlier run compiled is not compiled again, where this can be known. */
const cache = canRun('ccache', '--version') ? ['ccache'] : [];

/** Has the C library take large pages: most of a search is looking for states all over the memory. */
const largePages = { ...process.env, GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };

function canRun(program: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { input: '', stdio: ['pipe', 'ignore', 'ignore'] });
    return true;
  } catch {
    return false;
  }
}

/**
 * How deep a search goes, and the places of its table of states as a power of two. To clear room for millions takes longer than all else
 * that a search for a broken promise does, which ends at its first.
 */
const bounds = { '-O0': ['-m100000', '-w20'], '-O2': ['-m1000000', '-w24'] } as const;

/** What a search found. */
export interface Search {
  /** The promise that is broken; null where none is. */
  readonly broken: string | null;
  readonly states: number;
  readonly megabytes: number;
  /** Every state that can be reached was seen. */
  readonly isWhole: boolean;
}

/** Where a model is, for a search or for its text. */
export function modelPath(model: ModelName): string {
  return join(models, `${model}.pml`);
}

/** Searches a model's states for one in which a promise is broken, with guards and bounds set by `flags`. */
export async function searchModel(
  model: ModelName,
  flags: readonly string[],
  optimize: '-O0' | '-O2',
): Promise<Search> {
  const folder = temporaryFolder();
  const run = promisify(execFile);
  await copyFile(modelPath(model), join(folder, 'model.pml'));
  await run('spin', ['-a', ...flags, 'model.pml'], { cwd: folder });
  const compile = [...cache, 'gcc', optimize, '-w', '-DSAFETY', '-DMEMLIM=4096', '-c', 'pan.c'];
  await run(compile[0]!, compile.slice(1), { cwd: folder });
  await run('gcc', ['-o', 'pan', 'pan.o'], { cwd: folder });
  const options = { cwd: folder, env: largePages, maxBuffer: 1 << 26 };
  const { stdout } = await run(join(folder, 'pan'), bounds[optimize], options);
  return readReport(stdout);
}

function readReport(report: string): Search {
  return {
    broken: /assertion violated\s+!\((\w+)\)/.exec(report)?.[1] ?? null,
    states: Number(/(\S+) states, stored/.exec(report)?.[1]),
    megabytes: Number(/(\S+)\s+total actual memory usage/.exec(report)?.[1]),
    isWhole: /errors: 0$/m.test(report) && !/Search not completed|max search depth too small/.test(report),
  };
}
