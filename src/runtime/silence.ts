/** So many beats may be missing before anybody doubts that their sender lives. */
export const toleratedBeats = 3;

/** A sign of life that lies further ahead of the database's clock says nothing: another time zone, or a clock that was set. */
export const toleratedAheadSeconds = 5;

/** Returns how long, in the unit of `interval`, whoever beats so often may be silent; also the shortest timeout there is. */
export function silenceLimit(interval: number): number {
  return toleratedBeats * interval;
}

/**
 * Says whether an age in whole seconds is surely above a limit. Of two instants that are cut to whole seconds an age may
 * read up to one second too high.
 */
export function isSurelyOver(ageSeconds: number, limitSeconds: number): boolean {
  return ageSeconds >= limitSeconds + 1;
}

/** Returns how old a sign of life is, in seconds; null where nobody knows, for it lies ahead of the database's clock. */
export function knownAge(ageSeconds: number): number | null {
  return ageSeconds < -toleratedAheadSeconds ? null : Math.max(0, ageSeconds);
}

/** Says whether whoever beats every so many seconds has been silent for surely longer than three of its beats. */
export function isSilentFor(silentSeconds: number, intervalSeconds: number): boolean {
  return isSurelyOver(silentSeconds, silenceLimit(intervalSeconds));
}
