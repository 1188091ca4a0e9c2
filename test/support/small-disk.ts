import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from './at-end.js';
import { temporaryFolder } from './temporary-folder.js';

/** A disk of a few megabytes, which a test can fill. */
export class SmallDisk {
  readonly folder = temporaryFolder();
  readonly #filler = join(this.folder, 'filler');

  /** Mounts one; null where this user may not. */
  static mount(megabytes: number): SmallDisk | null {
    const disk = new SmallDisk();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'chainparse-test', disk.folder]);
    } catch {
      return null;
    }
    atEnd(() => execFileSync('umount', ['--lazy', disk.folder]));
    return disk;
  }

  /** Takes all room that is left. */
  fill(): void {
    const file = openSync(this.#filler, 'w');
    try {
      for (;;) writeSync(file, Buffer.alloc(4_096));
    } catch {
      // It is full.
    } finally {
      closeSync(file);
    }
  }

  /** Gives the room back. */
  makeRoom(): void {
    rmSync(this.#filler);
  }
}
