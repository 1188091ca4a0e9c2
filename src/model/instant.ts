/** Returns an instant as a database writes it in milliseconds; its offset from UTC is fixed, so UTC's arithmetic serves. */
export function instantToMs(instant: string): number {
  return Date.parse(`${instant.slice(0, 19).replace(' ', 'T')}Z`);
}

/** Adds seconds to an instant as a database writes it. */
export function addSeconds(instant: string, seconds: number): string {
  const at = instantToMs(instant) + seconds * 1_000;
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

/** Returns an instant as a database writes it, in an offset from UTC such as `+08:00`, in milliseconds since 1970. */
export function instantToUtcMs(instant: string, offset: string): number {
  return instantToMs(instant) + offsetMs(offset);
}

/** Returns milliseconds since 1970 as a database writes an instant in an offset from UTC. */
export function utcMsToInstant(ms: number, offset: string): string {
  return addSeconds(new Date(ms - offsetMs(offset)).toISOString(), 0);
}

/** Milliseconds from midnight in UTC to midnight in the offset. */
function offsetMs(offset: string): number {
  return Date.parse(`1970-01-01T00:00:00${offset}`);
}

/** Says whether a text such as `2024-02-29` names a day of the calendar; by itself JavaScript reads 2024-02-30 as the 1st of March. */
export function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) && date.getUTCFullYear() >= 1000;
}
