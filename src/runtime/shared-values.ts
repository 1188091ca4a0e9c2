/** Values that are made once for all who want the same, for as long as any of them holds it. */
export class SharedValues<T extends object> {
  readonly #made = new Map<string, WeakRef<T>>();
  readonly #gone = new FinalizationRegistry<string>((key) => {
    // Another may have been made since.
    if (this.#made.get(key)?.deref() === undefined) this.#made.delete(key);
  });

  /** Returns what was made for a key, or makes it. */
  get(key: string, make: () => T): T {
    const known = this.#made.get(key)?.deref();
    if (known !== undefined) return known;
    const made = make();
    this.#made.set(key, new WeakRef(made));
    this.#gone.register(made, key);
    return made;
  }
}
