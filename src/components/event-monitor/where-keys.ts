import { z } from 'zod';
import { argumentPaths, findArgument } from '../../chain/abi/argument-path.js';
import { compileWhere } from '../../chain/abi/compile-where.js';
import { expectationOf, toComparable } from '../../chain/abi/comparable.js';
import type { AbiType } from '../../chain/abi/abi-type.js';
import { typeName } from '../../chain/abi/abi-type.js';
import { numberOperators, operators } from '../../chain/abi/where.js';
import type { Comparisons, Operator, Where } from '../../chain/abi/where.js';
import type { AbiFragment } from '../../model/pipeline.js';
import { nearest } from '../../runtime/nearest.js';
import { isMapping } from '../keys/together.js';

/** The key `where`: what must hold of arguments, by their paths. */
export function whereKey() {
  return z.record(z.string(), z.unknown()).optional();
}

type Written = Readonly<Record<string, unknown>>;
type Path = readonly PropertyKey[];
type Tell = (path: Path, message: string, hint?: string) => void;

/** One comparison as it is written, and where. */
interface WrittenComparison {
  readonly operator: Operator;
  readonly value: unknown;
  readonly path: Path;
}

/** Tells all that is wrong with what is written under `where`, by the events that are monitored. */
export function checkWhere(where: Written, events: readonly AbiFragment[], tell: Tell): void {
  let problems = 0;
  const count: Tell = (path, ...message) => {
    problems += 1;
    tell(['where', ...path], ...message);
  };
  if (Object.keys(where).length === 0) count([], 'names no argument', 'leave it out, or write args.NAME: VALUE');
  for (const [path, written] of Object.entries(where)) checkArgument(path, written, events, count);
  if (problems > 0 || events.some((event) => compileWhere(event, toWhere(where)) !== null)) return;
  tell(['where'], 'fits no event: none that is monitored has all of these arguments, of types that the values fit');
}

/** Returns conditions in the form in which they are stored. */
export function toWhere(where: Written): Where {
  const entries = Object.entries(where).map(([path, written]): [string, Comparisons] => {
    const comparisons = comparisonsIn(written, path);
    return [path, Object.fromEntries(comparisons.map(({ operator, value }) => [operator, toTexts(value)]))];
  });
  return Object.fromEntries(entries);
}

function checkArgument(path: string, written: unknown, events: readonly AbiFragment[], tell: Tell): void {
  const types = events.flatMap((event) => findArgument(event, path)?.type ?? []);
  if (types.length === 0) {
    const known = events.flatMap(argumentPaths);
    const closest = nearest(path.startsWith('args.') ? path : `args.${path}`, known);
    const tail = closest === undefined ? '' : `; the nearest is ${closest}`;
    tell([path], `no event that is monitored has this argument${tail}`);
  }
  for (const [key, place] of unknownOperators(written, path)) {
    tell(
      place,
      `unknown operator; the nearest known one is ${nearest(key, operators) ?? 'eq'}`,
      `known are ${operators.join(', ')}`,
    );
  }
  if (isMapping(written) && Object.keys(written).length === 0) tell([path], 'compares with nothing');
  for (const comparison of comparisonsIn(written, path)) checkComparison(comparison, types, tell);
}

function checkComparison({ operator, value, path }: WrittenComparison, types: readonly AbiType[], tell: Tell): void {
  if (value === null) {
    tell(path, 'must have a value');
    return;
  }
  if (Array.isArray(value) !== (operator === 'in')) {
    if (operator === 'in') tell(path, 'must be a list');
    else tell(path, 'must be one value', 'a list stands without an operator, or behind in');
    return;
  }
  const values = [value].flat() as readonly unknown[];
  if (values.length === 0) tell(path, 'must list at least 1');
  const [type] = types;
  if (type === undefined) return;
  if (numberOperators.has(operator) && !types.some(isNumber)) {
    tell(
      path,
      `${operator} compares numbers, and this is ${typeName(type)}`,
      'eq, ne and in compare values of any type',
    );
    return;
  }
  values.forEach((each, at) => {
    const problem = problemOf(each, types);
    if (problem !== null) tell(operator === 'in' ? [...path, at] : path, ...problem);
  });
}

/** A value must fit the argument of one event at least: the others can't fit, then. */
function problemOf(value: unknown, types: readonly AbiType[]): [message: string, hint: string | undefined] | null {
  const text = toText(value);
  if (text !== undefined && types.some((type) => toComparable(type, text) !== undefined)) return null;
  const type = types.find((each) => expectationOf(each) !== null);
  if (type === undefined) {
    return [
      `is of a type that can't be compared as a whole, ${types.map(typeName)[0] ?? ''}`,
      'name a part of it: args.NAME.PART',
    ];
  }
  const isLost = Number.isInteger(value) && !Number.isSafeInteger(value);
  const isPlain = typeof value === 'number' || typeof value === 'bigint';
  const isUnquoted = isLost || (isPlain && !isNumber(type) && type.kind !== 'bool');
  return [`must be ${expectationOf(type) ?? ''}`, isUnquoted ? 'quote it' : undefined];
}

/** A value alone must be equal, a list names all that may be. */
function comparisonsIn(written: unknown, path: string): readonly WrittenComparison[] {
  if (!isMapping(written)) return [{ operator: Array.isArray(written) ? 'in' : 'eq', value: written, path: [path] }];
  return operators
    .filter((operator) => Object.hasOwn(written, operator))
    .map((operator) => ({ operator, value: written[operator], path: [path, operator] }));
}

function unknownOperators(written: unknown, path: string): readonly (readonly [string, Path])[] {
  if (!isMapping(written)) return [];
  const unknown = Object.keys(written).filter((key) => !(operators as readonly string[]).includes(key));
  return unknown.map((key) => [key, [path, key]]);
}

function toTexts(value: unknown): string | readonly string[] {
  if (Array.isArray(value)) return value.map((each) => toText(each) ?? '');
  return toText(value) ?? '';
}

/** Whole numbers lose no digit in a text; others can't be what is meant. */
function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

function isNumber({ kind }: AbiType): boolean {
  return kind === 'uint' || kind === 'int';
}
