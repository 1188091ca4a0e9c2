import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import type { Node, Pair, YAMLMap } from 'yaml';
import { closest, distance } from 'fastest-levenshtein';
import { UsageError } from '../runtime/errors.js';
import type { FoundSetting } from './setting.js';
import { allSettings, rpcUrlSetting } from './settings-table.js';

const require = createRequire(import.meta.url);

/** A large package, which is not loaded before there is a file to read. */
const yaml = (): typeof Yaml => require('yaml') as typeof Yaml;

/** The keys that have one value each, beside `rpc_urls` and the maps. */
const plainKeys = allSettings.map(({ key }) => key).filter((key) => !key.includes('.'));

/** The maps of settings, by the key that they stand under. */
const groups: ReadonlyMap<string, readonly string[]> = groupKeys();

/** The keys whose value may be a list. */
const listKeys = new Set(allSettings.filter(({ isList }) => isList === true).map(({ key }) => key));

function groupKeys(): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { key } of allSettings) {
    const [group = '', name] = key.split('.');
    if (name !== undefined) groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return groups;
}

/**
 * Returns the settings of a configuration file by key; a chain's URLs stand under `rpc_urls.NAME`, one a line, and what is
 * in the other maps under `MAP.KEY`. Throws UsageError with file and line where the text is no YAML, a key is unknown or a
 * value has the wrong shape.
 */
export function readConfigFile(text: string, name: string): Map<string, FoundSetting> {
  return text.trim() === '' ? new Map<string, FoundSetting>() : new ConfigFile(text, name).read();
}

class ConfigFile {
  readonly #lines = new (yaml().LineCounter)();
  readonly #text: string;
  readonly #name: string;

  constructor(text: string, name: string) {
    this.#text = text;
    this.#name = name;
  }

  read(): Map<string, FoundSetting> {
    const document = yaml().parseDocument(this.#text, { lineCounter: this.#lines, prettyErrors: false });
    const fault = document.errors[0];
    if (fault !== undefined) throw this.#error(fault.pos[0], `is no valid YAML: ${fault.message}`);
    const { contents } = document;
    if (contents === null || (yaml().isScalar(contents) && contents.value === null)) return new Map();
    if (!yaml().isMap(contents)) throw this.#error(0, 'holds no map of settings');
    return this.#readEntries(contents);
  }

  #readEntries(map: YAMLMap): Map<string, FoundSetting> {
    const entries = new Map<string, FoundSetting>();
    for (const pair of map.items) {
      const key = keyOf(pair);
      if (key === 'rpc_urls') this.#readRpcUrls(pair, entries);
      else if (groups.has(key)) this.#readGroup(key, pair, entries);
      else if (plainKeys.includes(key)) this.#addEntry(entries, key, pair);
      else throw this.#unknownKey(key, pair, [...plainKeys, 'rpc_urls', ...groups.keys()]);
    }
    return entries;
  }

  #readGroup(group: string, pair: Pair, entries: Map<string, FoundSetting>): void {
    const { value } = pair;
    if (isNothing(value)) return;
    if (!yaml().isMap(value)) throw this.#wrongShape(pair, 'must map names of settings to values');
    for (const setting of value.items) {
      const key = keyOf(setting);
      const keys = groups.get(group) ?? [];
      if (!keys.includes(key)) throw this.#unknownKey(key, setting, keys);
      this.#addEntry(entries, `${group}.${key}`, setting);
    }
  }

  #readRpcUrls(pair: Pair, entries: Map<string, FoundSetting>): void {
    const { value } = pair;
    if (isNothing(value)) return;
    if (!yaml().isMap(value)) throw this.#wrongShape(pair, 'must map the names of chains to URLs');
    for (const chain of value.items) this.#addEntry(entries, `rpc_urls.${keyOf(chain).toLowerCase()}`, chain);
  }

  #addEntry(entries: Map<string, FoundSetting>, key: string, pair: Pair): void {
    const { value } = pair;
    if (isNothing(value)) return;
    const isList = yaml().isSeq(value) && (key.startsWith(`${rpcUrlSetting.key}.`) || listKeys.has(key));
    const texts = isList ? value.items.map(textOf) : [textOf(value)];
    if (texts.some((text) => text === undefined)) throw this.#wrongShape(pair, 'must be one value');
    const text = isList && listKeys.has(key) ? JSON.stringify(texts) : texts.join('\n');
    entries.set(key, { text, origin: `${this.#name}:${this.#lineOf(pair)}` });
  }

  #unknownKey(key: string, pair: Pair, keys: readonly string[]): UsageError {
    const nearest = closest(key, [...keys]);
    const isNear = distance(key, nearest) <= Math.max(2, key.length / 2);
    const hint = isNear ? `did you mean '${nearest}'?` : `the keys are ${keys.join(', ')}`;
    return new UsageError(`${this.#name}:${this.#lineOf(pair)}: unknown key '${key}'`, { hint });
  }

  #wrongShape(pair: Pair, problem: string): UsageError {
    return new UsageError(`${this.#name}:${this.#lineOf(pair)}: '${keyOf(pair)}' ${problem}`);
  }

  #lineOf(pair: Pair): number {
    return this.#lines.linePos((pair.key as Node).range?.[0] ?? 0).line;
  }

  #error(offset: number, problem: string): UsageError {
    return new UsageError(`${this.#name}:${this.#lines.linePos(offset).line || 1}: ${problem}`);
  }
}

function keyOf(pair: Pair): string {
  return yaml().isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function isNothing(node: unknown): boolean {
  return node === null || node === undefined || (yaml().isScalar(node) && node.value === null);
}

/** Returns a scalar as it was written, so that `+08:00` or `1e3` reach the setting untouched. */
function textOf(node: unknown): string | undefined {
  if (!yaml().isScalar(node)) return undefined;
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}
