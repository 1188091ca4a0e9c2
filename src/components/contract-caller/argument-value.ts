import type { AbiMember, AbiType } from '../../chain/abi/abi-type.js';
import type { JsonValue } from '../../model/event-message.js';

/**
 * Returns a value of JSON as what encodes a type takes it: members of a tuple may stand under the names that an event's arguments
 * have, or in their order. Throws a RangeError that begins with `where` for what is not of the type's form.
 */
export function argumentValue(type: AbiType, value: JsonValue, where: string): JsonValue {
  switch (type.kind) {
    case 'bool':
      // Any text would be taken for a truth.
      if (typeof value !== 'boolean') throw new RangeError(`${where} is neither true nor false`);
      return value;
    case 'array':
      if (!isList(value)) throw new RangeError(`${where} is no list`);
      return value.map((item, place) => argumentValue(type.item, item, `${where}[${place}]`));
    case 'tuple':
      return tupleValue(type.members, value, where);
    case 'address':
      // A checksum that is wrong says nothing of an address that an event holds.
      return typeof value === 'string' && /^0x[0-9a-f]{40}$/i.test(value) ? value.toLowerCase() : value;
    case 'uint':
    case 'int':
      // What encodes refuses a number that it would have to take at its word.
      return Number.isInteger(value) ? wholeNumber(value as number) : value;
    default:
      return value;
  }
}

/** Returns a whole number as it was written: what a double holds of 1e23 is another one. */
export function wholeNumber(value: number): bigint {
  const [, digits = '0', fraction = '', exponent = '0'] =
    /^(-?\d+)(?:\.(\d+))?(?:e\+(\d+))?$/.exec(String(value)) ?? [];
  return BigInt(digits + fraction.padEnd(Number(exponent), '0'));
}

function tupleValue(members: readonly AbiMember[], value: JsonValue, where: string): JsonValue {
  const items = isList(value) ? value : itemsOf(members, value, where);
  if (items?.length !== members.length) throw new RangeError(`${where} is no tuple of ${members.length}`);
  return members.map(({ key, type }, place) => argumentValue(type, items[place] ?? null, `${where}.${key}`));
}

/** Returns what an object has under the names of members; null where there is no object. */
function itemsOf(members: readonly AbiMember[], value: JsonValue, where: string): readonly JsonValue[] | null {
  if (typeof value !== 'object' || value === null) return null;
  const items = new Map(Object.entries(value));
  return members.map(({ key }) => {
    const item = items.get(key);
    if (item === undefined) throw new RangeError(`${where} has no ${key}`);
    return item;
  });
}

/** Says whether a value is a list. */
export function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
