import { chmodSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { declareMissing } from './extent.js';
import { temporaryFolder } from './temporary-folder.js';

const howToGet = 'install libfaketime';

/** Where Debian and its like keep the library; undefined where it is not installed. */
const library = findLibrary();

function findLibrary(): string | undefined {
  const folders = ['/usr/lib', '/usr/lib64', '/usr/local/lib'].flatMap((root) =>
    filesOf(root).map((name) => join(root, name, 'faketime')),
  );
  const folder = ['/usr/lib/faketime', '/usr/local/lib/faketime', ...folders].find((candidate) =>
    filesOf(candidate).includes('libfaketimeMT.so.1'),
  );
  return folder === undefined ? undefined : join(folder, 'libfaketimeMT.so.1');
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The wall clock of processes that are started with its environment; it may be set while they run. */
export class FakedClock {
  readonly #file = join(temporaryFolder(), 'clock');

  /** A clock that is ahead by so many seconds. */
  constructor(aheadSeconds = 0) {
    // A server may run as another user.
    chmodSync(dirname(this.#file), 0o755);
    this.set(aheadSeconds);
  }

  /** Sets the clock to so many seconds ahead of the true time; processes see it at their next look. */
  set(aheadSeconds: number): void {
    // Renamed, so that nobody finds it empty.
    writeFileSync(`${this.#file}.new`, `${aheadSeconds < 0 ? '' : '+'}${aheadSeconds}s\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** What a process needs so that this is its wall clock; its monotonic clock stays true. */
  get env(): Record<string, string> {
    return {
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      // The library's remedy for waits of an older C library ends those of MySQL's threads at once: they spin on a whole core.
      FAKETIME_FORCE_MONOTONIC_FIX: '0',
    };
  }
}

/** Declares a suite that sets the clocks of processes; pending where libfaketime is not installed. */
export function withFakedClocks(name: string, suite: () => void): void {
  if (library !== undefined) describe(name, suite);
  else declareMissing(name, howToGet, suite);
}
