/** A column whose value some rows could not have. */
export interface Loss {
  readonly column: string;
  /** It is NULL in those rows; false: the table has none of that name which could hold the value. */
  readonly isThere: boolean;
  readonly count: number;
  /** The first message that is meant. */
  readonly id: string;
}

/** Counts the values that rows could not have. */
export class Losses {
  readonly #losses = new Map<string, Loss>();

  get all(): readonly Loss[] {
    return [...this.#losses.values()];
  }

  add(column: string, id: string, isThere = true): void {
    const known = this.#losses.get(column) ?? { column, isThere, count: 0, id };
    this.#losses.set(column, { ...known, count: known.count + 1 });
  }
}
