import type { Bell } from '../../runtime/bell.js';
import type { Clock } from '../../runtime/clock.js';

/** How many runs are ended at a time, and for how long, in milliseconds, the next ones wait for one of them. */
const endingTogether = 32;
const longestTurnMs = 100;

interface Ending {
  readonly clock: Clock;
  /** Each ends a run; it is gone once that has ended. */
  readonly runs: ReadonlySet<AbortController>;
  /** Rings when one has ended. */
  readonly ends: Bell;
  readonly reason: unknown;
}

/**
 * Ends all runs of a process, some at a time: those that come first are handed over for good while others go on. Thousands at once would all
 * be half done when the time is over that a process has. Who takes long holds the others up for a moment only.
 */
export async function endInTurns({ clock, runs, ends, reason }: Ending): Promise<void> {
  let ending: AbortController[] = [];
  for (const run of runs) {
    const heard = ends.rings;
    run.abort(reason);
    ending = [...ending, run].filter((each) => runs.has(each));
    if (ending.length < endingTogether) continue;
    if (!(await ends.ringsWithin(heard, { clock, ms: longestTurnMs }))) ending = [];
  }
}
