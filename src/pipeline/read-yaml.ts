import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, Node, Pair, Scalar, YAMLMap } from 'yaml';
import { aliasTargets, parseDocument } from './yaml-document.js';
import type { AnyDocument, PlaceAt } from './yaml-document.js';
import { problemAt } from './yaml-node.js';
import type { MapEntry, MapNode, Place, YamlNode } from './yaml-node.js';

/** How many values all aliases together may stand for: enough to share an ABI, not enough for a bomb. */
const maxAliasedValues = 100_000;

/** Reads a text as one YAML (or JSON) document of nodes that know their lines; throws a UsageError with the place. */
export function readYaml(text: string, file: string): YamlNode {
  const { document, placeAt } = parseDocument(text, file);
  if (document.contents === null) throw problemAt({ file, line: 1 }, 'the file is empty');
  return new NodeReader(document, placeAt).read(document.contents);
}

/** Turns the parser's nodes into ours, following aliases within a budget. */
class NodeReader {
  readonly #targets: ReadonlyMap<Alias, Node>;
  readonly #placeAt: PlaceAt;
  readonly #open = new Set<Node>();
  #aliasDepth = 0;
  #aliasedValues = 0;

  constructor(document: AnyDocument, placeAt: PlaceAt) {
    this.#targets = aliasTargets(document);
    this.#placeAt = placeAt;
  }

  read(node: Node | null, near?: Place): YamlNode {
    const place = node?.range ? this.#placeAt(node.range[0]) : (near ?? this.#placeAt(0));
    if (this.#aliasDepth > 0 && ++this.#aliasedValues > maxAliasedValues) {
      throw problemAt(place, `aliases stand for more than ${maxAliasedValues} values`);
    }
    if (isAlias(node)) return this.#follow(node, place);
    if (isSeq<Node>(node)) return { kind: 'list', ...place, items: node.items.map((item) => this.read(item, place)) };
    if (isMap<Node, Node | null>(node)) return this.#readMap(node, place);
    if (isScalar(node)) return this.#readScalar(node, place);
    return { kind: 'scalar', ...place, value: null, source: '' };
  }

  #follow(alias: Alias, place: Place): YamlNode {
    const target = this.#targets.get(alias);
    if (target === undefined) throw problemAt(place, `alias *${alias.source} has no anchor before it`);
    if (this.#open.has(target)) throw problemAt(place, `alias *${alias.source} stands inside of what it refers to`);
    this.#open.add(target);
    this.#aliasDepth++;
    const value = this.read(target);
    this.#aliasDepth--;
    this.#open.delete(target);
    return { ...value, ...place };
  }

  #readMap(map: YAMLMap<Node, Node | null>, place: Place): MapNode {
    const entries = new Map<string, MapEntry>();
    for (const pair of map.items) {
      const [key, entry] = this.#readPair(pair, place);
      const earlier = entries.get(key);
      if (earlier !== undefined) throw problemAt(entry, `${key}: given twice; the first is on line ${earlier.line}`);
      entries.set(key, entry);
    }
    return { kind: 'map', ...place, entries };
  }

  #readPair({ key, value }: Pair<Node, Node | null>, near: Place): [string, MapEntry] {
    const place = key.range ? this.#placeAt(key.range[0]) : near;
    if (!isScalar(key)) throw problemAt(place, 'a key must be a plain word');
    return [keyText(key), { ...place, value: this.read(value, place) }];
  }

  #readScalar(node: Scalar, place: Place): YamlNode {
    const { value } = node;
    const source = node.source ?? '';
    if (value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value)) {
      return { kind: 'scalar', ...place, value: value as string | number | bigint | boolean | null, source };
    }
    throw problemAt(place, 'a value of a kind that a definition has no use for');
  }
}

function keyText(key: Scalar): string {
  return typeof key.value === 'string' ? key.value : (key.source ?? '');
}
