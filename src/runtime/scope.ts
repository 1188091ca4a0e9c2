import { setMaxListeners } from 'node:events';

/** The reason of a scope that was ended without another: one that is made anew, with its stack, costs more than the rest. */
const over = new Error('it is over');

/**
 * What some work is cut short by: aborted with any of the outer signals, or ended by whoever began it, who has to end it in any case.
 * AbortSignal.any does the same, but on Node 20 its sources keep a reference, weak and never taken away, to each signal that was
 * ever made of them: one that lives for months grows with every call, and throws a RangeError at the 16,777,216th.
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

/** Does some work that is cut short by any of the outer signals, and hears no more of them once it is done. */
export async function scoped<T>(outers: readonly AbortSignal[], work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const scope = new Scope(...outers);
  try {
    return await work(scope.signal);
  } finally {
    scope.release();
  }
}
