/** The offsets that MySQL takes as a time zone, in minutes. */
const least = -(13 * 60 + 59);
const most = 14 * 60;

/** Reads an offset from UTC (`+08:00`; `Z` and `UTC` for `+00:00`); null where it is none that a server takes. */
export function parseUtcOffset(text: string): string | null {
  if (/^(?:z|utc)$/i.test(text)) return '+00:00';
  const parts = /^([+-])(\d\d):([0-5]\d)$/.exec(text);
  if (parts === null) return null;
  const minutes = (Number(parts[2]) * 60 + Number(parts[3])) * (parts[1] === '-' ? -1 : 1);
  if (minutes < least || minutes > most) return null;
  // Servers know no -00:00.
  return minutes === 0 ? '+00:00' : text;
}
