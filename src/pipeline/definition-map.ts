import type { UsageError } from '../runtime/errors.js';
import { nearest } from './suggest.js';
import { problemAt, shown } from './yaml-node.js';
import type { MapNode, YamlNode } from './yaml-node.js';

/** Both included. */
interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** A mapping of a definition, read key by key; each problem names file, line and key. */
export class DefinitionMap {
  readonly #node: MapNode;

  constructor(node: MapNode) {
    this.#node = node;
  }

  /** Takes a node that must be a mapping. */
  static of(node: YamlNode, what: string): DefinitionMap {
    if (node.kind !== 'map') throw problemAt(node, `${what} must be a mapping of keys to values, not ${shown(node)}`);
    return new DefinitionMap(node);
  }

  /** Returns the value of a key; undefined where it is absent or null. */
  get(key: string): YamlNode | undefined {
    const value = this.#node.entries.get(key)?.value;
    return value?.kind === 'scalar' && value.value === null ? undefined : value;
  }

  /** Says whether a key has a value. */
  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Makes the error that a key has the problem described. */
  problem(key: string, message: string, hint?: string): UsageError {
    return problemAt(this.#node.entries.get(key) ?? this.#node, `${key}: ${message}`, hint);
  }

  /** Refuses the first key that is not among the known ones, naming the nearest; `hintFor` may know it from elsewhere. */
  refuseUnknownKeys(known: readonly string[], hintFor: (key: string) => string | undefined = () => undefined): void {
    for (const key of this.#node.entries.keys()) {
      if (known.includes(key)) continue;
      const hint = hintFor(key);
      const suggestion = nearest(key, known);
      const tail = hint === undefined && suggestion !== undefined ? `; the nearest known key is ${suggestion}` : '';
      throw this.problem(key, `unknown key${tail}`, hint);
    }
  }

  /** Refuses two keys that say the same thing. */
  refuseBoth(key: string, other: string, hint?: string): void {
    if (this.has(key) && this.has(other))
      throw this.problem(other, `can't stand beside ${key}: give one of the two`, hint);
  }

  /** Returns the text of a key. */
  text(key: string): string | undefined {
    const node = this.get(key);
    if (node === undefined) return undefined;
    if (node.kind !== 'scalar' || typeof node.value !== 'string') {
      throw this.problem(key, `must be a text, not ${shown(node)}`, node.kind === 'scalar' ? 'quote it' : undefined);
    }
    return node.value;
  }

  /** Returns the text of a key that must be there and fit on one line. */
  requiredText(key: string, maxLength: number): string {
    const text = this.text(key)?.trim();
    if (text === undefined) throw this.problem(key, 'is required');
    if (text === '') throw this.problem(key, 'is empty');
    if (text.length > maxLength) throw this.problem(key, `is longer than ${maxLength} characters`);
    if (/\p{Cc}/u.test(text)) throw this.problem(key, 'must be one line without control characters');
    return text;
  }

  /** Returns the whole number of a key. */
  whole(key: string, { min, max }: Bounds): number | undefined {
    const node = this.get(key);
    if (node === undefined) return undefined;
    const value = node.kind === 'scalar' ? wholeNumber(node.value) : undefined;
    if (value === undefined) throw this.problem(key, `must be a whole number, not ${shown(node)}`);
    if (value < min || value > max) {
      throw this.problem(key, `must be from ${min} to ${max}, not ${shown(node)}`);
    }
    return Number(value);
  }

  /** Returns the number of a key, fractions allowed; it must be more than 0. */
  positive(key: string, max: number): number | undefined {
    const node = this.get(key);
    if (node === undefined) return undefined;
    const value = node.kind === 'scalar' && /^(number|bigint)$/.test(typeof node.value) ? Number(node.value) : NaN;
    if (Number.isNaN(value)) throw this.problem(key, `must be a number, not ${shown(node)}`);
    if (value <= 0 || value > max)
      throw this.problem(key, `must be more than 0 and at most ${max}, not ${shown(node)}`);
    return value;
  }

  /** Returns the true or false of a key. */
  flag(key: string): boolean | undefined {
    const node = this.get(key);
    if (node === undefined) return undefined;
    if (node.kind !== 'scalar' || typeof node.value !== 'boolean') {
      throw this.problem(key, `must be true or false, not ${shown(node)}`);
    }
    return node.value;
  }

  /** Returns the word of a key, which must be one of those given. */
  choice<T extends string>(key: string, choices: readonly T[]): T | undefined {
    const node = this.get(key);
    if (node === undefined) return undefined;
    const word = node.kind === 'scalar' ? node.source.toLowerCase() : undefined;
    const choice = choices.find((candidate) => candidate === word);
    if (choice === undefined) throw this.problem(key, `must be ${choices.join(' or ')}, not ${shown(node)}`);
    return choice;
  }

  /** Returns the values of a key that holds a list; a single value counts as a list of one where that is allowed. */
  list(key: string, { single = false } = {}): readonly YamlNode[] {
    const node = this.get(key);
    if (node === undefined) return [];
    if (node.kind === 'list') return node.items;
    if (single && node.kind === 'scalar') return [node];
    throw this.problem(key, `must be a list, not ${shown(node)}`);
  }
}

function wholeNumber(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
}
