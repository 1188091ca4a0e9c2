import type { FileStore, ReadyFile } from '../../../src/components/file-sink/file-store.js';

/** Is called before and behind each step; it may throw, wait, or never return. */
export type Hook = (step: string) => Promise<void>;

/** A store whose steps can be made to fail. */
export class HookedStore implements FileStore {
  readonly #store: FileStore;
  readonly #hook: Hook;

  constructor(store: FileStore, hook: Hook) {
    this.#store = store;
    this.#hook = hook;
  }

  get label(): string {
    return this.#store.label;
  }

  prepare(claim: number): Promise<void> {
    return this.#around('prepare', () => this.#store.prepare(claim));
  }

  clean(): Promise<void> {
    return this.#around('clean', () => this.#store.clean());
  }

  workPath(): string {
    return this.#store.workPath();
  }

  readManifest(signal: AbortSignal): Promise<string | null> {
    return this.#around('read', () => this.#store.readManifest(signal));
  }

  writeManifest(text: string, check: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const checked = async (): Promise<void> => {
      await check();
      await this.#hook('manifest written, not renamed');
    };
    return this.#around('manifest', () => this.#store.writeManifest(text, checked, signal));
  }

  sizes(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    return this.#store.sizes(signal);
  }

  put(name: string, file: ReadyFile, signal: AbortSignal, moved?: () => void): Promise<void> {
    return this.#around('put', () => this.#store.put(name, file, signal, moved));
  }

  holds(name: string, bytes: number, signal: AbortSignal): Promise<boolean> {
    return this.#around('holds', () => this.#store.holds(name, bytes, signal));
  }

  remove(name: string, signal: AbortSignal): Promise<void> {
    return this.#around('remove', () => this.#store.remove(name, signal));
  }

  async #around<T>(step: string, work: () => Promise<T>): Promise<T> {
    await this.#hook(`before ${step}`);
    const result = await work();
    await this.#hook(`behind ${step}`);
    return result;
  }
}
