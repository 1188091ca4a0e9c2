import type { AbiParameter } from '../../model/pipeline.js';
import { UsageError } from '../../runtime/errors.js';
import { wordDigits } from './hex.js';

/** A parsed ABI type. */
export type AbiType =
  | { readonly kind: 'uint' | 'int'; readonly bits: number }
  | { readonly kind: 'fixedBytes'; readonly size: number }
  | { readonly kind: 'address' | 'bool' | 'function' | 'bytes' | 'string' }
  | { readonly kind: 'array'; readonly item: AbiType; readonly length: number | null }
  | { readonly kind: 'tuple'; readonly members: readonly AbiMember[] };

/** A member of a tuple or an argument of an event: its key in JSON, and its type. */
export interface AbiMember {
  readonly key: string;
  readonly type: AbiType;
}

const arraySuffix = /^(.*)\[(0|[1-9]\d{0,8})?\]$/s;

/** Parses the type of a parameter; throws a UsageError that begins with `where`. */
function parseAbiType(parameter: AbiParameter, where: string): AbiType {
  const suffix = arraySuffix.exec(parameter.type);
  if (suffix !== null) {
    const item = parseAbiType({ ...parameter, type: suffix[1] ?? '' }, where);
    return { kind: 'array', item, length: suffix[2] === undefined ? null : Number(suffix[2]) };
  }
  if (parameter.type === 'tuple') return parseTuple(parameter, where);
  return parseNumberType(parameter.type) ?? parsePlainType(parameter.type, where);
}

function parseTuple(parameter: AbiParameter, where: string): AbiType {
  if (!Array.isArray(parameter.components)) throw new UsageError(`${where}: a tuple without "components"`);
  return { kind: 'tuple', members: parseMembers(parameter.components, `${where}: components`) };
}

/** Parses a list of parameters; `where` and a parameter's position begin the error of one that is wrong. */
export function parseMembers(parameters: readonly AbiParameter[], where: string): AbiMember[] {
  const keys = memberKeys(parameters);
  return parameters.map((parameter, position) => {
    const name = parameter.name ? ` "${parameter.name}"` : '';
    return { key: keys[position] ?? '', type: parseAbiType(parameter, `${where}[${position}]${name}`) };
  });
}

/** An unnamed member is called by its position; a name that was there before gets its position behind it. */
function memberKeys(parameters: readonly AbiParameter[]): string[] {
  const taken = new Set<string>();
  parameters.forEach((parameter, position) => {
    let key = parameter.name ? parameter.name : String(position);
    while (taken.has(key)) key += `_${position}`;
    taken.add(key);
  });
  return [...taken];
}

function parseNumberType(name: string): AbiType | undefined {
  const match = /^(uint|int|bytes)([1-9]\d{0,2})?$/.exec(name);
  if (match === null) return undefined;
  const size = match[2] === undefined ? undefined : Number(match[2]);
  if (match[1] === 'bytes') {
    if (size === undefined) return { kind: 'bytes' };
    return size <= 32 ? { kind: 'fixedBytes', size } : undefined;
  }
  const bits = size ?? 256;
  return bits <= 256 && bits % 8 === 0 ? { kind: match[1] === 'int' ? 'int' : 'uint', bits } : undefined;
}

function parsePlainType(name: string, where: string): AbiType {
  if (name === 'address' || name === 'bool' || name === 'function' || name === 'string') return { kind: name };
  throw new UsageError(`${where}: unknown type ${JSON.stringify(name)}`);
}

/** Returns a type's canonical name, tuples expanded: what goes into an event's signature. */
export function typeName(type: AbiType): string {
  switch (type.kind) {
    case 'uint':
    case 'int':
      return `${type.kind}${type.bits}`;
    case 'fixedBytes':
      return `bytes${type.size}`;
    case 'array':
      return `${typeName(type.item)}[${type.length ?? ''}]`;
    case 'tuple':
      return `(${type.members.map((member) => typeName(member.type)).join(',')})`;
    default:
      return type.kind;
  }
}

/** Says whether a type's values stand elsewhere, with only their offset in the head. */
export function isDynamic(type: AbiType): boolean {
  switch (type.kind) {
    case 'bytes':
    case 'string':
      return true;
    case 'array':
      return type.length === null || isDynamic(type.item);
    case 'tuple':
      return type.members.some((member) => isDynamic(member.type));
    default:
      return false;
  }
}

/** Returns how many hex digits a type takes in the head: one offset where it is dynamic, its whole value where not. */
export function headDigits(type: AbiType): number {
  if (isDynamic(type)) return wordDigits;
  switch (type.kind) {
    case 'array':
      return (type.length ?? 0) * headDigits(type.item);
    case 'tuple':
      return sumHeads(type.members);
    default:
      return wordDigits;
  }
}

/** Returns how many hex digits the heads of members take together. */
function sumHeads(members: readonly AbiMember[]): number {
  return members.reduce((sum, member) => sum + headDigits(member.type), 0);
}
