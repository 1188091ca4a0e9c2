/** How a request left: as the how manieth, and how many were in flight with it. */
export interface Departure {
  readonly order: number;
  readonly together: number;
  /** More were in flight for the moment than may be for long, to see whether that is taken. */
  readonly isScout: boolean;
}

/** So many times as many answers as refusals among those that left together: it was chance which were refused. */
const answersOfChance = 2;
/** What is refused within so many rounds is refused for the same reason. */
const roundsOfCrowd = 4;
/** For so many rounds it is not sure whether more will be refused. */
const roundsOfDoubt = 2;

/** Refusals of requests that left one after the other, when more were in flight than is known to go well. */
export class RefusedCrowd {
  /** How many were refused. */
  refused = 0;
  /** How many were in flight with one of them, at least and at most. */
  least = Number.POSITIVE_INFINITY;
  together = 0;
  /** Whether none of them was anything but a scout. */
  isOfScouts = true;
  /** How many answers came in a row before. */
  readonly answeredBefore: number;
  #first = Number.POSITIVE_INFINITY;
  #last = 0;
  /** How many that left with them, and with as many in flight, were answered since something followed. */
  #answered = 0;
  /** Which request was the last one before something followed; null where nothing has. */
  #followedAfter: number | null = null;

  constructor(answeredBefore: number) {
    this.answeredBefore = answeredBefore;
  }

  /** Something has followed from it. */
  get isFollowed(): boolean {
    return this.#followedAfter !== null;
  }

  /** How many are taken at a time, by how many of each round were refused. */
  get taken(): number {
    const rounds = Math.ceil((this.#last - this.#first + 1) / this.together);
    return this.together - Math.ceil(this.refused / rounds);
  }

  /** Says whether one that is refused too is one of them, by when it left. */
  takesIn(order: number): boolean {
    return order <= (this.#followedAfter ?? this.#last + roundsOfCrowd * this.together);
  }

  add({ order, together, isScout }: Departure): void {
    this.#first = Math.min(order, this.#first);
    this.#last = Math.max(order, this.#last);
    this.least = Math.min(together, this.least);
    this.together = Math.max(together, this.together);
    this.refused += 1;
    this.isOfScouts &&= isScout;
  }

  /** Requests up to this one had left when something followed from it. */
  follow(order: number): void {
    this.#followedAfter ??= order;
  }

  /** Says whether more may be refused, of those that left up to now. */
  isDoubtful(order: number): boolean {
    return !this.isFollowed && order <= this.#last + roundsOfDoubt * this.together;
  }

  /** Counts an answer; says whether so many were answered that it was chance which were refused. */
  isContradicted({ order, together }: Departure): boolean {
    if (this.#followedAfter === null || order < this.#first || order > this.#followedAfter) return false;
    if (together < this.least) return false;
    this.#answered += 1;
    return this.#answered >= answersOfChance * this.refused;
  }
}
