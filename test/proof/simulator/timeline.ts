/** Something that happens at an instant of virtual time; it may talk to a real server, and is waited for. */
type Happening = () => void | Promise<void>;

interface Entry {
  readonly at: number;
  /** Breaks ties, at random: what happens at one instant may happen in any order. */
  readonly tie: number;
  readonly happen: Happening;
}

/** So many happenings are no schedule any more, but something that runs in a circle. */
const most = 50_000;

/** Virtual time, in milliseconds from 0: it jumps from one happening to the next. */
export class Timeline {
  readonly #random: () => number;
  /** Latest first. */
  readonly #entries: Entry[] = [];
  #now = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  get now(): number {
    return this.#now;
  }

  /** Plans a happening `delayMs` from now; returns how to take it off the plan. */
  after(delayMs: number, happen: Happening): () => void {
    const entry = { at: this.#now + Math.max(0, delayMs), tie: this.#random(), happen };
    let index = this.#entries.length;
    while (index > 0 && isBefore(this.#entries[index - 1]!, entry)) index--;
    this.#entries.splice(index, 0, entry);
    return () => {
      const at = this.#entries.indexOf(entry);
      if (at >= 0) this.#entries.splice(at, 1);
    };
  }

  /** Lets happen what is planned, one by one, until `isOver` says so; every promise settles in between. */
  async run(isOver: () => boolean): Promise<void> {
    await turn();
    for (let count = 1; !isOver(); count++) {
      if (count > most) throw new Error(`more than ${most} happenings by ${this.#now} ms`);
      const entry = this.#entries.pop();
      if (entry === undefined) return;
      this.#now = entry.at;
      await entry.happen();
      await turn();
    }
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.tie < b.tie);
}

/**
 * Resolves when every promise that can settle without I/O has settled: a tick comes after all of them. The second one is
 * for what the first has set going.
 */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(() => queueMicrotask(() => process.nextTick(resolve)));
  });
}
