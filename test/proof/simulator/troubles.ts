/** A stretch of virtual time, in milliseconds; what has not ended ends at Infinity. */
interface Stretch {
  readonly from: number;
  to: number;
}

/** Who was in trouble and when: processes that could not run or reach the server, the server itself, its clock. */
export class Troubles {
  readonly #stretches = new Map<string, Stretch[]>();

  /** Notes that a trouble begins; returns how to note its end. */
  begin(who: string, now: number): (end: number) => void {
    const stretch = { from: now, to: Infinity };
    const known = this.#stretches.get(who);
    if (known === undefined) this.#stretches.set(who, [stretch]);
    else known.push(stretch);
    return (end) => (stretch.to = end);
  }

  /** Says whether any of them was in trouble at some moment between the two instants, both included. */
  within(whos: readonly string[], from: number, to: number): boolean {
    return whos.some((who) => this.#of(who).some((stretch) => stretch.from <= to && stretch.to >= from));
  }

  /** Returns the first instant, not before `earliest`, with `calmMs` behind it in which none of them was in trouble. */
  firstCalm(whos: readonly string[], calmMs: number, earliest: number): number {
    const stretches = whos.flatMap((who) => this.#of(who)).sort((a, b) => a.from - b.from);
    let calm = earliest;
    for (const { from, to } of stretches) {
      if (from <= calm && to >= calm - calmMs) calm = Math.max(calm, to + calmMs + 1);
    }
    return calm;
  }

  #of(who: string): readonly Stretch[] {
    return this.#stretches.get(who) ?? [];
  }
}
