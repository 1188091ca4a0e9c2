import { readFileSync } from 'node:fs';
import { UsageError } from '../runtime/errors.js';
import { misspelt } from '../runtime/nearest.js';
import { SecretMask, maskUrl } from '../runtime/secrets.js';
import { silenceLimit } from '../runtime/silence.js';
import { findMysqlUrl } from './mysql-variables.js';
import { chainsWithRpcUrls, findRpcSetting, findRpcUrls, ownRpcSettings, splitRpcUrls } from './rpc-urls.js';
import { Problems } from '../runtime/problems.js';
import type { FoundSetting } from './setting.js';
import { SettingsReader, nameIn, type ShownSetting } from './settings-reader.js';
import { findVariable, readSources, definitionVariables } from './settings-sources.js';
import type { Environment, SettingsPlaces, SettingsSource } from './settings-sources.js';
import { allSettings, settingsTable, type SettingValues } from './settings-table.js';

/** Every setting, validated. */
export interface Settings extends SettingValues<typeof settingsTable> {
  /** Returns a chain's RPC URLs, none where none is set; throws UsageError for one that is none. */
  rpcUrls(chainName: string): readonly string[];
  /** The names of the chains for which RPC URLs are set; null: one for whatever chain. */
  readonly rpcChains: readonly string[] | null;
}

/** When an alert is raised, and where it is sent. */
export type AlertSettings = Settings['alerts'];

/** Where the HTTP API listens, and who may use it. */
export type ApiSettings = Settings['api'];

/** A variable that is no setting's, but that of one with a slip in its name. */
export interface MisspeltVariable {
  /** Where it stands, and its name. */
  readonly origin: string;
  readonly meant: string;
}

export interface LoadedSettings {
  readonly settings: Settings;
  readonly shown: readonly ShownSetting[];
  /** What `${NAME}` in a definition stands for. */
  readonly variables: Environment;
  readonly misspelt: readonly MisspeltVariable[];
}

/** Where settings are looked for, and what learns their secrets. */
export interface LoadOptions extends Omit<SettingsPlaces, 'readFile'> {
  readonly readFile?: SettingsPlaces['readFile'] | undefined;
  readonly secrets?: SecretMask | undefined;
  /** What is wrong with the same command line besides. */
  readonly problems?: Problems | undefined;
}

/**
 * Loads the settings: a flag beats an environment variable, which beats `.env`, which beats `chainparse.config.yaml`,
 * which beats the default. Throws UsageError with all that is wrong: each thing names the setting, where it came from, what is wrong and
 * what to do.
 */
export function loadSettings(options: LoadOptions): LoadedSettings {
  const readFile = options.readFile ?? ((path: string): string => readFileSync(path, 'utf8'));
  const problems = options.problems ?? new Problems();
  const sources = readSources({ ...options, readFile }, problems);
  rememberSecrets(sources, options.secrets ?? new SecretMask());
  const fallbacks = {
    [settingsTable.databaseUrl.key]: () => findMysqlUrl(sources),
    [settingsTable.lang.key]: () => findSystemLang(sources),
  };
  const reader = new SettingsReader(sources, fallbacks, problems);
  const settings = {
    ...reader.readAll(settingsTable),
    rpcUrls: (name: string) => findRpcUrls(sources, name),
    rpcChains: sources[0]?.entries.has('rpcUrl') === true ? null : chainsWithRpcUrls(sources),
  };
  problems.collect(() => checkTimeout(settings, reader));
  for (const found of ownRpcSettings(sources)) problems.collect(() => splitRpcUrls(found));
  problems.throwIfAny();
  const shown = [...reader.shown, ...showRpcUrls(sources)];
  return { settings, shown, variables: definitionVariables(sources, options.env), misspelt: findMisspelt(sources) };
}

const ownPrefix = 'CHAINPARSE_';

