/** Lets several wait for the next time that something happens. */
export class Change {
  readonly #waiting: (() => void)[] = [];

  /** Resolves when it happens next. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** It happens: whoever waits goes on. */
  happened(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
