import { jsonText } from '../../model/event-message.js';
import type { EventMessage, JsonValue } from '../../model/event-message.js';
import { UsageError } from '../../runtime/errors.js';
import { nearest } from '../../runtime/nearest.js';
import type { EventFields, Remark } from '../seam/component.js';
import { parsePath, valueAt } from '../seam/field-path.js';
import { messageValues } from '../seam/message-values.js';

type Write = (message: EventMessage) => string;

const placeholder = /\{([A-Za-z_][\w.[\]]*)\}/g;

/** What every message says of itself, where its data has no field of that name: a mapper keeps only what it names. */
const own: Readonly<Record<string, (message: EventMessage) => JsonValue>> = {
  id: ({ id }) => id,
  op: ({ op }) => op,
  seq: ({ seq }) => seq,
  ...messageValues,
};

function ownValue(path: string, message: EventMessage): JsonValue | undefined {
  return Object.hasOwn(own, path) ? own[path]?.(message) : undefined;
}

/** Returns what writes the JSON of a message: of a body in whose texts `{path}` stands for what the path leads to. */
export function messageBody(body: JsonValue): Write {
  if (typeof body === 'string') return textBody(body);
  if (Array.isArray(body)) return joined((body as readonly JsonValue[]).map(messageBody), '[', ']');
  if (typeof body === 'object' && body !== null) {
    const members = Object.entries(body).map(([key, value]): Write => {
      const write = messageBody(value);
      return (message) => `${JSON.stringify(key)}:${write(message)}`;
    });
    return joined(members, '{', '}');
  }
  const text = jsonText(body);
  return () => text;
}

function joined(parts: readonly Write[], open: string, close: string): Write {
  return (message) => open + parts.map((write) => write(message)).join(',') + close;
}

function textBody(text: string): Write {
  const paths = new Map(pathsIn(text).map((path) => [path, parsePath(path)]));
  return (message) => {
    const { fields } = message.data;
    // A mapper takes the name of a field literally: a dot stays a dot.
    const valueOf = (path: string): JsonValue | undefined =>
      fields.get(path) ?? valueAt(fields, paths.get(path) ?? []) ?? ownValue(path, message);
    return JSON.stringify(text.replace(placeholder, (_all, path: string) => shown(valueOf(path))));
  };
}

function shown(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : jsonText(value);
}

/** Throws UsageError where a body, its variables replaced, names what no event has that reaches the sink. */
export function checkPaths(body: JsonValue, events: readonly EventFields[]): void {
  const [unknown] = unknownPaths(pathsIn(body), events);
  if (unknown !== undefined) throw new UsageError(`body: ${unknown.message}`, { hint: unknown.hint });
}

/** Tells the same of a body in which variables may stand. */
export function bodyProblems(body: JsonValue, events: readonly EventFields[]): readonly Remark[] {
  const paths = pathsIn(body, (text) => text.replaceAll(/\$\{\w+(?=\}|:-)/g, ''));
  return unknownPaths(paths, events).map((unknown) => ({ at: ['body'], ...unknown }));
}

function unknownPaths(
  paths: readonly string[],
  events: readonly EventFields[],
): readonly Pick<Remark, 'message' | 'hint'>[] {
  const names = [...new Set(events.flatMap(({ fields }) => fields.map(({ name }) => name)))];
  const known = [...names, ...Object.keys(own)];
  const isKnown = (path: string): boolean =>
    known.includes(path) || names.some((name) => leadsInto(name, path) || leadsInto(path, name));
  return [...new Set(paths)]
    .filter((path) => !isKnown(path))
    .map((path) => {
      const closest = nearest(path, known);
      const hint = closest === undefined ? undefined : `the nearest known one is {${closest}}`;
      return { message: `no event that reaches the sink has {${path}}`, hint };
    });
}

function leadsInto(name: string, path: string): boolean {
  return path.startsWith(`${name}.`) || path.startsWith(`${name}[`);
}

function pathsIn(body: JsonValue, plain = (text: string): string => text): readonly string[] {
  if (typeof body === 'string') return [...plain(body).matchAll(placeholder)].map(([, path = '']) => path);
  if (typeof body !== 'object' || body === null) return [];
  return Object.values(body as object).flatMap((each: JsonValue) => pathsIn(each, plain));
}
