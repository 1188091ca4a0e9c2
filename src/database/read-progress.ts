import { addSeconds } from '../model/instant.js';
import type { Progress } from '../model/task.js';
import { toInstant } from './instant.js';

/**
 * Reads the column `progress`; null where it says nothing that can be shown. Programs in other languages write it, too: what one of
 * them has made of it must not keep the tasks of all others from being seen and judged. `beatAt`: when the task beat last, as the
 * database writes it.
 */
export function readProgress(text: string | null, beatAt: string | null = null): Progress | null {
  const said = text === null ? null : objectIn(text);
  const mode = said?.['mode'];
  if (said === null || (mode !== 'realtime' && mode !== 'historical')) return null;
  const { nextBlock, targetBlock, headBlock, readableBlock, events, joined, lagUnknownSeconds, withoutCode } = said;
  const unknownFor = count(lagUnknownSeconds);
  const since = unknownFor === null || beatAt === null ? said['lagUnknownSince'] : secondsBefore(beatAt, unknownFor);
  return {
    mode,
    nextBlock: count(nextBlock),
    targetBlock: count(targetBlock),
    headBlock: count(headBlock),
    events: count(events) ?? 0,
    ...(count(joined) === null ? {} : { joined: joined as number }),
    ...(count(readableBlock) === null ? {} : { readableBlock: readableBlock as number }),
    ...(typeof since === 'string' ? { lagUnknownSince: since } : {}),
    ...(areTexts(withoutCode) ? { withoutCode } : {}),
  };
}

/** What is no instant stays as it is, and so does one before all time. */
function secondsBefore(instant: string, seconds: number): string {
  try {
    return toInstant(addSeconds(instant, -seconds));
  } catch {
    return toInstant(instant);
  }
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
