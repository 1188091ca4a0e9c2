import type { CompiledEvent } from './compile-event.js';

type NamedEvent = Pick<CompiledEvent, 'name' | 'signature'>;

/** Returns those of the events that are asked for, by name or by full signature; all where `wanted` is null or empty. */
export function matchEvents<E extends NamedEvent>(
  events: readonly E[],
  wanted: readonly string[] | null,
): readonly E[] {
  if (wanted === null || wanted.length === 0) return events;
  const names = new Set(wanted.map(normalizeEventName));
  return events.filter((event) => names.has(event.name) || names.has(event.signature));
}

/** Brings a name or signature to the form of the ABI: no blanks, and `uint256` and `int256` for `uint` and `int`. */
export function normalizeEventName(text: string): string {
  const bare = text.replace(/\s+/g, '');
  const [name = '', ...types] = bare.split('(');
  return [name, ...types.map((part) => part.replace(/\b(u?int)(?!\d)/g, '$1256'))].join('(');
}
