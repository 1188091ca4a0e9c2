import { cp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '../../support/child.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { findGuard, findTest, readSources } from './find-guard.js';
import type { Sources } from './find-guard.js';
import type { Mutant } from './mutant.js';

/** The folder of the project. */
export const project = fileURLToPath(new URL('../../..', import.meta.url));
const parts = ['src', 'test', 'migrations', 'package.json', 'tsconfig.json', '.mocharc.json'];

/** The folders whose code has guards. */
export const guarded = ['src', 'migrations'];

/** How long a file's tests may take, in milliseconds; then they count as failed. */
const patienceMs = 60_000;

/** Which tests are run. */
export type Tests = Pick<Mutant, 'tests' | 'only'>;

/** Says how many tests failed; throws where none ran. */
export interface TestRun {
  readonly failed: number;
  /** The end of what was printed. */
  readonly output: string;
}

/** A copy of the project, in which one guard at a time is taken out. */
export class ProjectCopy {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #sources: Sources;
  readonly #tests: Sources;

  private constructor(folder: string, env: NodeJS.ProcessEnv, sources: Sources, tests: Sources) {
    this.#folder = folder;
    this.#env = env;
    this.#sources = sources;
    this.#tests = tests;
  }

  /** Copies the project; `env` is what its tests see. */
  static async make(env: NodeJS.ProcessEnv): Promise<ProjectCopy> {
    const folder = temporaryFolder();
    for (const part of parts) await cp(join(project, part), join(folder, part), { recursive: true });
    await symlink(join(project, 'node_modules'), join(folder, 'node_modules'));
    return new ProjectCopy(folder, env, await readSources(folder, guarded), await readSources(folder, ['test']));
  }

  /** Takes a guard out, runs its tests, and puts it back. Throws where it is not to be found. */
  async runMutant(mutant: Mutant): Promise<TestRun> {
    const { file, from, to } = findGuard(this.#sources, mutant);
    const path = join(this.#folder, file);
    const original = this.#sources.get(file) ?? '';
    await writeFile(path, original.slice(0, from) + mutant.replacement + original.slice(to));
    try {
      return await this.run(mutant);
    } finally {
      await writeFile(path, original);
    }
  }

  /** Runs tests; throws where they could not be run. */
  async run({ tests, only }: Tests): Promise<TestRun> {
    const filter = only === null ? [] : ['--fgrep', only];
    const files = tests.map((name) => findTest(this.#tests, name));
    const options = ['--bail', '--exit', '--timeout', '10000', ...filter];
    const mocha = ['node_modules/mocha/bin/mocha.js', ...options, ...files];
    const child = new Child(process.execPath, mocha, { cwd: this.#folder, env: this.#env });
    const ended = await child.exit(patienceMs * files.length).catch(() => null);
    if (ended === null) {
      // Mocha runs the tests in a process of its own, which would go on.
      child.signalGroup('SIGKILL');
      await child.kill();
      return { failed: 1, output: 'it took too long' };
    }
    const output = (ended.stderr + ended.stdout).slice(-2_000);
    const counts = /^mocha: (\d+) passed, (\d+) failed/m.exec(ended.stdout);
    if (counts === null || Number(counts[1]) + Number(counts[2]) === 0) {
      throw new Error(`no test was run: ${output}`);
    }
    return { failed: Number(counts[2]), output };
  }
}
