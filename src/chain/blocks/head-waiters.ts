import { abortable } from '../../runtime/abortable.js';
import type { Clock } from '../../runtime/clock.js';

/** How many are woken at a time: thousands that take each step together would keep all that they make for a step until all have taken it. */
const wokenTogether = 16;

/** Who waits for the same news, each in a hurry of its own. */
export class HeadWaiters<T> {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiter<T>>();
  /** How often something was told. */
  #told = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** How long the one in the greatest hurry would let pass between two looks, in milliseconds; Infinity for nobody. */
  get pollMs(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { pollMs } of this.#waiting) least = Math.min(least, pollMs);
    return least;
  }

  /** Waits for what is news to it; throws what `fail` is given, or the signal's reason as soon as it is aborted. */
  join({ pollMs, isNews }: Pick<Waiter<T>, 'pollMs' | 'isNews'>, signal: AbortSignal): Promise<T> {
    return abortable<T>(signal, (resolve, reject) => {
      const waiter = { pollMs, isNews, resolve, reject };
      this.#waiting.add(waiter);
      return () => this.#waiting.delete(waiter);
    });
  }

  /**
   * Gives what is told to all to whom it is news: those wait no more. Some go on before others are woken; resolves when all have been,
   * or when something newer is told, which is for those that are left.
   */
  async tell(told: T): Promise<void> {
    const turn = ++this.#told;
    let woken = 0;
    for (const waiter of [...this.#waiting]) {
      // It may have left meanwhile.
      if (!this.#waiting.has(waiter) || !this.#wakes(waiter, told) || ++woken % wokenTogether !== 0) continue;
      await this.#clock.sleep(0);
      if (turn !== this.#told) return;
    }
  }

  #wakes(waiter: Waiter<T>, told: T): boolean {
    try {
      if (!waiter.isNews(told)) return false;
      waiter.resolve(told);
    } catch (error) {
      waiter.reject(error as Error);
    }
    return this.#waiting.delete(waiter);
  }

  /** Has all throw. */
  fail(error: Error): void {
    for (const waiter of this.#waiting) waiter.reject(error);
    this.#waiting.clear();
  }
}

interface Waiter<T> {
  readonly pollMs: number;
  /** Says of what is told whether it need be woken. */
  readonly isNews: (told: T) => boolean;
  readonly resolve: (news: T) => void;
  readonly reject: (error: Error) => void;
}
