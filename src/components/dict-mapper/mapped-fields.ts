import { isMeant } from '../../model/event-choice.js';
import { jsonText } from '../../model/event-message.js';
import type { EventFields, Field } from '../seam/component.js';
import type { DictMapperConfig, MappingRule } from './config.js';
import { parsePath } from '../seam/field-path.js';

/** What is known of no value but that it can be written. */
const anything = 'text';

/** Returns what is left of an event: a field for each target, with its source's type where nothing transforms it. */
export function mappedFields({ mappings }: DictMapperConfig, above: EventFields): EventFields {
  const rules = mappings.filter(({ eventName }) => isMeant(eventName, above)).flatMap((mapping) => mapping.rules);
  const types = new Map<string, string>();
  for (const rule of rules) {
    const type = typeOf(rule, above);
    // Whichever rule comes to give the value: the field must hold it.
    types.set(rule.targetKey, (types.get(rule.targetKey) ?? type) === type ? type : anything);
  }
  return { ...above, fields: [...types].map(([name, type]) => ({ name, type })), mapped: true };
}

function typeOf({ sourceKey, transformer, defaultValue }: MappingRule, above: EventFields): string {
  if (transformer !== null) return anything;
  const type = typeAt(sourceKey, above);
  return defaultValue === undefined || isOf(type, jsonText(defaultValue).replaceAll('"', '')) ? type : anything;
}

/** What a path leads to; all arguments together are nested. */
function typeAt(sourceKey: string, { fields, mapped }: EventFields): string {
  const path = parsePath(sourceKey);
  if (!mapped && sourceKey === 'args' && fields.some(({ name }) => name.startsWith('args.'))) return '()';
  // What a mapper made has no members by its name, whatever dots that has.
  const ofArgument = mapped ? undefined : fields.find(({ name }) => name === `${path[0]}.${path[1]}`);
  const found = ofArgument ?? fields.find(({ name }) => name === path[0]);
  const rest = path.slice(ofArgument === undefined ? 1 : 2);
  return rest.reduce<Field | undefined>(stepInto, found)?.type ?? anything;
}

/** A position in a list leads to one of its items, a name in a tuple to its member. */
function stepInto(field: Field | undefined, part: string | number): Field | undefined {
  if (field === undefined) return undefined;
  if (typeof part === 'number') return { ...field, type: itemType(field.type) };
  return isTuple(field) ? field.members?.find(({ name }) => name === part) : undefined;
}

function isTuple({ type }: Field): boolean {
  return type.startsWith('(') && type.endsWith(')');
}

function itemType(type: string): string {
  return /^(.*)\[\d*\]$/s.exec(type)?.[1] ?? anything;
}

/** Says whether a default is a value of a type, as far as truth and whole numbers go. */
function isOf(type: string, value: string): boolean {
  if (type === 'bool') return value === 'true' || value === 'false';
  const [, unsigned, bits] = /^(u?)int(\d+)$/.exec(type) ?? [];
  if (bits === undefined) return type === anything;
  if (!/^-?\d{1,78}$/.test(value)) return false;
  const number = BigInt(value);
  return unsigned === 'u'
    ? number === BigInt.asUintN(Number(bits), number)
    : number === BigInt.asIntN(Number(bits), number);
}
