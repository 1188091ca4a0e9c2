import type { AbiType } from '../../chain/abi/abi-type.js';
import type { JsonValue } from '../../model/event-message.js';
import { toBytes } from '../../runtime/hex-bytes.js';

const [leastNumber, mostNumber] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Returns a type as it is decoded: whole numbers with all their bits, so that one that is too large is found out. */
export function wideName(type: AbiType): string {
  switch (type.kind) {
    case 'uint':
    case 'int':
      return `${type.kind}256`;
    case 'bool':
      return 'uint256';
    case 'string':
      return 'bytes';
    case 'function':
      return 'bytes24';
    case 'fixedBytes':
      return `bytes${type.size}`;
    case 'array':
      return `${wideName(type.item)}[${type.length ?? ''}]`;
    case 'tuple':
      return `tuple(${type.members.map((member) => wideName(member.type)).join(',')})`;
    default:
      return type.kind;
  }
}

/** Returns what was decoded of a type as a value of JSON, in the way of an event's arguments; throws where it does not fit. */
export function answerValue(type: AbiType, value: unknown): JsonValue {
  switch (type.kind) {
    case 'uint':
    case 'int':
      return numberValue(checked(value as bigint, type));
    case 'bool':
      return checked(value as bigint, { kind: 'uint', bits: 1 }) === 1n;
    case 'string':
      return textValue(value as string);
    case 'array':
      return [...(value as Iterable<unknown>)].map((item) => answerValue(type.item, item));
    case 'tuple': {
      const items = [...(value as Iterable<unknown>)];
      return Object.fromEntries(
        type.members.map((member, place) => [member.key, answerValue(member.type, items[place])]),
      );
    }
    default:
      return value as string;
  }
}

function checked(value: bigint, { kind, bits }: { readonly kind: 'uint' | 'int'; readonly bits: number }): bigint {
  const cut = kind === 'uint' ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value);
  if (cut !== value) throw new RangeError(`${value} is too large`);
  return value;
}

/** A number of JSON as far as 64 bits go, a text beyond. */
function numberValue(value: bigint): JsonValue {
  if (value < leastNumber || value > mostNumber) return String(value);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function textValue(hex: string): JsonValue {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(toBytes(hex));
  } catch {
    return { hex };
  }
}
