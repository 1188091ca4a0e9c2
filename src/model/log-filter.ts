/** Which logs are wanted. Hex is in lower case. */
export interface LogFilter {
  /** null: of any contract. */
  readonly addresses: readonly string[] | null;
  /** Alternatives for the first topic; null: whichever it is, and none. */
  readonly topics: readonly string[] | null;
  /** Alternatives for each of the topics behind it; null: whichever. The last one is none. */
  readonly indexed?: readonly Alternatives[];
  /** What one of these matches is wanted as well; each is asked for by itself. */
  readonly or?: readonly LogFilter[];
}

/** Values of which one must be there; null: whichever is. */
export type Alternatives = readonly string[] | null;
