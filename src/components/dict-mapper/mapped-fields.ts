import { isMeant } from '../../model/event-choice.js';
import { jsonText } from '../../model/event-message.js';
import type { EventFields, Field } from '../seam/component.js';
import type { DictMapperConfig, MappingRule } from './config.js';
import { parsePath } from '../seam/field-path.js';

/** What is known of no value but that it can be written. */
const anything = 'text';

/**
 * Returns what is left of events: a field for each target, with its source's type where nothing transforms it. What one event lacks
 * has the type that it has in others: one that has no value must not widen it.
 */
export function mappedFields({ mappings }: DictMapperConfig, above: readonly EventFields[]): readonly EventFields[] {
  return above.map((event) => {
    const types = new Map<string, string>();
    for (const { eventName, rules } of mappings.filter((mapping) => isMeant(mapping.eventName, event))) {
      const meant = [event, ...above.filter((each) => isMeant(eventName, each))];
      for (const rule of rules) {
        const type = typeOf(rule, meant);
        // Whichever rule comes to give the value: the field must hold it.
        types.set(rule.targetKey, (types.get(rule.targetKey) ?? type) === type ? type : anything);
      }
    }
    return { ...event, fields: [...types].map(([name, type]) => ({ name, type })), mapped: true };
  });
}

/** The type of what a rule makes of the first of some events that has it. */
function typeOf({ sourceKey, transformer, defaultValue }: MappingRule, events: readonly EventFields[]): string {
  if (transformer !== null) return anything;
  let type: string | null = null;
  for (const event of events) type ??= typeAt(sourceKey, event);
  if (type === null) return anything;
  return defaultValue === undefined || isOf(type, jsonText(defaultValue).replaceAll('"', '')) ? type : anything;
}

/** What a path leads to, null where an event has nothing by its name; all arguments together are nested. */
function typeAt(sourceKey: string, { fields, mapped }: EventFields): string | null {
  const path = parsePath(sourceKey);
  if (!mapped && sourceKey === 'args' && fields.some(({ name }) => name.startsWith('args.'))) return '()';
  // What a mapper made has no members by its name, whatever dots that has.
  const ofArgument = mapped ? undefined : fields.find(({ name }) => name === `${path[0]}.${path[1]}`);
  const found = ofArgument ?? fields.find(({ name }) => name === path[0]);
  if (found === undefined) return null;
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
