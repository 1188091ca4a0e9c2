import type { CompiledEvent } from './compile-event.js';

/** Returns those of the events that are asked for, by name or by full signature; all where `wanted` is null or empty. */
export function matchEvents(
  events: readonly CompiledEvent[],
  wanted: readonly string[] | null,
): readonly CompiledEvent[] {
  if (wanted === null || wanted.length === 0) return events;
  const names = new Set(wanted);
  return events.filter((event) => names.has(event.name) || names.has(event.signature));
}
