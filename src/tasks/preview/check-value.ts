import { address } from '../../components/keys/address.js';
import type { Field } from '../../components/seam/component.js';
import type { JsonValue } from '../../model/event-message.js';
import type { KeyProblem } from '../../runtime/errors.js';
import { unknownText } from '../../runtime/nearest.js';

/** A value that somebody wrote by hand, and what is to be said of it. */
interface Given {
  /** What leads to it: `event.args.to`. */
  readonly key: string;
  readonly value: JsonValue;
}

type Members = Readonly<Record<string, JsonValue>>;

/** Returns what is wrong with a value of an event's argument: it is none of the type as events are exported. */
export function valueProblems({ key, value }: Given, { type, members = [] }: Omit<Field, 'name'>): KeyProblem[] {
  const [, itemType, length] = /^(.*)\[(\d*)\]$/s.exec(type) ?? [];
  if (itemType !== undefined) return listProblems({ key, value }, { type: itemType, members }, length ?? '');
  if (type.startsWith('(')) return memberProblems({ key, value }, members);
  const message = type === 'address' ? addressProblem(value) : plainProblem(type, value);
  return message === null ? [] : [{ key, message }];
}

/** Returns what is wrong with members of a mapping, of which each may be left out. */
export function memberProblems({ key, value }: Given, fields: readonly Field[]): KeyProblem[] {
  if (!isMapping(value)) return [{ key, message: 'must be a mapping of names to values' }];
  return Object.entries(value).flatMap(([name, each]) => {
    const field = fields.find((one) => one.name === name);
    if (field !== undefined) return valueProblems({ key: `${key}.${name}`, value: each }, field);
    return [{ key: `${key}.${name}`, message: unknownField(name, fields) }];
  });
}

/** Says that a name is none of those that are known, and which may be meant. */
export function unknownField(name: string, fields: readonly Pick<Field, 'name'>[]): string {
  const known = fields.map((field) => field.name);
  return unknownText(name, known, 'there is none');
}

/** Says what is wrong with a whole number that no type of Solidity bounds; null: nothing. */
export function countProblem(value: JsonValue): string | null {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? null : 'must be a whole number from 0';
}

export function isMapping(value: JsonValue): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listProblems({ key, value }: Given, item: Omit<Field, 'name'>, length: string): KeyProblem[] {
  const isList = Array.isArray(value);
  if (!isList || (length !== '' && value.length !== Number(length))) {
    return [{ key, message: `must be a list${length === '' ? '' : ` of ${length}`}` }];
  }
  return (value as readonly JsonValue[]).flatMap((each, n) => valueProblems({ key: `${key}.${n}`, value: each }, item));
}

function addressProblem(value: JsonValue): string | null {
  const { error } = address().safeParse(value);
  return error?.issues[0]?.message ?? null;
}

function plainProblem(type: string, value: JsonValue): string | null {
  const [, family, size] = /^(u?int|bytes)(\d+)$/.exec(type) ?? [];
  if (family === 'bytes') return hexProblem(value, Number(size));
  if (family !== undefined) return integerProblem(value, type, Number(size));
  switch (type) {
    case 'bool':
      return typeof value === 'boolean' ? null : 'must be true or false';
    case 'bytes':
      return isHex(value) ? null : 'must be 0x and an even number of hex digits';
    case 'function':
      return hexProblem(value, 24);
    case 'hash':
      return isMapping(value) && hexProblem(value['hash'] ?? null, 32) === null
        ? null
        : 'must be {"hash":"0x…"}, of 32 bytes: of what is indexed and long a log holds only that';
    case 'string':
      return typeof value === 'string' || (isMapping(value) && isHex(value['hex'] ?? null)) ? null : 'must be a text';
    default:
      return null;
  }
}

function integerProblem(value: JsonValue, type: string, bits: number): string | null {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return 'is a number too large for JSON: write its digits as a text';
  }
  const digits = typeof value === 'number' ? String(value) : value;
  // No integer has more digits than 78.
  const isWhole = typeof digits === 'string' && /^-?\d{1,78}$/.test(digits);
  const fits = isWhole && fitted(BigInt(digits), type, bits) === BigInt(digits);
  return fits ? null : `must be a whole number that fits ${type}, its digits as a text`;
}

function fitted(number: bigint, type: string, bits: number): bigint {
  return type.startsWith('u') ? BigInt.asUintN(bits, number) : BigInt.asIntN(bits, number);
}

function hexProblem(value: JsonValue, bytes: number): string | null {
  return isHex(value) && value.length === 2 + 2 * bytes ? null : `must be 0x and ${2 * bytes} hex digits`;
}

function isHex(value: JsonValue): value is string {
  return typeof value === 'string' && /^0x([0-9a-f]{2})*$/i.test(value);
}
