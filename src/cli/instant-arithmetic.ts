/** Adds seconds to an instant without a zone, `2024-01-15T10:00:00`; its offset is fixed, so UTC's arithmetic serves. */
export function addSeconds(instant: string, seconds: number): string {
  return new Date(toMs(instant) + seconds * 1_000).toISOString().slice(0, 19);
}

/** Returns the seconds from one instant without a zone to another. */
export function secondsBetween(from: string, to: string): number {
  return (toMs(to) - toMs(from)) / 1_000;
}

function toMs(instant: string): number {
  return Date.parse(`${instant}Z`);
}
