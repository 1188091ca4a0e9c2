import { FenceError } from '../../database/script.js';

/** How some of a kind are written. */
export interface TogetherParts<T, R> {
  /** Writes all of them or, with a FenceError where something of one is no longer so, none. */
  readonly all: (items: readonly T[]) => Promise<void>;
  readonly one: (item: T) => Promise<R>;
  /** Says what has come of one where all were written. */
  readonly written: (item: T) => R;
}

/** Something that is to be written, and whom to tell of it. */
interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/** The most of a transaction. */
const mostAtOnce = 32;

/**
 * Writes for a process one transaction at a time: what comes while one is in the air goes together, and costs one write to the disk (group
 * commit).
 */
export class Together<T, R> {
  readonly #parts: TogetherParts<T, R>;
  readonly #waiting: Waiting<T, R>[] = [];
  #isRunning = false;

  constructor(parts: TogetherParts<T, R>) {
    this.#parts = parts;
  }

  write(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) await this.#write(this.#waiting.splice(0, mostAtOnce));
    this.#isRunning = false;
  }

  /** What one of them was decided on may be no longer so: then each is written by itself. */
  async #write(round: readonly Waiting<T, R>[]): Promise<void> {
    try {
      await this.#parts.all(round.map(({ item }) => item));
      for (const { item, resolve } of round) resolve(this.#parts.written(item));
    } catch (error) {
      if (error instanceof FenceError && round.length > 1) await Promise.all(round.map((one) => this.#writeOne(one)));
      else for (const { reject } of round) reject(error);
    }
  }

  async #writeOne({ item, resolve, reject }: Waiting<T, R>): Promise<void> {
    await this.#parts.one(item).then(resolve, reject);
  }
}
