import type { JsonValue } from '../../model/event-message.js';

/** Writes a value as the older program does, which is Python's way: `True`, `None`, `[1, 2]`, `{'a': 1}`. */
export function pythonText(value: JsonValue): string {
  return typeof value === 'string' ? value : inner(value);
}

function inner(value: JsonValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return quoted(value);
  // A whole number has no exponent.
  if (typeof value === 'number') return String(Number.isInteger(value) ? BigInt(value) : value);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(inner).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, each]) => `${quoted(key)}: ${inner(each)}`)
    .join(', ')}}`;
}

function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
  return `${mark}${escaped.replaceAll(mark, `\\${mark}`)}${mark}`;
}
