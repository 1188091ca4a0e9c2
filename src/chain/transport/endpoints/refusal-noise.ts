/** How many calls a share is taken of, and how long they are collected at most, in milliseconds. */
const roundCalls = 40;
const leastCalls = 10;
const roundMs = 5_000;
/** Fewer refusals than this share need no explanation. */
const negligible = 0.05;
/** The highest share that may have nothing to do with the rate: whoever refuses most calls means it. */
export const mostNoise = 0.35;
/** What must be left of the share at 0.7 of the rate: of so many refusals, a limit on the rate would leave a fifth. */
const unmoved = 0.5;
/** What may be left of the answers within a second at 0.7 of the rate. */
const fallen = 0.85;
/** Twice as many refusals as ever, and so much of a share more, are no chance. */
const surprise = 0.1;

interface Round {
  /** The share of calls that were refused. */
  readonly share: number;
  /** Answers within a millisecond. */
  readonly answers: number;
}

/** What a round of calls showed: fewer refusals at a lower rate, as many, or nothing yet. */
export type RoundVerdict = 'helped' | 'asks for less' | 'noise' | null;

/**
 * Tells refusals that follow from the rate from those that come whatever the rate is. The rate is lowered twice, and the
 * share of refusals compared: a limit refuses fewer then, chance does not (the experiments of PCC Allegro: Dong et al.,
 * 2015). Times are those of one monotonic clock, in milliseconds.
 */
export class RefusalNoise {
  /** The share of calls that is refused at any rate. */
  #share = 0;
  /** The first round at a lower rate, of a trial; null where there is no trial. */
  #first: Round | 'awaited' | null = null;
  #answered = 0;
  #refused = 0;
  #since = Number.NEGATIVE_INFINITY;

  /** The share of calls that is refused at any rate; 0 where none is known to be. */
  get share(): number {
    return this.#share;
  }

  /** True while it is watched what a lower rate brings. */
  get isTrying(): boolean {
    return this.#first !== null;
  }

  /** True where so many were refused since the round began that it can't be chance. */
  get isStorm(): boolean {
    return this.#refused >= 3 && this.#refused > this.#answered;
  }

  /** Begins to watch what a lower rate brings. */
  begin(now: number): void {
    if (this.isTrying) return;
    this.#first = 'awaited';
    this.#restart(now);
  }

  /** True where one more refusal is as many as there are at any rate. */
  get isExpected(): boolean {
    if (this.#share === 0) return false;
    const calls = this.#answered + this.#refused;
    return calls < roundCalls / 2 || this.#refused <= calls * (2 * this.#share + surprise);
  }

  /** So many calls were answered, and so many refused; returns what the round showed that ends with them. */
  count(answered: number, refused: number, now: number): RoundVerdict {
    this.#answered += answered;
    this.#refused += refused;
    const calls = this.#answered + this.#refused;
    const isOver = calls >= roundCalls || (calls >= leastCalls && now - this.#since >= roundMs);
    if (!isOver) return null;
    const round = { share: this.#refused / calls, answers: this.#answered / Math.max(1, now - this.#since) };
    this.#restart(now);
    return this.#judge(round);
  }

  #judge(round: Round): RoundVerdict {
    const { share, answers } = round;
    const before = this.#first;
    if (!this.isTrying) {
      // It may fall by itself, and rises by a trial alone: else a rate that grows would make it grow.
      if (share < this.#share / 2) this.#share = share + (this.#share - share) / 2;
      if (this.#share < negligible) this.#share = 0;
      return null;
    }
    this.#first = round;
    if (before === 'awaited' && share > negligible && share <= mostNoise) return 'asks for less';
    this.#first = null;
    if (before === null || before === 'awaited' || share <= negligible || share > mostNoise) return 'helped';
    // What a limit lets through is the same at any rate above it.
    if (share < before.share * unmoved || answers > before.answers * fallen) return 'helped';
    this.#share = (share + before.share) / 2;
    return 'noise';
  }

  #restart(now: number): void {
    this.#answered = 0;
    this.#refused = 0;
    this.#since = now;
  }
}
