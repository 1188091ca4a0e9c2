import { ProblemsError, UsageError, type Problem } from './errors.js';

/** Collects all that is wrong with what a user wrote, wherever it stands. */
export class Problems {
  readonly #found: Problem[] = [];

  get found(): readonly Problem[] {
    return this.#found;
  }

  add(message: string, hint?: string): void {
    this.#found.push({ message, hint });
  }

  /** Reads something; where that throws a UsageError, that is a problem, and undefined is returned. */
  collect<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      if (error instanceof ProblemsError) this.#found.push(...error.problems);
      else this.add(error.message, error.hint);
      return undefined;
    }
  }

  /** Throws what is wrong, where something is: a UsageError, which is a ProblemsError where there is more than one thing. */
  throwIfAny(): void {
    const [first, ...others] = this.#found;
    if (first === undefined) return;
    throw others.length === 0 ? new UsageError(first.message, { hint: first.hint }) : new ProblemsError(this.#found);
  }
}
