/**
 * Reads of the database that many clients want at the same time: who asks while one is in the air shares the next one,
 * which begins after it has asked, so that nobody sees a state that is older than the question.
 */
export class SharedReads {
  readonly #reads = new Map<string, SharedRead>();

  /** Returns what `read` finds; calls with one key must read the same. */
  get<T>(key: string, read: () => Promise<T>): Promise<T> {
    const inTheAir = this.#reads.get(key);
    if (inTheAir === undefined) return this.#start(key, read);
    // The others of the next read come with what they would read, too; the first one's is as good.
    inTheAir.next ??= inTheAir.settled.then(() => this.#start(key, read));
    return inTheAir.next as Promise<T>;
  }

  #start<T>(key: string, read: () => Promise<T>): Promise<T> {
    const result = read();
    const shared: SharedRead = { settled: Promise.resolve(), next: null };
    shared.settled = result.then(
      () => this.#end(key, shared),
      () => this.#end(key, shared),
    );
    this.#reads.set(key, shared);
    return result;
  }

  /** Whoever waits starts the next read in the same turn, and takes the place over. */
  #end(key: string, shared: SharedRead): void {
    if (this.#reads.get(key) === shared) this.#reads.delete(key);
  }
}

interface SharedRead {
  settled: Promise<void>;
  next: Promise<unknown> | null;
}
