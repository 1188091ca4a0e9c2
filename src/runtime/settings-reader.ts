import { UsageError } from './errors.js';
import type { FoundSetting } from './found-setting.js';
import type { SettingDefinition } from './setting-definition.js';
import type { SettingsSource } from './settings-sources.js';

/** One setting as `chainparse config` shows it: by its key in the configuration file, secrets masked. */
export interface ShownSetting {
  readonly name: string;
  readonly value: string;
  readonly origin: string;
}

/** The origin of what no source names. */
const unset = 'default';

/** Reads one setting after the other and keeps what each was. */
export class SettingsReader {
  readonly shown: ShownSetting[] = [];
  readonly #sources: readonly SettingsSource[];

  constructor(sources: readonly SettingsSource[]) {
    this.#sources = sources;
  }

  /** Reads a setting; `fallback` is asked where no source names it. */
  read<T>(definition: SettingDefinition<T>, fallback?: () => FoundSetting | undefined): T {
    const found = this.#find(definition) ?? fallback?.();
    const { text, origin } = found ?? { text: definition.default, origin: unset };
    const shownText = definition.show?.(text) ?? text;
    this.shown.push({ name: definition.key, value: shownText, origin });
    // The default of the log format is a value that nobody can write.
    if (found === undefined && text === 'auto') return text as T;
    const result = definition.schema.safeParse(text);
    if (result.success) return result.data;
    const problem = result.error.issues[0]?.message ?? 'is malformed';
    throw new UsageError(`${definition.title} '${shownText}' (${origin}) ${problem}`, { hint: definition.hint });
  }

  /** As `read`, but undefined where no source names the setting. */
  readSet<T>(definition: SettingDefinition<T>): T | undefined {
    const value = this.read(definition);
    return this.originOf(definition) === unset ? undefined : value;
  }

  originOf(definition: SettingDefinition<unknown>): string {
    return this.shown.find(({ name }) => name === definition.key)?.origin ?? unset;
  }

  #find(definition: SettingDefinition<unknown>): FoundSetting | undefined {
    for (const { kind, entries } of this.#sources) {
      const name = definition[kind];
      const found = name === undefined ? undefined : entries.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
