import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, Node, Pair, Scalar, YAMLMap } from 'yaml';
import type { FileProblem } from '../../runtime/errors.js';
import { aliasTargets, parseDocument, unreadable } from './yaml-document.js';
import type { AnyDocument, Place, PlaceAt } from './yaml-document.js';

/** How many values all aliases together may stand for: enough to share an ABI, not enough for a bomb. */
const maxAliasedValues = 100_000;

/** Where a path leads. */
export interface Spot extends Place {
  /** The value as an error may show it; null where there is none. */
  readonly shown: string | null;
  /** True for a plain word or number, which quotes would make a text. */
  readonly isPlain: boolean;
}

/** A YAML or JSON file: its value, and where each part of it stands. */
export class YamlFile {
  readonly value: unknown;
  /** Keys that are given twice, and texts that are none. */
  readonly problems: readonly FileProblem[];
  readonly #root: Node;
  readonly #targets: ReadonlyMap<Alias, Node>;
  readonly #placeAt: PlaceAt;

  /** Reads a text; throws FileProblemsError where it is no YAML, no JSON, or made to exhaust whoever reads it. */
  constructor(text: string, file: string, mostNodes?: number) {
    const { document, placeAt } = parseDocument(text, file, mostNodes);
    if (document.contents === null) throw unreadable({ file, line: 1 }, 'the file is empty');
    const reader = new ValueReader(document, placeAt);
    this.value = reader.read(document.contents);
    this.problems = reader.problems;
    this.#root = document.contents;
    this.#targets = reader.targets;
    this.#placeAt = placeAt;
  }

  /** Finds what a path leads to, or what is nearest to it: a key's place is where the key is written. */
  find(path: readonly PropertyKey[]): Spot {
    let node: Node | null = this.#root;
    let place = this.#placeOf(node);
    for (const part of path) {
      const holder = this.#follow(node);
      // A single value may stand for a list of one.
      if (isScalar(holder) && part === 0) continue;
      const pair = isMap<Node, Node | null>(holder) ? pairOf(holder, part) : undefined;
      const item = isSeq<Node>(holder) ? holder.items[Number(part)] : undefined;
      if (pair === undefined && item === undefined) return { ...place, shown: null, isPlain: false };
      place = this.#placeOf(pair?.key ?? item ?? null);
      node = pair === undefined ? (item ?? null) : pair.value;
    }
    const value = this.#follow(node);
    return { ...place, shown: shown(value), isPlain: isScalar(value) && typeof value.value !== 'string' };
  }

  /** Returns the keys of the mapping that a key of the file's own leads to, in their order, which numbers lose in an object; none where it is no mapping. */
  keysIn(key: string): readonly string[] {
    const root = this.#root;
    const value = isMap<Node, Node | null>(root) ? this.#follow(pairOf(root, key)?.value ?? null) : null;
    if (!isMap<Node, Node | null>(value)) return [];
    return value.items.flatMap((pair) => (isScalar(pair.key) ? [keyText(pair.key)] : []));
  }

  #follow(node: Node | null): Node | null {
    return isAlias(node) ? (this.#targets.get(node) ?? null) : node;
  }

  #placeOf(node: Node | null): Place {
    return this.#placeAt(node?.range?.[0] ?? 0);
  }
}

function pairOf(map: YAMLMap<Node, Node | null>, key: PropertyKey): Pair<Node, Node | null> | undefined {
  return map.items.find((pair) => isScalar(pair.key) && keyText(pair.key) === key);
}

/**
 * Keys in whose mappings null is a value: somebody's own JSON; and conditions, which without a value would be none, and let
 * everything through.
 */
const nullIsValue = new Set(['body', 'default_value', 'where', 'condition']);

/** Turns the parser's nodes into plain values, following aliases within a budget. Elsewhere a key without a value is left out. */
class ValueReader {
  readonly problems: FileProblem[] = [];
  readonly targets: ReadonlyMap<Alias, Node>;
  readonly #placeAt: PlaceAt;
  readonly #open = new Set<Node>();
  #aliasDepth = 0;
  #aliasedValues = 0;
  #nullsDepth = 0;
  /** The key whose value is read. */
  #key: string | null = null;

