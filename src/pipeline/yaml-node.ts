import { UsageError } from '../runtime/errors.js';

/** Where a value stands in a file: each problem with a definition is told with it. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export interface ScalarNode extends Place {
  readonly kind: 'scalar';
  /** Whole numbers are bigints, so that none loses a digit before it has been judged. */
  readonly value: string | number | bigint | boolean | null;
  /** The value as it is written, without quotes. */
  readonly source: string;
}

export interface ListNode extends Place {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
}

export interface MapEntry extends Place {
  readonly value: YamlNode;
}

export interface MapNode extends Place {
  readonly kind: 'map';
  /** By key; an entry's place is that of its key. */
  readonly entries: ReadonlyMap<string, MapEntry>;
}

/** A value of a YAML or JSON file that knows its line. */
export type YamlNode = ScalarNode | ListNode | MapNode;

/** Makes the one-line error for a problem at a place of a file. */
export function problemAt(place: Place, message: string, hint?: string): UsageError {
  return new UsageError(`${place.file}:${place.line}: ${message}`, { hint });
}

/** Returns the plain JavaScript value of a node; a whole number beyond 2^53 stays a bigint. */
export function plainValue(node: YamlNode): unknown {
  if (node.kind === 'list') return node.items.map(plainValue);
  if (node.kind === 'map')
    return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plainValue(value)]));
  if (typeof node.value !== 'bigint') return node.value;
  const number = Number(node.value);
  return Number.isSafeInteger(number) ? number : node.value;
}

/** Returns a value as an error may show it: short, on one line, and no URL, because URLs hold secrets. */
export function shown(node: YamlNode): string {
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'map') return 'a mapping';
  if (node.value === null) return 'nothing';
  if (node.source.includes('://')) return 'a URL';
  const text = JSON.stringify(node.source.length > 80 ? `${node.source.slice(0, 77)}...` : node.source);
  return typeof node.value === 'string' ? text : text.slice(1, -1);
}
