import { SecretMask, maskUrl } from '../runtime/secrets.js';
import { maskWords } from './mask-words.js';
import { WrongText } from './setting-values.js';
import type { Problems } from '../runtime/problems.js';
import { flagName, type FoundSetting, type Setting } from './setting.js';
import type { SettingsSource } from './settings-sources.js';
import { isRow, type SettingValues } from './settings-table.js';

/** One setting as `chainparse config` shows it: by its key in the configuration file, secrets masked. */
export interface ShownSetting {
  readonly name: string;
  readonly value: string;
  readonly origin: string;
}

/** The origin of what no source names. */
const unset = 'default';

/** What stands for a setting that no source names, by its key. */
export type Fallbacks = Readonly<Record<string, () => FoundSetting | undefined>>;

/** Reads settings and keeps what each was. */
export class SettingsReader {
  readonly shown: ShownSetting[] = [];
  readonly #sources: readonly SettingsSource[];
  readonly #fallbacks: Fallbacks;
  readonly #problems: Problems;

  constructor(sources: readonly SettingsSource[], fallbacks: Fallbacks, problems: Problems) {
    this.#sources = sources;
    this.#fallbacks = fallbacks;
    this.#problems = problems;
  }

  /** Reads all settings of a table; a value that is wrong is a problem, and then none of them may be used. */
  readAll<Table extends object>(table: Table): SettingValues<Table> {
    const entries = Object.entries(table).map(([name, each]) => {
      return [name, isRow(each) ? this.#read(each) : this.readAll(each as object)] as const;
    });
    return Object.fromEntries(entries) as SettingValues<Table>;
  }

  /** Says where a setting came from. */
  originOf({ key }: Setting<unknown>): string {
    return this.shown.find(({ name }) => name === key)?.origin ?? unset;
  }

  #read(setting: Setting<unknown>): unknown {
    const fallback = this.#fallbacks[setting.key];
    const found = this.#find(setting) ?? (fallback === undefined ? undefined : this.#problems.collect(fallback));
    const { text, origin } = found ?? { text: setting.default, origin: unset };
    const shown = shownText(setting, text);
    this.shown.push({ name: setting.key, value: shown, origin });
    if (found === undefined && setting.unset !== undefined) return setting.unset.value;
    try {
      return setting.read(text);
    } catch (error) {
      if (!(error instanceof WrongText)) throw error;
      this.#problems.add(`${setting.title} '${shown}' (${origin}) ${error.message}`, setting.hint);
      return undefined;
    }
  }

  #find(setting: Setting<unknown>): FoundSetting | undefined {
    for (const { kind, entries } of this.#sources) {
      const found = entries.get(nameIn(setting, kind) ?? '');
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Returns the name by which a kind of source knows a setting; undefined where it does not. */
export function nameIn(setting: Setting<unknown>, kind: SettingsSource['kind']): string | undefined {
  return kind === 'flag' ? flagName(setting) : setting[kind];
}

/** Makes a text safe to show; the default is no secret: docs/cli.md has it. */
function shownText({ secret, default: known }: Setting<unknown>, text: string): string {
  if (text === '' || text === known || secret === undefined) return text;
  if (secret === 'url') return maskUrl(text);
  return secret === 'password' ? '***' : new SecretMask().mask(maskWords(text));
}