/** Of other names nobody knows here whether a definition, or another program, means them. */
function findMisspelt(sources: readonly SettingsSource[]): readonly MisspeltVariable[] {
  const known = allSettings.flatMap(({ variable }) => ownPart(variable));
  const entries = sources.flatMap((source) => (source.kind === 'variable' ? [...source.entries] : []));
  return entries.flatMap(([name, { origin }]) =>
    ownPart(name).flatMap((own) => {
      const meant = known.includes(own) ? undefined : misspelt(own, known);
      return meant === undefined ? [] : [{ origin, meant: ownPrefix + meant }];
    }),
  );
}

/** What stands behind the prefix that nearly all have, and nobody writes wrong; nothing for a name without it. */
function ownPart(name: string): readonly string[] {
  return name.startsWith(ownPrefix) ? [name.slice(ownPrefix.length)] : [];
}

/** LANG is set on nearly every computer, by nobody in particular: it only beats the default. */
function findSystemLang(sources: readonly SettingsSource[]): FoundSetting | undefined {
  const found = findVariable(sources, 'LANG');
  return found === undefined ? undefined : { ...found, text: /^zh\b|^zh_/i.test(found.text) ? 'zh' : 'en' };
}

function checkTimeout(settings: Settings, reader: SettingsReader): void {
  const { taskTimeoutMinutes, heartbeatIntervalSeconds } = settings;
  // One that could not be read is told already: compared, it is NaN.
  const isShort = taskTimeoutMinutes * 60 < silenceLimit(heartbeatIntervalSeconds);
  if (!isShort) return;
  const timeoutOrigin = reader.originOf(settingsTable.taskTimeoutMinutes);
  const intervalOrigin = reader.originOf(settingsTable.heartbeatIntervalSeconds);
  throw new UsageError(
    `task timeout ${taskTimeoutMinutes} min (${timeoutOrigin}) is under three heartbeat intervals of ` +
      `${heartbeatIntervalSeconds} s (${intervalOrigin}): a living task would be failed for one late beat`,
    {
      hint: `give a timeout of at least ${silenceLimit(heartbeatIntervalSeconds) / 60} min, or a shorter heartbeat interval`,
    },
  );
}

function showRpcUrls(sources: readonly SettingsSource[]): readonly ShownSetting[] {
  const flag = sources[0]?.entries.get('rpcUrl');
  if (flag !== undefined) return [showRpcSetting('rpc_urls', splitRpcUrls(flag), flag.origin)];
  return chainsWithRpcUrls(sources).flatMap((chain) => {
    const found = findRpcSetting(sources, chain);
    return found === undefined ? [] : [showRpcSetting(`rpc_urls.${chain}`, found.text.split(/[,\s]+/), found.origin)];
  });
}

function showRpcSetting(name: string, urls: readonly string[], origin: string): ShownSetting {
  return { name, value: urls.map(maskUrl).join(', '), origin };
}

function rememberSecrets(sources: readonly SettingsSource[], secrets: SecretMask): void {
  for (const { secret, default: known } of allSettings) if (secret === 'url') secrets.leave(known);
  for (const { kind, entries } of sources) {
    for (const setting of allSettings) {
      const text = entries.get(nameIn(setting, kind) ?? '')?.text;
      if (text === undefined || text === setting.default) continue;
      if (setting.secret === 'url') secrets.remember(text);
      if (setting.secret === 'password') rememberPassword(text, secrets);
    }
    for (const [name, { text }] of entries) {
      if (/^MYSQL_PASSWORD$/.test(name)) secrets.rememberPassword(text);
      if (/_RPC_URL$|^rpcUrl$|^rpc_urls\./.test(name)) text.split(/[,\s]+/).forEach((url) => secrets.remember(url));
    }
  }
}

/** Of a signing secret the key may be told without its mark. */
function rememberPassword(text: string, secrets: SecretMask): void {
  secrets.rememberPassword(text);
  secrets.rememberPassword(text.replace(/^whsec_/, ''));
}
