import type { Logger } from '../../../runtime/logger.js';
import type { PooledEndpoint } from './pooled-endpoint.js';

/** So many calls a second less than nobody asks for are worth a word, once they are refused so often. */
const worthAWord = 0.01;
/** How long an endpoint must be throttled, or not be, before that is told, in milliseconds. */
const settledMs = 5_000;

/** Returns what slows an endpoint down, in words; null where nothing does. */
export function throttleText(perSecond: number | null, refusedShare: number): string | null {
  if (perSecond === null) return null;
  const calls = perSecond < 10 ? perSecond : Math.round(perSecond);
  const often = refusedShare < worthAWord ? '' : ` (refused ${Math.round(refusedShare * 100)} % of the last minute)`;
  return `${calls} calls/s allowed after 429${often}`;
}

/** Tells the log when an endpoint begins to be asked less than it might be, and when that is over. */
export class ThrottleTeller {
  readonly #logger: Logger;
  /** Whether it was throttled when it was told last, and since when it has been the other way. */
  readonly #told = new Map<PooledEndpoint, { isThrottled: boolean; otherSince: number | null }>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Looks at an endpoint at a time of its monotonic clock, in milliseconds. */
  look(endpoint: PooledEndpoint, now: number): void {
    const known = this.#told.get(endpoint) ?? { isThrottled: false, otherSince: null };
    this.#told.set(endpoint, known);
    const isThrottled = endpoint.rate.perSecond < Number.POSITIVE_INFINITY && endpoint.refused.share(now) > 0;
    if (isThrottled === known.isThrottled) {
      known.otherSince = null;
      return;
    }
    known.otherSince ??= now;
    if (now - known.otherSince < settledMs) return;
    Object.assign(known, { isThrottled, otherSince: null });
    this.#tell(endpoint, isThrottled, now);
  }

  #tell({ name, rate, refused }: PooledEndpoint, isThrottled: boolean, now: number): void {
    const fields = { host: name, refused_share: refused.share(now) };
    if (!isThrottled) {
      this.#logger.log('info', `${name}: nothing was refused for a minute`, {
        event: 'rpc.throttle_over',
        ...fields,
      });
      return;
    }
    const perSecond = Math.round(rate.perSecond * 10) / 10;
    const message = `${name}: ${throttleText(perSecond, fields.refused_share)}`;
    this.#logger.log('warn', message, { event: 'rpc.throttled', ...fields, max_per_second: perSecond });
  }
}
