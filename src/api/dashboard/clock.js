/** Clocks that differ by less are taken to be alike: a server tells whole seconds, and its answer was on its way. */
const alikeMs = 30_000;

/** How far this computer's clock is ahead of the server's, in milliseconds. */
let aheadMs = 0;

/** Takes the server's time from an answer of its. */
export function noteServerTime(answer) {
  const ahead = Date.now() - Date.parse(answer.headers.get('date'));
  aheadMs = Math.abs(ahead) > alikeMs ? ahead : 0;
}

/** Returns the time by the server's clock, in milliseconds since the epoch: this computer's may be wrong by hours. */
export function serverNow() {
  return Date.now() - aheadMs;
}
