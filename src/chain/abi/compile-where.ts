import type { RawLog } from '../../model/event.js';
import type { AbiFragment } from '../../model/pipeline.js';
import type { Alternatives } from '../../model/log-filter.js';
import { findArgument } from './argument-path.js';
import type { ArgumentPlace } from './argument-path.js';
import { toComparable } from './comparable.js';
import { comparisonsOf, numberOperators } from './where.js';
import type { Comparisons, Operator, Where } from './where.js';

/** The conditions of a definition, as they apply to one event. */
export interface EventConditions {
  /** What the topics must be, from the first place of an indexed argument on: what a node can be asked for. */
  readonly indexed: readonly Alternatives[];
  /** Says whether a log of the event fits, and its decoded arguments. */
  passes(log: Pick<RawLog, 'topics'>, argsJson: string): boolean;
}

type TopicTest = (topic: string) => boolean;
type ValueTest = (value: unknown) => boolean;

/** A condition on one value: on its topic, or where it is decoded. */
export interface Condition {
  readonly place: ArgumentPlace;
  readonly operator: Operator;
  readonly values: readonly { readonly shown: string; readonly topic: string | undefined }[];
}

/** Compiles conditions for an event; null where none of its logs can fit: it lacks an argument, or has it in another type. */
export function compileWhere(event: AbiFragment, where: Where): EventConditions | null {
  const conditions = conditionsOf(event, where);
  if (conditions === null) return null;
  const indexed = alternativesOf(conditions, event.anonymous === true ? 0 : 1);
  const isContradiction = indexed.some((values) => values?.length === 0);
  return isContradiction ? null : { indexed, passes: testOf(conditions) };
}

/** Returns what must hold of an event's values; null where it lacks one of them, or has it in another type. */
export function conditionsOf(event: AbiFragment, where: Where): readonly Condition[] | null {
  const conditions: Condition[] = [];
  for (const [path, comparisons] of Object.entries(where)) {
    const place = findArgument(event, path);
    const found = place && conditionsOn(place, comparisons);
    if (found === undefined) return null;
    conditions.push(...found);
  }
  return conditions;
}

/** Undefined where no value of the type can fit. */
function conditionsOn(place: ArgumentPlace, comparisons: Comparisons): readonly Condition[] | undefined {
  const conditions = comparisonsOf(comparisons).map(([operator, texts]): Condition => {
    const values = texts.flatMap((text) => toComparable(place.type, text) ?? []);
    return { place, operator, values };
  });
  const isNumber = place.type.kind === 'uint' || place.type.kind === 'int';
  const fits = conditions.every(
    ({ operator, values }) => values.length > 0 && (isNumber || !numberOperators.has(operator)),
  );
  return fits ? conditions : undefined;
}

/** Conditions that name the values themselves; several on one argument leave what all of them name. */
function alternativesOf(conditions: readonly Condition[], firstTopic: number): readonly Alternatives[] {
  const places: Alternatives[] = [];
  for (const { place, operator, values } of conditions) {
    if (place.topic === null || (operator !== 'eq' && operator !== 'in')) continue;
    const at = place.topic - firstTopic;
    while (places.length <= at) places.push(null);
    const named = [...new Set(values.flatMap(({ topic }) => topic ?? []))];
    const before = places[at];
    places[at] = before ? before.filter((topic) => named.includes(topic)) : named;
  }
  return places;
}

function testOf(conditions: readonly Condition[]): EventConditions['passes'] {
  const topicTests = conditions.flatMap((condition): [number, TopicTest][] =>
    condition.place.topic === null ? [] : [[condition.place.topic, topicTestOf(condition)]],
  );
  const valueTests = conditions
    .filter(({ place }) => place.topic === null)
    .map((condition): [readonly string[], ValueTest] => [condition.place.keys, valueTestOf(condition)]);
  return ({ topics }, argsJson) => {
    if (!topicTests.every(([at, passes]) => passes(topics[at] ?? ''))) return false;
    if (valueTests.length === 0) return true;
    const args: unknown = JSON.parse(argsJson);
    return valueTests.every(([keys, passes]) => passes(valueAt(args, keys)));
  };
}

function topicTestOf({ place, operator, values }: Condition): TopicTest {
  if (!numberOperators.has(operator)) {
    const named = new Set(values.flatMap(({ topic }) => topic ?? []));
    return operator === 'ne' ? (topic) => !named.has(topic) : (topic) => named.has(topic);
  }
  const isRight = orderTest(operator, values[0]?.shown ?? '');
  const isSigned = place.type.kind === 'int';
  return (topic) => isRight(isSigned ? BigInt.asIntN(256, BigInt(topic)) : BigInt(topic));
}

function valueTestOf({ operator, values, place }: Condition): ValueTest {
  if (numberOperators.has(operator)) {
    const isRight = orderTest(operator, values[0]?.shown ?? '');
    return (value) => typeof value === 'string' && isRight(BigInt(value));
  }
  const named = new Set<unknown>(values.map(({ shown }) => (place.type.kind === 'bool' ? shown === 'true' : shown)));
  // Of an item behind the end of an array nothing can be said.
  return operator === 'ne' ? (value) => value !== undefined && !named.has(value) : (value) => named.has(value);
}

function orderTest(operator: Operator, text: string): (value: bigint) => boolean {
  const bound = BigInt(text);
  if (operator === 'gt') return (value) => value > bound;
  if (operator === 'gte') return (value) => value >= bound;
  if (operator === 'lt') return (value) => value < bound;
  return (value) => value <= bound;
}

function valueAt(args: unknown, keys: readonly string[]): unknown {
  let value = args;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}
