import { setMaxListeners } from 'node:events';

/** The reason of a scope that was ended without another: one that is made anew, with its stack, costs more than the rest. */
const over = new Error('it is over');

/**
 * What some work is cut short by: aborted with any of the outer signals, or ended by whoever began it, who has to end it in any case.
 * AbortSignal.any does the same, but its sources hold what it makes weakly and let go of it late, at the garbage collector's cost.
 */
export class Scope {
  readonly #controller = new AbortController();
  readonly #outers: readonly AbortSignal[];

  constructor(...outers: readonly AbortSignal[]) {
    this.#outers = outers;
    for (const outer of outers) {
      // As many listen as there is work at a time.
      setMaxListeners(0, outer);
      outer.addEventListener('abort', this.#follow);
      if (outer.aborted) this.#controller.abort(outer.reason);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The work is done, or given up: aborts what still goes on of it. */
  end(reason: Error = over): void {
    this.release();
    this.#controller.abort(reason);
  }

  /** The work is done, and nothing goes on of it: hears no more of the outer signals. To abort takes twenty times as long. */
  release(): void {
    for (const outer of this.#outers) outer.removeEventListener('abort', this.#follow);
  }

  readonly #follow = (event: Event): void => this.#controller.abort((event.target as AbortSignal).reason);
}
