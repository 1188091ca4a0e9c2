/** How long a call counts, and how finely that is told, in milliseconds. */
const countedMs = 60_000;
const slotMs = 5_000;

interface Slot {
  readonly at: number;
  calls: number;
  refused: number;
}

/** The share of the last minute's calls that were refused. Times are those of one monotonic clock, in milliseconds. */
export class RefusedShare {
  #slots: Slot[] = [];

  /** A call was answered, or refused. */
  count(isRefused: boolean, now: number): void {
    const at = now - (now % slotMs);
    let slot = this.#slots.at(-1);
    if (slot?.at !== at) {
      slot = { at, calls: 0, refused: 0 };
      this.#slots = [...this.#slots.filter((old) => at - old.at < countedMs), slot];
    }
    slot.calls++;
    if (isRefused) slot.refused++;
  }

  /** From 0 to 1, in hundredths; 0 where nothing was called. */
  share(now: number): number {
    const counted = this.#slots.filter(({ at }) => now - at < countedMs + slotMs);
    const sum = (of: (slot: Slot) => number): number => counted.reduce((total, slot) => total + of(slot), 0);
    const calls = sum((slot) => slot.calls);
    return calls === 0 ? 0 : Math.round((100 * sum((slot) => slot.refused)) / calls) / 100;
  }
}
