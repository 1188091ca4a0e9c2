import { DatabaseForbiddenError, DatabaseRefusedError, DatabaseUnreachableError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import type { Observe } from '../../model/liveness-event.js';

type Trouble = DatabaseUnreachableError | DatabaseForbiddenError;

/** Knows whether the database answers a monitor, and tells when it goes away and comes back. */
export class DatabaseContact {
  readonly #logger: Logger;
  readonly #observe: Observe;
  #trouble: Trouble | null = null;
  #failures = 0;
  #hasAnswered = false;
  #hasChecked = false;

  constructor(options: { readonly logger: Logger; readonly observe: Observe }) {
    this.#logger = options.logger;
    this.#observe = options.observe;
  }

  /** Why the latest call failed; null where it did not. */
  get trouble(): Trouble | null {
    return this.#trouble;
  }

  /** How many calls have failed since the latest answer. */
  get failures(): number {
    return this.#failures;
  }

  /** A call was answered. */
  answered(): void {
    if (this.#trouble !== null) this.#observe({ kind: 'database_back' });
    this.#trouble = null;
    this.#hasAnswered = true;
    this.#failures = 0;
  }

  /** A check came to its end. */
  checked(): void {
    this.#hasChecked = true;
  }

  /** A call failed; throws the error where it is none of an outage. */
  failed(error: unknown): void {
    // Rights that were there may be given back, and nobody would start the monitor again then.
    const isForbidden = error instanceof DatabaseForbiddenError && this.#hasChecked;
    if (!isForbidden && !(error instanceof DatabaseUnreachableError)) throw error;
    // Where it never let anybody in, waiting mends no URL.
    if (error instanceof DatabaseRefusedError && !this.#hasAnswered) throw error;
    this.#trouble = error;
    this.#failures++;
    this.#observe({ kind: 'database_away', failures: this.#failures, error: error.message });
    const message = `nobody is judged while the database is away: ${error.message}`;
    this.#logger.log('error', message, { event: 'monitor.database_away', error: error.message });
  }
}
