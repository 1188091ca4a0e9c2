/** What a round of requests was like. */
export interface Round {
  /** The share of them that was refused. */
  readonly share: number;
  readonly requests: number;
  /** How many were answered a second. */
  readonly answers: number;
  /** How many a second there might have been. */
  readonly rate: number;
}

/** What a round showed: fewer should be asked, or as many as before a lower rate was tried in vain, or nothing of the kind. */
export type RoundVerdict = 'too many' | 'noise' | null;

/** Fewer refusals than this share, beyond those that come at any rate, need no explanation. */
const negligible = 0.02;
/** How far above what is expected a number is no news, in its standard deviations. */
const surprise = 1.5;
/** Of so many requests a share tells something. */
const enough = 30;
/** The highest share that may have nothing to do with the rate: whoever refuses most requests means it. */
const mostNoise = 0.35;
/** Less than this of the share that was refused before: the lower rate has helped. */
const helped = 0.4;
/** What may be left of the answers within a second where the rate was lowered, and made no difference. */
const fallen = 0.85;
/** So many lower rates in a row that change nothing are enough. */
const triesNeeded = 3;
/** The share of what is found now in what is remembered of refusals at any rate. */
const news = 0.1;
/** How far above what was found it may rise. */
const mostRise = 1.3;

/**
 * Tells refusals that follow from the rate from those that come whatever the rate is: the rate is lowered twice, and the
 * shares of refusals compared. A limit refuses fewer then, chance does not (the experiments of PCC Allegro: Dong et al.,
 * 2015).
 */
export class RateTrial {
  #noise = 0;
  /** What was found of it by a trial. */
  #found = 0;
  /** The share that is refused while it is tried. */
  #share = 0;
  #before = Number.POSITIVE_INFINITY;
  #tries = 0;
  /** What was answered a second before. */
  #answers = 0;

  /** The share of requests that is refused at any rate; 0 where none is known to be. */
  get noise(): number {
    return this.#noise;
  }

  /** True while it is watched what a lower rate brings. */
  get isTrying(): boolean {
    return this.#tries > 0;
  }

  /** The rate before it was lowered to see whether that helps. */
  get before(): number {
    return this.#before;
  }

  judge(round: Round): RoundVerdict {
    const { share, requests } = round;
    if (share > mostNoise) {
      this.#tries = 0;
      return 'too many';
    }
    const expected = requests * (this.#noise + negligible);
    const isNews = share * requests > Math.max(1, expected + surprise * Math.sqrt(expected));
    if (this.isTrying) return this.#watch(round, isNews);
    if (isNews) return this.#begin(round);
    if (requests >= enough) this.#follow(share);
    return null;
  }

  #begin({ share, answers, rate }: Round): RoundVerdict {
    [this.#before, this.#share, this.#answers, this.#tries] = [rate, share, answers, 1];
    return 'too many';
  }

  /** A lower rate was tried. */
  #watch({ share, answers }: Round, isNews: boolean): RoundVerdict {
    if (share < this.#share * helped) {
      this.#tries = 0;
      return null;
    }
    this.#tries++;
    this.#share += (share - this.#share) / this.#tries;
    // What a limit lets through is the same at any rate above it.
    if (this.#tries <= triesNeeded || answers > this.#answers * fallen) return isNews ? 'too many' : null;
    this.#noise = this.#share;
    this.#found = this.#noise;
    this.#tries = 0;
    return 'noise';
  }

  /** It may fall by itself, and rise by a little: a rate that grows must not make it grow on. */
  #follow(share: number): void {
    this.#noise = Math.min(this.#noise + (share - this.#noise) * news, this.#found * mostRise);
    if (this.#noise < negligible) [this.#noise, this.#found] = [0, 0];
  }
}
