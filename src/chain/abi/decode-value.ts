import { headDigits, isDynamic, wordDigits, type AbiMember, type AbiType } from './abi-type.js';
import { claim, decodeBytes, decodeString, follow, spend } from './decode-tail.js';
import {
  decodeAddress,
  decodeBool,
  decodeFixedBytes,
  decodeInt,
  decodeUint,
  malformed,
  readCount,
  type DecodeValue,
} from './decode-word.js';

type Filter = ReadonlySet<string> | null;

/**
 * Compiles a type into the function that reads its values. Addresses of `filter` (EIP-55) are noted in the state.
 * Every read is checked against the data's length before it is made: a static value as part of the head it stands in.
 */
export function compileType(type: AbiType, filter: Filter): DecodeValue {
  switch (type.kind) {
    case 'uint':
      return decodeUint(type.bits);
    case 'int':
      return decodeInt(type.bits);
    case 'fixedBytes':
      return decodeFixedBytes(type.size);
    case 'function':
      return decodeFixedBytes(24);
    case 'address':
      return decodeAddress(filter);
    case 'bool':
      return decodeBool;
    case 'bytes':
      return decodeBytes;
    case 'string':
      return decodeString;
    case 'array':
      return type.length === null ? compileList(type.item, filter) : compileFixedArray(type.item, type.length, filter);
    case 'tuple':
      return compileTuple(type.members, filter);
  }
}

/** Compiles `T[]`: an offset to a count with that many items behind it. */
function compileList(item: AbiType, filter: Filter): DecodeValue {
  const step = headDigits(item);
  const decodeItems = compileItems(item, filter);
  return (data, at, base, state) => {
    const place = follow(data, at, base);
    claim(data, place, wordDigits, state);
    const count = readCount(data, place);
    const start = place + wordDigits;
    claim(data, start, count * step, state);
    if (step === 0) spend(count * wordDigits, state);
    return decodeItems(data, start, count, state);
  };
}

/** Compiles `T[k]`: its items stand in the head, or where they are dynamic behind an offset. */
function compileFixedArray(item: AbiType, length: number, filter: Filter): DecodeValue {
  const step = headDigits(item);
  const decodeItems = compileItems(item, filter);
  if (!isDynamic(item)) {
    return (data, at, _base, state) => {
      // Items of no size cost a word each, or a few bytes could claim billions of them.
      if (step === 0) spend(length * wordDigits, state);
      return decodeItems(data, at, length, state);
    };
  }
  return (data, at, base, state) => {
    const start = follow(data, at, base);
    claim(data, start, length * step, state);
    return decodeItems(data, start, length, state);
  };
}

type DecodeItems = (data: string, start: number, count: number, state: Parameters<DecodeValue>[3]) => string;

function compileItems(item: AbiType, filter: Filter): DecodeItems {
  const step = headDigits(item);
  const decode = compileType(item, filter);
  return (data, start, count, state) => {
    let text = '[';
    for (let i = 0; i < count; i++) {
      if (i > 0) text += ',';
      text += decode(data, start + i * step, start, state);
    }
    return text + ']';
  };
}

function compileTuple(members: readonly AbiMember[], filter: Filter): DecodeValue {
  const decodeMembers = compileMembers(members, filter);
  if (!members.some((member) => isDynamic(member.type)))
    return (data, at, _base, state) => decodeMembers(data, at, at, state);
  const size = members.reduce((sum, member) => sum + headDigits(member.type), 0);
  return (data, at, base, state) => {
    const start = follow(data, at, base);
    // A tuple that stands where its own offset does would contain itself.
    if (start === base) throw malformed;
    claim(data, start, size, state);
    return decodeMembers(data, start, start, state);
  };
}

function compileMembers(members: readonly AbiMember[], filter: Filter): DecodeValue {
  let head = 0;
  const steps = members.map((member, position) => {
    const prefix = `${position === 0 ? '' : ','}${JSON.stringify(member.key)}:`;
    const step = { prefix, head, decode: compileType(member.type, filter) };
    head += headDigits(member.type);
    return step;
  });
  return (data, at, base, state) => {
    let text = '{';
    for (const step of steps) text += step.prefix + step.decode(data, at + step.head, base, state);
    return text + '}';
  };
}
