import type { JsonValue } from '../../model/event-message.js';

/** The fields of a message, by name. */
export type Fields = ReadonlyMap<string, JsonValue>;

/** A way to a value: names of members, and positions in lists. */
export type FieldPath = readonly (string | number)[];

/** Reads a path of dots and `[n]`, such as `args.path[1].token`; what is in brackets and is no position leads nowhere. */
export function parsePath(text: string): FieldPath {
  return text.split('.').flatMap((part) => {
    const [, name = part, positions = ''] = /^([^[]*)((?:\[\d+\])+)$/.exec(part) ?? [];
    const steps = [...positions.matchAll(/\[(\d+)\]/g)].map(([, position]) => Number(position));
    return name === '' && steps.length > 0 ? steps : [name, ...steps];
  });
}

/** Returns what a path leads to; undefined where it leads nowhere. */
export function valueAt(fields: Fields, path: FieldPath): JsonValue | undefined {
  const [first, ...rest] = path;
  return rest.reduce<JsonValue | undefined>(step, typeof first === 'string' ? fields.get(first) : undefined);
}

function step(value: JsonValue | undefined, part: string | number): JsonValue | undefined {
  if (typeof part === 'number') return Array.isArray(value) ? (value as readonly JsonValue[])[part] : undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, part) ? (value as Readonly<Record<string, JsonValue>>)[part] : undefined;
}
