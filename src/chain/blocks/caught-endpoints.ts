/** So many good answers it takes until an endpoint is believed again. */
const goodAnswers = 256;

/** The endpoints that gave an answer which was not true, or not whole: their next answers are proven, until enough were good. */
export class CaughtEndpoints {
  /** How many good answers each owes, by its name. */
  readonly #owed = new Map<string, number>();

  has(endpoint: string): boolean {
    return this.#owed.has(endpoint);
  }

  add(endpoint: string): void {
    this.#owed.set(endpoint, goodAnswers);
  }

  /** An answer of it was proven, or nothing can prove it. */
  answered(endpoint: string): void {
    const owed = (this.#owed.get(endpoint) ?? 0) - 1;
    if (owed > 0) this.#owed.set(endpoint, owed);
    else this.#owed.delete(endpoint);
  }
}
