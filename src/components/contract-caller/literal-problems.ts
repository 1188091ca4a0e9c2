import { parseMembers } from '../../chain/abi/abi-type.js';
import type { AbiType } from '../../chain/abi/abi-type.js';
import { expectationOf, toComparable } from '../../chain/abi/comparable.js';
import { jsonText } from '../../model/event-message.js';
import type { JsonValue } from '../../model/event-message.js';
import type { AbiFragment } from '../../model/pipeline.js';
import type { Remark } from '../seam/component.js';
import { isList, wholeNumber } from './argument-value.js';

/** Tells which of a definition's values a method never takes, whatever an event holds. A text may be a path, and is not looked at. */
export function literalProblems({ inputs = [] }: AbiFragment, params: readonly JsonValue[]): readonly Remark[] {
  return parseMembers(inputs, 'inputs').flatMap(({ type }, place) => problemsOf(type, params[place] ?? null, [place]));
}

function problemsOf(type: AbiType, value: JsonValue, at: Remark['at']): readonly Remark[] {
  if (typeof value === 'string' || isOne(type, value)) return [];
  const parts = partsOf(type, value);
  if (parts !== null) return parts.flatMap((part) => problemsOf(part.type, part.value, [...at, part.key]));
  const shown = typeof value === 'object' && value !== null ? '' : `, not ${jsonText(value)}`;
  const hint = type.kind === 'string' && shown !== '' && value !== null ? 'quote it' : undefined;
  return [{ at, message: `must be ${wantedOf(type)}${shown}`, hint }];
}

/** Says whether a number is one of the type, or true or false. */
function isOne(type: AbiType, value: JsonValue): boolean {
  if (type.kind === 'bool') return typeof value === 'boolean';
  if ((type.kind !== 'uint' && type.kind !== 'int') || !Number.isInteger(value)) return false;
  return toComparable(type, String(wholeNumber(value as number))) !== undefined;
}

interface Part {
  readonly key: PropertyKey;
  readonly type: AbiType;
  readonly value: JsonValue;
}

/** Returns what a list, or the mapping of a tuple, is made of; null where it is none of the type. */
function partsOf(type: AbiType, value: JsonValue): readonly Part[] | null {
  if (type.kind === 'array') {
    if (!isList(value) || (type.length ?? value.length) !== value.length) return null;
    return value.map((each, key) => ({ key, type: type.item, value: each }));
  }
  if (type.kind !== 'tuple' || typeof value !== 'object' || value === null) return null;
  const { members } = type;
  const items = new Map(Object.entries(value));
  const parts = members.flatMap((member, place): readonly Part[] => {
    const key = isList(value) ? place : member.key;
    const item = items.get(String(key));
    return item === undefined ? [] : [{ key, type: member.type, value: item }];
  });
  const isWhole = parts.length === members.length && (!isList(value) || value.length === members.length);
  return isWhole ? parts : null;
}

function wantedOf(type: AbiType): string {
  if (type.kind === 'array') return type.length === null ? 'a list' : `a list of ${type.length}`;
  if (type.kind !== 'tuple') return expectationOf(type) ?? '';
  return `a list of ${type.members.length}, or a mapping of ${type.members.map(({ key }) => key).join(', ')}`;
}
