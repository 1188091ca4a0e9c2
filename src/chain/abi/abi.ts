import type { AbiFragment } from '../../model/pipeline.js';
import { UsageError } from '../../runtime/errors.js';
import { isDeeper } from '../../runtime/is-deeper.js';
import { compileEvent, eventSignature } from './compile-event.js';

/** Deeper nesting, of tuples or of arrays, is an attack on the stack: readers of 1,000 levels take seconds to compile. */
const maxDepth = 16;

/** More than any contract has. */
const mostEvents = 1_000;

/** What tables hold of an event's name. */
const longestName = 255;

const identifier = /^[A-Za-z_$][\w$]*$/;

/** What an ABI is wanted for. */
export type AbiUse = 'event' | 'function';

/**
 * Returns the entries of an ABI: a JSON array, or a compiler artifact that has one under `abi`. Throws a UsageError of
 * one line where it is neither, has an event that is wrong (or a function of a wrong shape, where it is wanted for those), or
 * none at all of what it is wanted for. Types of functions are not looked at: those of libraries have some of their own.
 */
export function parseAbi(value: unknown, use: AbiUse = 'event'): readonly AbiFragment[] {
  const entries = findEntries(value);
  const events = entries.filter((entry) => isRecord(entry) && entry['type'] === 'event');
  if (events.length > mostEvents) throw new UsageError(`the ABI has more than ${mostEvents} events`);
  // An input is the fourth level; each level of tuples is an array of objects.
  if (isDeeper(entries, 4 + 2 * maxDepth)) throw new UsageError(`the ABI has tuples of more than ${maxDepth} levels`);
  const fragments = entries.map((entry, position) => parseEntry(entry, position, use));
  if (!fragments.some(({ type }) => type === use)) throw new UsageError(`the ABI has no ${use}`);
  return fragments;
}

/** Returns the canonical full signatures of an ABI's events, tuples expanded, in its order. */
export function eventSignatures(abi: readonly AbiFragment[]): string[] {
  return abi.filter(isEvent).map(eventSignature);
}

function isEvent(fragment: AbiFragment): boolean {
  return fragment.type === 'event';
}

type Entry = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function findEntries(value: unknown): readonly unknown[] {
  const entries: unknown = isRecord(value) ? value['abi'] : value;
  if (Array.isArray(entries)) return entries;
  throw new UsageError('not an ABI', { hint: 'give a JSON array, or a compiler artifact with an array under "abi"' });
}

function parseEntry(entry: unknown, position: number, use: AbiUse): AbiFragment {
  if (!isRecord(entry)) throw new UsageError(`ABI entry ${position}: not an object`);
  // Old compilers leave the type of a function out.
  const fragment = withoutNull(entry['type'] === undefined ? { ...entry, type: 'function' } : entry);
  if (fragment['type'] === 'event') checkEvent(fragment, position);
  else if (typeof fragment['type'] !== 'string') throw new UsageError(`ABI entry ${position}: "type" is not a text`);
  else if (fragment['type'] === use) checkFunction(fragment, position);
  return fragment as unknown as AbiFragment;
}

/** Programs in Go write null for a list with nothing in it. */
function withoutNull(entry: Entry): Entry {
  const isEmpty = (key: string): boolean => (key === 'inputs' || key === 'outputs') && entry[key] === null;
  return Object.fromEntries(Object.entries(entry).filter(([key]) => !isEmpty(key)));
}

/** Old compilers leave out what is empty. */
function checkFunction({ name, inputs = [], outputs = [] }: Entry, position: number): void {
  const where = placeOf('function', name, position);
  if (name !== undefined && typeof name !== 'string') throw new UsageError(`${where}: "name" is not a text`);
  checkParameters(inputs, 'inputs', where);
  checkParameters(outputs, 'outputs', where);
}

function placeOf(type: AbiUse, name: unknown, position: number): string {
  return `ABI entry ${position} (${type}${typeof name === 'string' ? ` ${name}` : ''})`;
}

function checkEvent(event: Entry, position: number): void {
  const { name, anonymous } = event;
  // Old compilers leave out what is empty; any other list stands under a misspelt key.
  const inputs = event['inputs'] ?? (Object.values(event).some(Array.isArray) ? undefined : []);
  const isLong = typeof name === 'string' && name.length > longestName;
  const where = placeOf('event', isLong ? null : name, position);
  if (isLong) throw new UsageError(`${where}: its "name" has more than ${longestName} characters`);
  if (typeof name !== 'string') throw new UsageError(`${where}: no "name"`);
  if (!identifier.test(name)) throw new UsageError(`${where}: ${JSON.stringify(name)} is not a name`);
  checkFlag(anonymous, 'anonymous', where);
  checkParameters(inputs, 'inputs', where);
  checkTypes(event as unknown as AbiFragment, where);
}

function checkFlag(value: unknown, key: string, where: string): void {
  if (value !== undefined && typeof value !== 'boolean')
    throw new UsageError(`${where}: "${key}" is not true or false`);
}

function checkParameters(parameters: unknown, key: string, where: string): void {
  if (!Array.isArray(parameters)) throw new UsageError(`${where}: no "${key}" array`);
  parameters.forEach((parameter: unknown, position) => {
    const place = `${where}: ${key}[${position}]`;
    if (!isRecord(parameter)) throw new UsageError(`${place}: not an object`);
    checkParameter(parameter, place);
  });
}

function checkParameter(parameter: Entry, where: string): void {
  const { name, type, indexed, components } = parameter;
  if (name !== undefined && typeof name !== 'string') throw new UsageError(`${where}: "name" is not a text`);
  if (typeof type !== 'string') throw new UsageError(`${where}: no "type"`);
  if (type.split('[', maxDepth + 2).length > maxDepth + 1)
    throw new UsageError(`${where}: an array of more than ${maxDepth} levels`);
  checkFlag(indexed, 'indexed', where);
  if (components !== undefined) checkParameters(components, 'components', where);
}

/** Compiles the event to find what is wrong with its types. */
function checkTypes(event: AbiFragment, where: string): void {
  const limit = event.anonymous === true ? 4 : 3;
  const { indexedCount } = compileEvent(event, null, where);
  if (indexedCount > limit) throw new UsageError(`${where}: more than ${limit} indexed inputs`);
}
