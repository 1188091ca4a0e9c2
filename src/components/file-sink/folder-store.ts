import { readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../runtime/make-folder.js';
import { onDisk, removeUnfinished, syncFolder, unfinishedPath } from './disk.js';
import { manifestName } from './file-store.js';
import type { FileStore, ReadyFile } from './file-store.js';
import { isFileName } from './spans.js';

/** Files in a folder: written beside, synced, renamed. */
export class FolderStore implements FileStore {
  readonly label: string;
  #claim = 0;

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
    return onDisk(this.label, async () => {
      try {
        return await readFile(this.#pathOf(manifestName), 'utf8');
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    });
  }

  async writeManifest(text: string, check: () => Promise<void>): Promise<void> {
    const path = this.workPath();
    try {
      await onDisk(this.label, () => writeFile(path, text, { flag: 'wx', flush: true }));
      // Whoever takes over removes what is unfinished before reading the manifest: a rename that comes late finds nothing.
      await check();
      await this.#rename(path, manifestName);
    } catch (error) {
      await rm(path, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  async hasFiles(): Promise<boolean> {
    return onDisk(this.label, async () => (await readdir(this.label)).some(isFileName));
  }

  async put(name: string, { path }: ReadyFile): Promise<void> {
    await this.#rename(path, name);
  }

  async holds(name: string, bytes: number): Promise<boolean> {
    return onDisk(this.label, async () => {
      try {
        return (await stat(this.#pathOf(name))).size === bytes;
      } catch (error) {
        if (isMissing(error)) return false;
        throw error;
      }
    });
  }

  async remove(name: string): Promise<void> {
    await onDisk(this.label, () => rm(this.#pathOf(name), { force: true }));
  }

  async #rename(path: string, name: string): Promise<void> {
    await onDisk(this.label, async () => {
      await rename(path, this.#pathOf(name));
      await syncFolder(this.label);
    });
  }

  #pathOf(name: string): string {
    return join(this.label, name);
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
