import { instantToMs, isDay } from '../../model/instant.js';
import { UsageError } from '../../runtime/errors.js';

const units: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3_600, d: 86_400 };
const defaultSeconds = 3_600;
const longestSeconds = 366 * 86_400;

/** The clocks that an end may be told by. */
export interface MuteClocks {
  /** The database's, in its time zone. */
  readonly databaseTime: () => Promise<string>;
  /** This computer's, in milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Returns for how many seconds something is muted: `--for 2h`, or `--until` an instant in the database's time zone, or one
 * with its offset; an hour where neither is given. Throws UsageError.
 */
export async function muteSeconds(
  options: { readonly for?: string; readonly until?: string },
  clocks: MuteClocks,
): Promise<number> {
  if (options.for !== undefined && options.until !== undefined) throw new UsageError('give --for or --until, not both');
  if (options.until !== undefined) return untilSeconds(options.until, clocks);
  return options.for === undefined ? defaultSeconds : forSeconds(options.for);
}

function forSeconds(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*(s|m|min|h|d)$/.exec(text) ?? [];
  const seconds = Math.round(Number(amount) * (units[unit] ?? 0));
  if (seconds >= 1 && seconds <= longestSeconds) return seconds;
  throw new UsageError(`--for '${text}' is no time of up to a year`, { hint: 'write 30min, 2h or 7d' });
}

async function untilSeconds(text: string, { databaseTime, now }: MuteClocks): Promise<number> {
  const form = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  const hasZone = form?.[3] !== undefined;
  const at = hasZone
    ? Date.parse(text.replace(' ', 'T'))
    : instantToMs(text.length === 10 ? `${text}T00:00:00` : padded(text));
  if (form === null || Number.isNaN(at)) {
    const hint = "write 2024-01-15T10:00 (the database's time zone) or 2024-01-15T10:00:00Z";
    throw new UsageError(`--until '${text}' is no instant`, { hint });
  }
  if (!isDay(text.slice(0, 10))) throw new UsageError(`--until '${text}' is no day of the calendar`);
  const seconds = Math.ceil((at - (hasZone ? now : instantToMs(await databaseTime()))) / 1_000);
  if (seconds >= 1 && seconds <= longestSeconds) return seconds;
  throw new UsageError(`--until '${text}' is not within the year that begins now`);
}

function padded(text: string): string {
  return text.length === 16 ? `${text}:00` : text;
}
