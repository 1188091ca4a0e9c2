import { wordDigits } from './hex.js';
import { headDigits, isDynamic, type AbiMember, type AbiType } from './abi-type.js';
import {
  addressReader,
  asRead,
  boolReader,
  fixedBytesReader,
  intReader,
  malformed,
  readCount,
  uintReader,
  type DecodeValue,
  type ValueReader,
  type DecodeState,
} from './decode-word.js';
import { isUtf8 } from 'node:buffer';

/** Reads `bytes`. */
const bytesReader: ValueReader = { open: '"0x', decode: readContent, close: '"' };

/** Reads a string; one that is not UTF-8 becomes `{"hex":"0x…"}`. */
const stringReader: ValueReader = asRead((data, at, base, state) => {
  const digits = readContent(data, at, base, state);
  const bytes = Buffer.from(digits, 'hex');
  return isUtf8(bytes) ? JSON.stringify(bytes.toString('utf8')) : `{"hex":"0x${digits}"}`;
});

type Filter = ReadonlySet<string> | null;

/**
 * Compiles a type into the reader of its values. Addresses of `filter` (EIP-55) are noted in the state.
 * Every read is checked against the data's length before it is made: a static value as part of the head it stands in.
 */
export function compileType(type: AbiType, filter: Filter): ValueReader {
  switch (type.kind) {
    case 'uint':
      return uintReader(type.bits);
    case 'int':
      return intReader(type.bits);
    case 'fixedBytes':
      return fixedBytesReader(type.size);
    case 'function':
      return fixedBytesReader(24);
    case 'address':
      return addressReader(filter);
    case 'bool':
      return boolReader;
    case 'bytes':
      return bytesReader;
    case 'string':
      return stringReader;
    case 'array':
      return asRead(
        type.length === null ? compileList(type.item, filter) : compileFixedArray(type.item, type.length, filter),
      );
    case 'tuple':
      return asRead(compileTuple(type.members, filter));
  }
}

/** A value of an object. */
export interface KeyedReader extends ValueReader {
  readonly key: string;
}

/** Tells what stands before each value of an object (what closes the one before, its key, what opens it), and at the end. */
export function joinReaders<Reader extends KeyedReader>(
  readers: readonly Reader[],
): { readonly steps: readonly (Reader & { readonly before: string })[]; readonly end: string } {
  let end = '{';
  const steps = readers.map((reader, position) => {
    const before = `${end}${position === 0 ? '' : ','}${JSON.stringify(reader.key)}:${reader.open}`;
    end = reader.close;
    return { ...reader, before };
  });
  return { steps, end: `${end}}` };
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
  const { open, decode, close } = compileType(item, filter);
  const between = `${close},${open}`;
  return (data, start, count, state) => {
    if (count === 0) return '[]';
    let text = `[${open}`;
    for (let i = 0; i < count; i++) {
      if (i > 0) text += between;
      text += decode(data, start + i * step, start, state);
    }
    return `${text}${close}]`;
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
  const readers = members.map(({ key, type }) => {
    const reader = { key, head, ...compileType(type, filter) };
    head += headDigits(type);
    return reader;
  });
  const { steps, end } = joinReaders(readers);
  return (data, at, base, state) => {
    let text = '';
    for (const step of steps) {
      text += step.before;
      text += step.decode(data, at + step.head, base, state);
    }
    return text + end;
  };
}

/** Takes hex digits off the budget. */
function spend(digits: number, state: DecodeState): void {
  state.budget -= digits;
  if (state.budget < 0) throw malformed;
}

/** Checks that so many hex digits from `at` are within the data, and takes them off the budget. */
function claim(data: string, at: number, digits: number, state: DecodeState): void {
  if (at + digits > data.length) throw malformed;
  spend(digits, state);
}

/** Follows the offset at `at`: returns where it leads, which may be outside of the data. */
function follow(data: string, at: number, base: number): number {
  return base + readCount(data, at) * 2;
}

/** Returns the content's hex digits. The padding behind it may lack or be dirty: some contracts don't pad. */
function readContent(data: string, at: number, base: number, state: DecodeState): string {
  const place = follow(data, at, base);
  claim(data, place, wordDigits, state);
  const start = place + wordDigits;
  const digits = readCount(data, place) * 2;
  claim(data, start, digits, state);
  return data.slice(start, start + digits);
}
