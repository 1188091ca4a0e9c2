/** What stands for all values beyond the bound. */
export const otherLabel = 'other';

/** The values of one label: each value makes a time series, so that only so many may be told apart. */
export class BoundedLabel {
  readonly #known = new Set<string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Returns the value itself as long as there is room for it, else `other`. */
  of(value: string | number): string {
    const text = String(value);
    if (this.#known.has(text)) return text;
    if (this.#known.size >= this.#limit) return otherLabel;
    this.#known.add(text);
    return text;
  }
}
