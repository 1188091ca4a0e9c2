import { readFileSync } from 'node:fs';
import { readAlertSettings, rememberAlertSecrets, type AlertSettings } from './alert-settings.js';
import { readApiSettings, rememberApiSecrets, type ApiSettings } from './api-settings.js';
import { UsageError } from './errors.js';
import type { FoundSetting } from './found-setting.js';
import type { LogLevel } from './logger.js';
import type { Lang } from './messages.js';
import { readMetricsSettings, type MetricsSettings } from './metrics-settings.js';
import { findMysqlUrl } from './mysql-variables.js';
import { chainsWithRpcUrls, findRpcSetting, findRpcUrls, splitRpcUrls } from './rpc-urls.js';
import { SecretMask, maskUrl } from './secrets.js';
import { settingDefinitions } from './setting-definitions.js';
import { SettingsReader, type ShownSetting } from './settings-reader.js';
import { findVariable, readSources, type SettingsPlaces, type SettingsSource } from './settings-sources.js';
import { silenceLimit } from './silence.js';

/** Every setting, validated. */
export interface Settings {
  readonly databaseUrl: string;
  /** An offset from UTC, such as `+08:00`; undefined where nothing is set: the database knows its own. */
  readonly databaseTimezone: string | undefined;
  readonly heartbeatIntervalSeconds: number;
  readonly stallAfterSeconds: number;
  /** How long the logs of a new block are doubted that nothing proves; 0: not. */
  readonly doubtSeconds: number;
  readonly taskTimeoutMinutes: number;
  readonly checkIntervalSeconds: number;
  readonly logDir: string;
  readonly logLevel: LogLevel;
  /** `auto`: pretty on a terminal, else json. */
  readonly logFormat: 'pretty' | 'json' | 'auto';
  readonly lang: Lang;
  readonly alerts: AlertSettings;
  readonly api: ApiSettings;
  readonly metrics: MetricsSettings;
  /** Returns a chain's RPC URLs, none where none is set; throws UsageError for one that is none. */
  rpcUrls(chainName: string): readonly string[];
}

export interface LoadedSettings {
  readonly settings: Settings;
  readonly shown: readonly ShownSetting[];
}

/** Where settings are looked for, and what learns their secrets. */
export interface LoadOptions extends Omit<SettingsPlaces, 'readFile'> {
  readonly readFile?: SettingsPlaces['readFile'] | undefined;
  readonly secrets?: SecretMask | undefined;
}

/**
 * Loads the settings: a flag beats an environment variable, which beats `.env`, which beats `chainparse.config.yaml`,
 * which beats the default. Throws UsageError that names the setting, where it came from, what is wrong and what to do.
 */
export function loadSettings(options: LoadOptions): LoadedSettings {
  const readFile = options.readFile ?? ((path: string): string => readFileSync(path, 'utf8'));
  const sources = readSources({ ...options, readFile });
  rememberSecrets(sources, options.secrets ?? new SecretMask());
  const reader = new SettingsReader(sources);
  const settings = readSettings(reader, sources);
  checkTimeout(settings, reader);
  return { settings, shown: [...reader.shown, ...showRpcUrls(sources)] };
}

function readSettings(reader: SettingsReader, sources: readonly SettingsSource[]): Settings {
  const definitions = settingDefinitions;
  return {
    databaseUrl: reader.read(definitions.databaseUrl, () => findMysqlUrl(sources)),
    databaseTimezone: reader.readSet(definitions.databaseTimezone),
    heartbeatIntervalSeconds: reader.read(definitions.heartbeatIntervalSeconds),
    stallAfterSeconds: reader.read(definitions.stallAfterSeconds),
    doubtSeconds: reader.read(definitions.doubtSeconds),
    taskTimeoutMinutes: reader.read(definitions.taskTimeoutMinutes),
    checkIntervalSeconds: reader.read(definitions.checkIntervalSeconds),
    logDir: reader.read(definitions.logDir),
    logLevel: reader.read(definitions.logLevel),
    logFormat: reader.read(definitions.logFormat),
    lang: reader.read(definitions.lang, () => findSystemLang(sources)),
    alerts: readAlertSettings(reader),
    api: readApiSettings(reader),
    metrics: readMetricsSettings(reader),
    rpcUrls: (chainName) => findRpcUrls(sources, chainName),
  };
}

/** LANG is set on nearly every computer, by nobody in particular: it only beats the default. */
function findSystemLang(sources: readonly SettingsSource[]): FoundSetting | undefined {
  const found = findVariable(sources, 'LANG');
  return found === undefined ? undefined : { ...found, text: /^zh\b|^zh_/i.test(found.text) ? 'zh' : 'en' };
}

function checkTimeout(settings: Settings, reader: SettingsReader): void {
  const { taskTimeoutMinutes, heartbeatIntervalSeconds } = settings;
  if (taskTimeoutMinutes * 60 >= silenceLimit(heartbeatIntervalSeconds)) return;
  const timeoutOrigin = reader.originOf(settingDefinitions.taskTimeoutMinutes);
  const intervalOrigin = reader.originOf(settingDefinitions.heartbeatIntervalSeconds);
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
  for (const { entries } of sources) {
    for (const [name, { text }] of entries) {
      if (/^MYSQL_PASSWORD$/.test(name)) secrets.rememberPassword(text);
      if (/^database$|^CHAINPARSE_DATABASE_URL$/.test(name)) secrets.remember(text);
      rememberAlertSecrets(name, text, secrets);
      rememberApiSecrets(name, text, secrets);
      if (/_RPC_URL$|^rpcUrl$|^rpc_urls\./.test(name)) text.split(/[,\s]+/).forEach((url) => secrets.remember(url));
    }
  }
}
