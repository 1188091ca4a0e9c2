import { alertSettings } from './alert-settings.js';
import { generalSettings } from './general-settings.js';
import { apiSettings, metricsSettings } from './server-settings.js';
import type { Setting } from './setting.js';

/**
 * Every setting, by the name that the code has for it. Reading, options of commands, `chainparse config`, masking and the
 * documents all come from here; a new setting is one row.
 */
export const settingsTable = {
  ...generalSettings,
  alerts: alertSettings,
  api: apiSettings,
  metrics: metricsSettings,
} as const;

/** What is read by a table of settings. */
export type SettingValues<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer T> ? T : SettingValues<Table[Name]>;
};

type Row = Setting<unknown>;

type KeysIn<Table> = {
  [Name in keyof Table]: Table[Name] extends { key: infer K } ? K : KeysIn<Table[Name]>;
}[keyof Table];

/** What settings are called in the configuration file. */
export type SettingKey = KeysIn<typeof settingsTable> | typeof rpcUrlSetting.key;

/** Every row, in the order of `chainparse config`. */
export const allSettings: readonly Row[] = rowsOf(settingsTable);

function rowsOf(table: Readonly<Record<string, unknown>>): readonly Row[] {
  return Object.values(table).flatMap((each) => (isRow(each) ? [each] : rowsOf(each as Record<string, unknown>)));
}

/** Tells a setting from a group of them. */
export function isRow(each: unknown): each is Row {
  return typeof (each as Partial<Row>).key === 'string';
}

/**
 * The RPC URLs of chains: the one setting that there is for each chain, and that a flag sets for all of them. Its variable
 * stands for `ETHEREUM_RPC_URL`, `BSC_RPC_URL` and so on, its key for `rpc_urls.ethereum`.
 */
export const rpcUrlSetting = {
  key: 'rpc_urls',
  flag: '--rpc-url <url>',
  variable: '<CHAIN>_RPC_URL',
  default: '',
  description: 'RPC endpoint; repeat it for several',
} as const;
