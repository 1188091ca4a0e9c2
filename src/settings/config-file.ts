import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import type { Node, Pair, YAMLMap } from 'yaml';
import { near } from '../runtime/nearest.js';
import type { Problems } from '../runtime/problems.js';
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
 * in the other maps under `MAP.KEY`. A text that is no YAML, an unknown key and a value of the wrong shape are problems, each
 * with file and line.
 */
export function readConfigFile(text: string, name: string, problems: Problems): Map<string, FoundSetting> {
  return text.trim() === '' ? new Map<string, FoundSetting>() : new ConfigFile(text, name, problems).read();
}

class ConfigFile {
  readonly #lines = new (yaml().LineCounter)();
  readonly #text: string;
  readonly #name: string;
  readonly #problems: Problems;
  readonly #entries = new Map<string, FoundSetting>();

  constructor(text: string, name: string, problems: Problems) {
    this.#text = text;
    this.#name = name;
    this.#problems = problems;
  }

  read(): Map<string, FoundSetting> {
    const document = yaml().parseDocument(this.#text, { lineCounter: this.#lines, prettyErrors: false });
    for (const { pos, message } of document.errors) this.#add(pos[0], `is no valid YAML: ${message}`);
    const { contents } = document;
    if (document.errors.length > 0 || isNothing(contents)) return this.#entries;
    if (yaml().isMap(contents)) this.#readEntries(contents);
    else this.#add(0, 'holds no map of settings');
    return this.#entries;
  }

  #readEntries(map: YAMLMap): void {
    for (const pair of map.items) {
      const key = keyOf(pair);
      if (key === 'rpc_urls') this.#readRpcUrls(pair);
      else if (groups.has(key)) this.#readGroup(key, pair);
      else if (plainKeys.includes(key)) this.#addEntry(key, pair);
      else this.#addUnknown(key, pair, [...plainKeys, 'rpc_urls', ...groups.keys()]);
    }
  }

  #readGroup(group: string, pair: Pair): void {
    const { value } = pair;
    if (isNothing(value)) return;
    if (!yaml().isMap(value)) {
      this.#addWrong(pair, 'must map names of settings to values');
      return;
    }
    const keys = groups.get(group) ?? [];
    for (const setting of value.items) {
      const key = keyOf(setting);
      if (keys.includes(key)) this.#addEntry(`${group}.${key}`, setting);
      else this.#addUnknown(key, setting, keys);
    }
  }

  #readRpcUrls(pair: Pair): void {
    const { value } = pair;
    if (isNothing(value)) return;
    if (!yaml().isMap(value)) this.#addWrong(pair, 'must map the names of chains to URLs');
    else for (const chain of value.items) this.#addEntry(`rpc_urls.${keyOf(chain).toLowerCase()}`, chain);
  }

  #addEntry(key: string, pair: Pair): void {
    const { value } = pair;
    if (isNothing(value)) return;
    const isList = yaml().isSeq(value) && (key.startsWith(`${rpcUrlSetting.key}.`) || listKeys.has(key));
    const texts = isList ? value.items.map(textOf) : [textOf(value)];
    if (texts.some((text) => text === undefined)) {
      this.#addWrong(pair, 'must be one value');
      return;
    }
    const text = isList && listKeys.has(key) ? JSON.stringify(texts) : texts.join('\n');
    this.#entries.set(key, { text, origin: `${this.#name}:${this.#lineOf(pair)}` });
  }

  #addUnknown(key: string, pair: Pair, keys: readonly string[]): void {
    const meant = near(key, keys);
    const hint = meant === undefined ? `the keys are ${keys.join(', ')}` : `did you mean '${meant}'?`;
    this.#problems.add(`${this.#name}:${this.#lineOf(pair)}: unknown key '${key}'`, hint);
  }

  #addWrong(pair: Pair, problem: string): void {
    this.#problems.add(`${this.#name}:${this.#lineOf(pair)}: '${keyOf(pair)}' ${problem}`);
  }

  #add(offset: number, problem: string): void {
    this.#problems.add(`${this.#name}:${this.#lines.linePos(offset).line || 1}: ${problem}`);
  }

  #lineOf(pair: Pair): number {
    return this.#lines.linePos((pair.key as Node).range?.[0] ?? 0).line;
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
