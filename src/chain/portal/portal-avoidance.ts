import type { BlockRange } from '../../model/block.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import { PortalError } from './portal-error.js';
import type { PortalFailedError } from './portal-trouble.js';

interface PortalAvoidanceOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** For how long nodes are read instead of a portal that gives nothing, at least, in milliseconds. */
const avoidedMs = 600_000;

/** Whether a run reads nodes instead of its portal, and what it took from there before. */
export class PortalAvoidance {
  readonly #options: PortalAvoidanceOptions;
  /** Until when the portal is not asked, by the monotonic clock. */
  #until = Number.NEGATIVE_INFINITY;
  /** The lowest and the highest block that were taken from it. */
  #taken: BlockRange | null = null;

  constructor(options: PortalAvoidanceOptions) {
    this.#options = options;
  }

  get isOn(): boolean {
    return this.#options.clock.monotonic() < this.#until;
  }

  /** Blocks were taken from the portal. */
  took({ from, to }: BlockRange): void {
    const { from: lowest, to: highest } = this.#taken ?? { from, to };
    this.#taken = { from: Math.min(lowest, from), to: Math.max(highest, to) };
  }

  /** A portal whose answers are wrong is not asked again, one that is away or refuses after a while, or once it wants to be. */
  begin(error: PortalFailedError): void {
    const { clock, logger } = this.#options;
    const cause = error.cause instanceof PortalError ? error.cause : undefined;
    const isWrong = cause !== undefined && ['malformed', 'fork', 'disproved'].includes(cause.class);
    const ms = isWrong ? Number.POSITIVE_INFINITY : Math.max(avoidedMs, cause?.retryAfterMs ?? 0);
    const time = isWrong ? 'as long as this run lasts' : `for ${Math.ceil(ms / 60_000)} min`;
    const taken = cause?.class === 'disproved' ? this.#taken : null;
    const message = `${error.message}: settled blocks are read from the RPC URLs ${time}${taken === null ? '' : mended(taken)}`;
    // Requests that were on their way fail for the same reason, and what is worse is told.
    const isNews = !this.isOn || (isWrong && this.#until < Number.POSITIVE_INFINITY);
    if (isNews) logger.log('warn', message, { event: 'portal.avoided' });
    this.#until = Math.max(this.#until, clock.monotonic() + ms);
  }
}

/** What was stored of a portal that was found out late is only put right by who compares it. */
function mended({ from, to }: BlockRange): string {
  return `; blocks ${from} to ${to} were read from it before and may be wrong, put them right by: chainparse verify ID --from-block ${from} --to-block ${to} --repair`;
}
