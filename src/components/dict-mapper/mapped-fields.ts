import { jsonText } from '../../model/event-message.js';
import type { EventFields } from '../seam/component.js';
import type { DictMapperConfig, MappingRule } from './config.js';
import { parsePath } from '../seam/field-path.js';

/** What is known of no value but that it can be written. */
const anything = 'text';

/** Returns what is left of an event: a field for each target, with its source's type where nothing transforms it. */
export function mappedFields({ mappings }: DictMapperConfig, above: EventFields): EventFields {
  const rules = mappings
    .filter(({ eventName }) => eventName === null || eventName === above.eventName)
    .flatMap((mapping) => mapping.rules);
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

/** A position in a list leads to one of its items. */
function typeAt(sourceKey: string, { fields, mapped }: EventFields): string {
  const [, name = '', positions = ''] = /^(.*?)((?:\[\d+\])*)$/s.exec(sourceKey) ?? [];
  // What a mapper made has no members by its name, whatever dots that has.
  const isReached = !mapped || parsePath(name).length === 1;
  const whole = isReached ? fields.find((field) => field.name === name)?.type : undefined;
  const depth = positions.split('[').length - 1;
  return Array.from({ length: depth }).reduce<string>(itemType, whole ?? anything);
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
