/** How a server states in its headers what it allows. */
export type RateStyle =
  'three headers' | 'one header' | 'structured' | 'x- and seconds' | 'x- and a unix time' | 'x- and a unit';

export interface RateRules {
  readonly limit: number;
  readonly windowMs: number;
  readonly style: RateStyle;
  /** Count the latest `windowMs`, instead of windows that follow each other. */
  readonly isSliding?: boolean;
}

/** Counts requests in windows, as servers do that limit them, and states in headers what is left. */
export class RateCounter {
  readonly #rules: RateRules;
  /** When the requests of the window came, the oldest first, by the clock of whoever counts, in milliseconds. */
  #taken: number[] = [];
  #begins = Number.NEGATIVE_INFINITY;

  constructor(rules: RateRules) {
    this.#rules = rules;
  }

  /** Counts a request; returns false where there are too many. */
  take(now: number): boolean {
    this.#forget(now);
    if (this.#taken.length >= this.#rules.limit) return false;
    this.#taken.push(now);
    return true;
  }

  /** Returns the headers of an answer; `wall`: the time as it is told, in milliseconds since the Unix epoch. */
  headers(now: number, wall: number): Record<string, string> {
    this.#forget(now);
    const { limit, windowMs, style } = this.#rules;
    const left = String(limit - this.#taken.length);
    const resetMs = Math.round(this.#begins + windowMs - now);
    const reset = String(Math.ceil(resetMs / 1_000));
    const seconds = windowMs / 1_000;
    switch (style) {
      case 'three headers':
        return {
          'ratelimit-limit': `${limit}, ${limit};w=${seconds}`,
          'ratelimit-remaining': left,
          'ratelimit-reset': reset,
        };
      case 'one header':
        return {
          'ratelimit-policy': `${limit};w=${seconds}`,
          ratelimit: `limit=${limit}, remaining=${left}, reset=${reset}`,
        };
      case 'structured':
        return {
          'ratelimit-policy': `"calls";q=${limit};w=${seconds};pk=:YQ==:`,
          ratelimit: `"calls";r=${left};t=${reset}`,
        };
      case 'x- and seconds':
        return { 'x-ratelimit-limit': String(limit), 'x-ratelimit-remaining': left, 'x-ratelimit-reset': reset };
      case 'x- and a unix time':
        return {
          date: new Date(wall).toUTCString(),
          'x-ratelimit-limit': String(limit),
          'x-ratelimit-remaining': left,
          'x-ratelimit-reset': String(Math.ceil((wall + resetMs) / 1_000)),
        };
      case 'x- and a unit': {
        const unit = windowMs === 1_000 ? 'second' : 'minute';
        return { [`x-ratelimit-limit-${unit}`]: String(limit), [`x-ratelimit-remaining-${unit}`]: left };
      }
    }
  }

  #forget(now: number): void {
    const { windowMs, isSliding = false } = this.#rules;
    if (isSliding) {
      this.#taken = this.#taken.filter((at) => now - at < windowMs);
      this.#begins = this.#taken[0] ?? now;
    } else if (now - this.#begins >= windowMs) {
      this.#taken = [];
      this.#begins = this.#begins === Number.NEGATIVE_INFINITY ? now : now - ((now - this.#begins) % windowMs);
    }
  }
}
