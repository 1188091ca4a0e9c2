import type { Bell } from '../../runtime/bell.js';
import type { Clock } from '../../runtime/clock.js';

/** How long a commit waits for sinks at most, in milliseconds. */
const mostMs = 250;

/** A sink as commits see it. */
export interface PacedSink {
  /** The version up to which it is being told; null: it is at rest, away or paused. */
  readonly tellsUpTo: number | null;
  /** How many batches it was handed, and took. */
  readonly taken: number;
}

export interface CommitPaceParts {
  readonly sinks: readonly PacedSink[];
  /** Says whether so much came since a version that little more can be kept of it. */
  readonly isFarBehind: (version: number) => boolean;
  /** Rings when a sink has moved. */
  readonly moves: Bell;
  readonly clock: Clock;
  /** Aborted when nothing must be waited for any more. */
  readonly signal: AbortSignal;
}

/**
 * Has commits wait a little for sinks that nearly keep up: what the run still remembers costs a sink a fraction of what
 * reading it back does, and one that has once fallen behind reads everything back to the end of the history. One that is
 * slower falls behind all the same, one that stands still holds up one commit, and what lives on the newest blocks waits
 * for nobody: so little comes there that all of it is remembered.
 */
export class CommitPace {
  readonly #parts: CommitPaceParts;
  /** Those that took nothing while a commit waited for them, and what they had taken by then. */
  readonly #stuck = new Map<PacedSink, number>();

  constructor(parts: CommitPaceParts) {
    this.#parts = parts;
  }

  /** Resolves when the next commit may follow the one before it. */
  async keep(): Promise<void> {
    const { sinks, clock, moves, signal } = this.#parts;
    const awaited = sinks.filter((sink) => this.#isFarBehind(sink) && this.#stuck.get(sink) !== sink.taken);
    if (awaited.length === 0) return;
    const before = new Map(awaited.map((sink) => [sink, sink.taken]));
    const until = clock.monotonic() + mostMs;
    for (let ms = mostMs; awaited.some((sink) => this.#isFarBehind(sink)); ms = until - clock.monotonic()) {
      if (ms > 0 && (await moves.ringsWithin(moves.rings, { clock, ms, signal }))) continue;
      for (const [sink, taken] of before) if (sink.taken === taken) this.#stuck.set(sink, taken);
      return;
    }
  }

  #isFarBehind({ tellsUpTo }: PacedSink): boolean {
    return tellsUpTo !== null && this.#parts.isFarBehind(tellsUpTo);
  }
}
