import { isDeepStrictEqual } from 'node:util';
import { RE2JS } from 're2js';
import type { JsonValue } from '../../model/event-message.js';
import { parsePath, valueAt } from '../seam/field-path.js';
import type { Fields } from '../seam/field-path.js';
import { pythonText } from './python-text.js';

/** When a rule holds, as its definition says. */
export interface ConditionConfig {
  readonly type: string;
  readonly field: string | null;
  readonly value: JsonValue;
}

type Test = (found: JsonValue | undefined, value: JsonValue) => boolean;

const tests: Readonly<Record<string, Test>> = {
  equals: (found, value) => isSame(found ?? null, value),
  not_equals: (found, value) => !isSame(found ?? null, value),
  greater_than: (found, value) => isBetween(value, found),
  less_than: (found, value) => isBetween(found, value),
  contains,
  not_contains: (found, value) => !contains(found, value),
  exists: (found) => found !== undefined && found !== null,
  not_exists: (found) => found === undefined || found === null,
};

/** Compiles a condition; throws where its pattern is no regular expression. */
export function compileCondition({ type, field, value }: ConditionConfig): (fields: Fields) => boolean {
  const test = type === 'regex' ? matches(value) : Object.hasOwn(tests, type) ? tests[type] : undefined;
  if (test === undefined || field === null) return () => true;
  const path = parsePath(field);
  return (fields) => test(valueAt(fields, path), value);
}

/** A number is not a text of the same digits. */
function isSame(a: JsonValue, b: JsonValue): boolean {
  return isNumber(a) && isNumber(b) ? !(a < b) && !(b < a) : isDeepStrictEqual(a, b);
}

/** Numbers are compared with numbers, texts with texts. */
function isBetween(less: JsonValue | undefined, more: JsonValue | undefined): boolean {
  if (isNumber(less) && isNumber(more)) return less < more;
  return typeof less === 'string' && typeof more === 'string' && less < more;
}

function isNumber(value: JsonValue | undefined): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function contains(found: JsonValue | undefined, value: JsonValue): boolean {
  if (typeof found === 'string') return typeof value === 'string' && found.includes(value);
  return Array.isArray(found) && (found as readonly JsonValue[]).some((each) => isSame(each, value));
}

/** At the start of texts, by an engine whose time grows with the text alone: a pattern of a definition can't hang a run. */
function matches(pattern: JsonValue): Test {
  const compiled = RE2JS.compile(pythonText(pattern));
  return (found) => typeof found === 'string' && compiled.matcher(found).lookingAt();
}
