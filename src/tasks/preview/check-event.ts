import { missingEvent } from '../../components/keys/event-keys.js';
import type { EventFields, Field } from '../../components/seam/component.js';
import type { JsonValue } from '../../model/event-message.js';
import { ProblemsError } from '../../runtime/errors.js';
import type { KeyProblem } from '../../runtime/errors.js';
import { countProblem, isMapping, memberProblems, unknownField, valueProblems } from './check-value.js';

/** What an event is held against. */
export interface KnownEvents {
  /** The events that the source gives. */
  readonly events: readonly EventFields[];
  /** What stages add to an event's fields. */
  readonly added: readonly string[];
  readonly chainId: number;
}

type Given = ReadonlyMap<string, JsonValue>;

const argument = 'args.';
/** Names of events that one line bears. */
const mostNames = 8;
const asExported = 'write it as events export does: {"event_name":"…","args":{…}}';

/**
 * Returns which of the source's events is given; throws ProblemsError, with a problem for each thing that is wrong: `key` is what
 * leads to the event. Anything but its name may be left out.
 */
export function checkEvent(key: string, given: Given, known: KnownEvents): EventFields {
  const named = nameProblems(given, known.events);
  const rest = (event: EventFields): readonly KeyProblem[] =>
    [...given].flatMap(([name, value]) => fieldProblems(name, value, event, known));
  const isHashAlone = given.has('block_hash') && !given.has('block_number');
  const lacking = isHashAlone ? [{ key: 'block_number', message: 'is missing: block_hash stands for no number' }] : [];
  const meant = named.length > 0 ? [] : known.events.filter((event) => isGiven(given, event)).flatMap(shapesOf);
  // Of several events with one name, and of the ways in which contracts name the arguments of one, that one is meant which fits best.
  const [best = allOf(known.events)] = meant.toSorted((a, b) => rest(a).length - rest(b).length);
  const problems = [...named, ...lacking, ...rest(best)].map((problem) => ({
    ...problem,
    key: `${key}.${problem.key}`,
  }));
  if (problems.length > 0) throw new ProblemsError(problems);
  return best;
}

function nameProblems(given: Given, events: readonly EventFields[]): readonly KeyProblem[] {
  const signature = given.get('event_signature');
  const ofSignature = signature === undefined ? null : nameProblem('event_signature', signature, events);
  if (ofSignature !== null) return [ofSignature];
  const meant = signature === undefined ? events : events.filter((event) => event.eventSignature === signature);
  const name = given.get('event_name');
  if (name === undefined) return [missingName(meant)];
  const ofName = nameProblem('event_name', name, meant);
  return ofName === null ? [] : [ofName];
}

function missingName(events: readonly EventFields[]): KeyProblem {
  const names = [...new Set(events.map(({ eventName }) => eventName))];
  const shown = [...names.slice(0, mostNames), ...(names.length > mostNames ? ['…'] : [])].join(', ');
  return { key: 'event_name', message: `is missing: the source gives ${shown}`, hint: asExported };
}

/** A signature is no name. */
function nameProblem(key: string, name: JsonValue, events: readonly EventFields[]): KeyProblem | null {
  if (typeof name !== 'string') return { key, message: 'must be a text' };
  const isSignature = key === 'event_signature';
  if (events.some((event) => (isSignature ? event.eventSignature : event.eventName) === name)) return null;
  const missing = missingEvent(name, events) ?? { message: `${name} is not written as events export writes it` };
  return { key, ...missing };
}

function isGiven(given: Given, { eventName, eventSignature }: EventFields): boolean {
  return given.get('event_name') === eventName && (given.get('event_signature') ?? eventSignature) === eventSignature;
}

function shapesOf(event: EventFields): readonly EventFields[] {
  return event.shapes?.map((fields) => ({ ...event, fields })) ?? [event];
}

/** Where nobody knows which event is meant its own fields can be judged, and its arguments can't. */
function allOf(events: readonly EventFields[]): EventFields {
  return { eventName: '', eventSignature: '', fields: fixed(events[0]?.fields ?? []), mapped: false };
}

function fieldProblems(
  name: string,
  value: JsonValue,
  { eventName, fields }: EventFields,
  { added, chainId }: KnownEvents,
): readonly KeyProblem[] {
  if (name === 'args') {
    const members = fields.filter((field) => field.name.startsWith(argument));
    if (eventName === '' && isMapping(value)) return [];
    return memberProblems({ key: name, value }, members.map(withoutPrefix));
  }
  const field = fields.find((each) => each.name === name);
  if (name === 'event_name' || name === 'event_signature' || added.includes(name)) return [];
  if (field === undefined) return [{ key: name, message: unknownField(name, [...fixed(fields), { name: 'args' }]) }];
  if (name === 'chain_id' && value !== chainId)
    return [{ key: name, message: `must be ${chainId}, the source's chain` }];
  return fixedProblems(field, value);
}

function fixed(fields: readonly Field[]): readonly Field[] {
  return fields.filter(({ name }) => !name.startsWith(argument));
}

function withoutPrefix(field: Field): Field {
  return { ...field, name: field.name.slice(argument.length) };
}

/** Hashes of blocks and transactions are written as they are. */
function fixedProblems({ name, type }: Field, value: JsonValue): readonly KeyProblem[] {
  if (type === 'int64') {
    const message = countProblem(value);
    return message === null ? [] : [{ key: name, message }];
  }
  if (name === 'block_time' && value === null) return [];
  const types: Readonly<Record<string, string>> = { hash: 'bytes32', text: 'string' };
  return valueProblems({ key: name, value }, { type: types[type] ?? type });
}
