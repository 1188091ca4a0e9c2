/** Returns an instant as a database writes it in milliseconds; its offset from UTC is fixed, so UTC's arithmetic serves. */
export function instantToMs(instant: string): number {
  return Date.parse(`${instant.slice(0, 19).replace(' ', 'T')}Z`);
}

/** Adds seconds to an instant as a database writes it. */
export function addSeconds(instant: string, seconds: number): string {
  const at = instantToMs(instant) + seconds * 1_000;
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
