import type { BlockRange } from '../../model/block.js';
import type { Clock } from '../../runtime/clock.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { backoffMs } from '../../runtime/retry.js';
import type { PortalClient } from './portal-client.js';
import { PortalError } from './portal-error.js';
import type { PortalErrorClass } from './portal-error.js';

/** How often each kind is borne in a row: where the portal has never answered a wrong address should be told soon. */
const borne: Readonly<Record<PortalErrorClass, number>> = {
  away: 60,
  busy: 120,
  malformed: 6,
  fork: 6,
  disproved: 0,
  refused: 0,
};
const borneAtFirst = 5;
const backoff = { firstMs: 250, maxMs: 8_000 };
/** The longest time for which a portal may ask to be left alone, in milliseconds. */
const longestPauseMs = 300_000;

/** A portal that can't be reached, or is not to be believed, for as long as was borne. */
export class PortalFailedError extends ChainUnreachableError {
  override readonly code = 'PORTAL_UNREACHABLE';
}

/** What goes wrong between two good answers of a portal: each kind is borne so often. */
export class PortalTrouble {
  readonly #client: PortalClient;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #counts: Record<PortalErrorClass, number> = {
    away: 0,
    busy: 0,
    malformed: 0,
    fork: 0,
    disproved: 0,
    refused: 0,
  };

  constructor(client: PortalClient, clock: Clock, logger: Logger) {
    this.#client = client;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Waits until it is worth while to ask again for blocks, or for the newest final one (null). Throws PortalFailedError
   * where it is not any more, and what is no PortalError.
   */
  async bear(wanted: BlockRange | null, error: unknown, signal: AbortSignal): Promise<void> {
    if (!(error instanceof PortalError)) throw error;
    const count = ++this.#counts[error.class];
    const most = error.class === 'away' && !this.#client.hasAnswered ? borneAtFirst : borne[error.class];
    if (count > most) throw this.#failed(error);
    const isNews = count === 1 && error.class !== 'busy';
    const what = wanted === null ? 'tell its newest final block' : `give blocks ${wanted.from} to ${wanted.to}`;
    const message = `the portal ${this.#client.host} does not ${what}, trying again: ${error.message}`;
    this.#logger.log(isNews ? 'warn' : 'debug', message, { event: 'portal.retry', ...wanted });
    const waitMs = Math.min(longestPauseMs, error.retryAfterMs ?? backoffMs(count, backoff));
    // Whoever is asked too often, or too much, wants to be left alone by all.
    if (error.class === 'busy') this.#client.pause(waitMs);
    else await this.#clock.sleep(waitMs, signal);
  }

  #failed(cause: PortalError): PortalFailedError {
    const isWrong = ['malformed', 'fork', 'disproved'].includes(cause.class);
    const what = isWrong ? 'is not to be believed' : "can't be used";
    return new PortalFailedError(`the portal ${this.#client.host} ${what}: ${cause.message}`, {
      cause,
      hint: 'try again later, name another portal by --portal-url, or read from a node: set an RPC URL by --rpc-url, and history: rpc in the definition',
    });
  }
}
