import { link, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../runtime/make-folder.js';
import { onDisk, removeUnfinished, syncFolder, unfinishedPath } from './disk.js';
import { manifestChanged, manifestName } from './file-store.js';
import type { FileStore, ReadyFile } from './file-store.js';
import { isFileName } from './spans.js';

/** Files in a folder: written beside, synced, renamed. */
export class FolderStore implements FileStore {
  readonly label: string;
  #claim = 0;
  /** The manifest's text when it was read or written last; null: there was none. */
  #manifest: string | null = null;

  constructor(folder: string) {
    this.label = folder;
  }

  async prepare(claim: number): Promise<void> {
    this.#claim = claim;
    await onDisk(this.label, () => makeFolder(this.label));
  }

  async clean(): Promise<void> {
    await onDisk(this.label, () => removeUnfinished(this.label, this.#claim));
  }

  workPath(): string {
    return unfinishedPath(this.label, this.#claim);
  }

  async readManifest(): Promise<string | null> {
    this.#manifest = await this.#readManifest();
    return this.#manifest;
  }

  async writeManifest(text: string, check: () => Promise<void>): Promise<void> {
    const path = this.workPath();
    try {
      await onDisk(this.label, () => writeFile(path, text, { flag: 'wx', flush: true }));
      // Whoever takes over removes what is unfinished before reading the manifest: a rename that comes late finds nothing.
      await check();
      await this.#confirm();
      if (!(await this.#nameManifest(path))) throw manifestChanged(this.label, await this.#readManifest());
      this.#manifest = text;
      await onDisk(this.label, () => syncFolder(this.label));
    } finally {
      await rm(path, { force: true }).catch(() => undefined);
    }
  }

  async sizes(): Promise<ReadonlyMap<string, number>> {
    return onDisk(this.label, async () => {
      const sizes = new Map<string, number>();
      for (const name of ((await orMissing(readdir(this.label))) ?? []).filter(isFileName)) {
        const bytes = await this.#sizeOf(name);
        if (bytes !== null) sizes.set(name, bytes);
      }
      return sizes;
    });
  }

  async put(name: string, { path }: ReadyFile): Promise<void> {
    await this.#confirm();
    await onDisk(this.label, async () => {
      await rename(path, this.#pathOf(name));
      await syncFolder(this.label);
    });
  }

  async holds(name: string, bytes: number): Promise<boolean> {
    return onDisk(this.label, async () => (await this.#sizeOf(name)) === bytes);
  }

  async remove(name: string): Promise<void> {
    await onDisk(this.label, () => rm(this.#pathOf(name), { force: true }));
  }

  /** Throws TargetChangedError where the manifest is not the one that was read or written last. */
  async #confirm(): Promise<void> {
    const found = await this.#readManifest();
    if (found !== this.#manifest) throw manifestChanged(this.label, found);
  }

  /** Returns false where the manifest was to be the first, and another one is. */
  #nameManifest(path: string): Promise<boolean> {
    const manifest = this.#pathOf(manifestName);
    return onDisk(this.label, async () => {
      const given = this.#manifest === null ? await linkTo(path, manifest) : 'impossible';
      if (given === 'impossible') await rename(path, manifest);
      return given !== 'taken';
    });
  }

  #readManifest(): Promise<string | null> {
    return onDisk(this.label, () => orMissing(readFile(this.#pathOf(manifestName), 'utf8')));
  }

  async #sizeOf(name: string): Promise<number | null> {
    return (await orMissing(stat(this.#pathOf(name))))?.size ?? null;
  }

  #pathOf(name: string): string {
    return join(this.label, name);
  }
}

/**
 * Gives a file a name that nothing has: of several who do so at once one alone succeeds. Some disks have no links, and say so in
 * many ways; what else is wrong with one keeps from renaming, too.
 */
async function linkTo(path: string, name: string): Promise<'given' | 'taken' | 'impossible'> {
  try {
    await link(path, name);
    return 'given';
  } catch (error) {
    return codeOf(error) === 'EEXIST' ? 'taken' : 'impossible';
  }
}

/** Returns null where what was asked for is not there. */
async function orMissing<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
