import type { ColumnType } from '../../database/target-dialect.js';

const text: ColumnType = { kind: 'text' };
const int64: ColumnType = { kind: 'int64' };

/** Types that need no reading. */
const plain: Readonly<Record<string, ColumnType>> = {
  address: { kind: 'ascii', length: 42 },
  bool: { kind: 'bool' },
  // 24 bytes: an address and a selector.
  function: { kind: 'ascii', length: 50 },
  hash: { kind: 'ascii', length: 66 },
  int64,
  string: text,
  bytes: text,
  text,
};

/** Returns what a column must hold for a field's type: Solidity's name of it, or another that sources give. */
export function columnTypeOf(type: string): ColumnType {
  const known = Object.hasOwn(plain, type) ? plain[type] : undefined;
  if (known !== undefined) return known;
  if (type.endsWith(']') || type.startsWith('(')) return { kind: 'json' };
  const [, family, size] = /^(u?int|bytes)(\d+)$/.exec(type) ?? [];
  if (family === 'bytes') return { kind: 'ascii', length: 2 + 2 * Number(size) };
  return family === undefined ? text : integerType(Number(size) - (family === 'int' ? 1 : 0));
}

/** By how many bits the amount of the largest value has. */
function integerType(bits: number): ColumnType {
  return bits <= 63 ? int64 : { kind: 'number', digits: String(2n ** BigInt(bits)).length };
}

/** Returns what holds the values of both: the wider of two integers, else a text where they differ. */
export function joinTypes(a: ColumnType, b: ColumnType): ColumnType {
  const digits = [a, b].map(digitsOf);
  if (digits.every((count) => count > 0)) return digitsOf(a) >= digitsOf(b) ? a : b;
  return JSON.stringify(a) === JSON.stringify(b) ? a : text;
}

/** What a column of a type would be in a table of more events: joined with what each of these holds, it is this. */
export function widerTypes(type: ColumnType): readonly ColumnType[] {
  const others: readonly ColumnType[] = [{ kind: 'number', digits: 65 }, { kind: 'number', digits: 78 }, text];
  return others.filter((other) => joinTypes(type, other) === other);
}

function digitsOf(type: ColumnType): number {
  if (type.kind === 'int64') return 19;
  return type.kind === 'number' ? type.digits : 0;
}
