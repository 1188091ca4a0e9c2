/** Wakes whoever waits for news; what rings while nobody waits is not lost. */
export class Bell {
  #rings = 0;
  #wake: () => void = () => undefined;
  #next = new Promise<void>((resolve) => (this.#wake = resolve));

  /** How often it has rung: to be read before one looks for news, and handed to `after`. */
  get rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings += 1;
    this.#wake();
    this.#next = new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Resolves once it has rung more often than `rings`; at once where it has. */
  after(rings: number): Promise<void> {
    return this.#rings > rings ? Promise.resolve() : this.#next;
  }
}
