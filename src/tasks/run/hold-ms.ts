/** For how long each other task of a process makes one hold back an empty commit, and for how long at most, in milliseconds. */
const holdMsPerTask = 15;
const longestHoldMs = 120_000;
/** What was held back goes at moments that are so far apart, in milliseconds: a database takes together what comes together. */
const togetherMs = 500;

/**
 * Returns for how long a task to which blocks say nothing may hold its checkpoint back from now on, by the monotonic clock: a process moves
 * those of some hundred a second, however many it has, and not all of a chain at once. One that is alone moves it with each block.
 */
export function holdMsOf(tasks: number, now: number, random: () => number = Math.random): number {
  const holdMs = Math.min(longestHoldMs, (tasks - 1) * holdMsPerTask) * (0.5 + random() / 2);
  // Few tasks have little to send together, and need not wait for it.
  return holdMs < 4 * togetherMs ? holdMs : Math.ceil((now + holdMs) / togetherMs) * togetherMs - now;
}