  constructor(document: AnyDocument, placeAt: PlaceAt) {
    this.targets = aliasTargets(document);
    this.#placeAt = placeAt;
  }

  read(node: Node | null, near?: Place): unknown {
    const place = node?.range ? this.#placeAt(node.range[0]) : (near ?? this.#placeAt(0));
    if (this.#aliasDepth > 0 && ++this.#aliasedValues > maxAliasedValues) {
      throw unreadable(place, `aliases stand for more than ${maxAliasedValues} values`);
    }
    if (isAlias(node)) return this.#follow(node, place);
    if (isSeq<Node>(node)) return node.items.map((item) => this.read(item, place));
    if (isMap<Node, Node | null>(node)) return this.#readMap(node, place);
    return isScalar(node) ? this.#readScalar(node, place) : null;
  }

  #follow(alias: Alias, place: Place): unknown {
    const target = this.targets.get(alias);
    if (target === undefined) throw unreadable(place, `alias *${alias.source} has no anchor before it`);
    if (this.#open.has(target)) throw unreadable(place, `alias *${alias.source} stands inside of what it refers to`);
    this.#open.add(target);
    this.#aliasDepth++;
    const value = this.read(target);
    this.#aliasDepth--;
    this.#open.delete(target);
    return value;
  }

  #readScalar(scalar: Scalar, place: Place): unknown {
    const value = readScalar(scalar, place);
    if (typeof value === 'string') this.#checkText(value, place);
    return value;
  }

  /** What no encoding has a form for would be stored as another text. */
  #checkText(text: string, place: Place): void {
    if (!/\p{Surrogate}/u.test(text)) return;
    this.problems.push({
      ...place,
      key: this.#key,
      message: 'must be well-formed Unicode: it has half of a character',
    });
  }

  #readMap(map: YAMLMap<Node, Node | null>, near: Place): object {
    const entries = new Map<string, unknown>();
    const lines = new Map<string, number>();
    for (const { key, value } of map.items) {
      const place = key.range ? this.#placeAt(key.range[0]) : near;
      if (!isScalar(key)) throw unreadable(place, 'a key must be a plain word');
      const name = keyText(key);
      // What it would bring in would be told as missing.
      if (name === '<<' && key.type === 'PLAIN') throw unreadable(place, 'YAML merge keys are not read', name);
      this.#checkText(name, place);
      const read = this.#readValue(name, value, place);
      const earlier = lines.get(name);
      if (earlier !== undefined) {
        this.problems.push({ ...place, key: name, message: `given twice; the first is on line ${earlier}` });
      } else if (read !== null || this.#nullsDepth > 0 || name === 'where') entries.set(name, read);
      if (earlier === undefined) lines.set(name, place.line);
    }
    return Object.fromEntries(entries);
  }

  #readValue(name: string, value: Node | null, place: Place): unknown {
    const outer = this.#key;
    const keepsNulls = nullIsValue.has(name);
    this.#key = name;
    if (keepsNulls) this.#nullsDepth++;
    const read = this.read(value, place);
    if (keepsNulls) this.#nullsDepth--;
    this.#key = outer;
    return read;
  }
}

function readScalar({ value, source }: Scalar, place: Place): unknown {
  if (typeof value === 'bigint') return readWhole(value, source ?? '');
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value;
  throw unreadable(place, 'a value of a kind that a definition has no use for');
}

/** Beyond 2^53 none loses a digit before it has been judged; and in hex it is an address or a hash without quotes. */
function readWhole(value: bigint, source: string): number | bigint | string {
  if (/^0x[0-9a-f]{15,}$/i.test(source)) return source;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function keyText(key: Scalar): string {
  return typeof key.value === 'string' ? key.value : (key.source ?? '');
}

/** Short, on one line, and no URL, because URLs hold secrets. */
function shown(node: Node | null): string {
  if (isSeq(node)) return 'a list';
  if (isMap(node)) return 'a mapping';
  if (!isScalar(node) || node.value === null) return 'nothing';
  const source = node.source ?? '';
  if (source.includes('://')) return 'a URL';
  const text = JSON.stringify(source.length > 80 ? `${source.slice(0, 77)}...` : source);
  return typeof node.value === 'string' ? text : text.slice(1, -1);
}
