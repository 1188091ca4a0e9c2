import type { Progress } from '../model/task.js';

/**
 * Reads the column `progress`; null where it says nothing that can be shown. Programs in other languages write it, too: what one of
 * them has made of it must not keep the tasks of all others from being seen and judged.
 */
export function readProgress(text: string | null): Progress | null {
  const said = text === null ? null : objectIn(text);
  const mode = said?.['mode'];
  if (said === null || (mode !== 'realtime' && mode !== 'historical')) return null;
  const { nextBlock, targetBlock, headBlock, readableBlock, events, lagUnknownSince: since } = said;
  return {
    mode,
    nextBlock: count(nextBlock),
    targetBlock: count(targetBlock),
    headBlock: count(headBlock),
    events: count(events) ?? 0,
    ...(count(readableBlock) === null ? {} : { readableBlock: readableBlock as number }),
    ...(typeof since === 'string' ? { lagUnknownSince: since } : {}),
  };
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
