import { DatabaseForbiddenError, DatabaseRefusedError, DatabaseUnreachableError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import type { Observe } from '../../model/liveness-event.js';

/** Knows whether the database answers a monitor, and tells when it goes away and comes back. */
export class DatabaseContact {
  readonly #logger: Logger;
  readonly #observe: Observe;
  #trouble: DatabaseUnreachableError | DatabaseForbiddenError | null = null;
  #failures = 0;
  #hasAnswered = false;
  #hasWorked = false;

  constructor(options: { readonly logger: Logger; readonly observe: Observe }) {
    this.#logger = options.logger;
    this.#observe = options.observe;
  }

  /** Why the latest call failed; null where it did not. */
  get trouble(): DatabaseUnreachableError | DatabaseForbiddenError | null {
    return this.#trouble;
  }

  /** How many calls have failed since the latest answer. */
  get failures(): number {
    return this.#failures;
  }

  /** A call was answered. One says nothing of a right that another call lacked. */
  answered(): void {
    this.#hasAnswered = true;
    if (!(this.#trouble instanceof DatabaseForbiddenError)) this.#isBack();
  }

  /** All that was due has been done. */
  worked(): void {
    this.#hasWorked = true;
    this.#isBack();
  }

  #isBack(): void {
    if (this.#trouble !== null) this.#observe({ kind: 'database_back' });
    this.#trouble = null;
    this.#failures = 0;
  }

  /** A call failed; throws the error where it is none of an outage. */
  failed(error: unknown): void {
    // A right that is taken away while a monitor works is given back: the others need not know that it has to be started again.
    const isForbidden = error instanceof DatabaseForbiddenError && this.#hasWorked;
    if (!(error instanceof DatabaseUnreachableError) && !isForbidden) throw error;
    // Where it never let anybody in, waiting mends no URL.
    if (error instanceof DatabaseRefusedError && !this.#hasAnswered) throw error;
    this.#trouble = error;
    this.#failures++;
    this.#observe({ kind: 'database_away', failures: this.#failures, error: error.message });
    const message = `nobody is judged while the database is away: ${error.message}`;
    this.#logger.log('error', message, { event: 'monitor.database_away', error: error.message });
  }
}
