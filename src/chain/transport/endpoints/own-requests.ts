/** How many windows of requests are remembered, at least: an answer tells of the window in which its request came. */
const windows = 4;

/** When the latest requests left, some windows of them. Times are those of one monotonic clock, in milliseconds. */
export class OwnRequests {
  readonly #limit: number;
  /** The oldest first; more than are looked at, for they are thrown away many at a time. */
  #times: number[] = [];

  constructor(limit: number) {
    this.#limit = Math.max(1, Math.floor(limit));
  }

  sent(requests: number, now: number): void {
    for (let each = 0; each < requests; each++) this.#times.push(now);
    if (this.#times.length > 2 * windows * this.#limit) this.#times = this.#times.slice(-windows * this.#limit);
  }

  /** When one more may leave, so that no more than the limit leave within so many milliseconds. */
  freeAt(windowMs: number): number {
    const first = this.#times[this.#times.length - this.#limit];
    return first === undefined ? Number.NEGATIVE_INFINITY : first + windowMs;
  }

  /** How many left after `from`, up to and at `to`. */
  count(from: number, to: number): number {
    return this.#firstAfter(to) - this.#firstAfter(from);
  }

  #firstAfter(time: number): number {
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] as number) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
