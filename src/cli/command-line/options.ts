import { allSettings, rpcUrlSetting, type SettingKey } from '../../settings/settings-table.js';
import { UsageError } from '../../runtime/errors.js';
import type { Command } from './command.js';
import type { OptionSpec } from '../context/command-outline.js';

/** The settings that every command takes as options, before or behind its name. */
const globalSettings: readonly SettingKey[] = ['database', 'lang', 'log_level', 'log_format', 'log_dir'];

const [database, ...others] = globalSettings.map(settingOption);

/** The settings that are options of commands which run pipelines. */
export const runSettings: readonly SettingKey[] = [
  ...(['rpc_urls', 'heartbeat_interval', 'stall_after', 'doubt', 'max_requests', 'rps', 'task_timeout'] as const),
  ...(['data_dir', 'portal_url', 'metrics.port', 'metrics.host'] as const),
];

/** The options that every command takes. */
export const globalOptions: readonly OptionSpec[] = [
  ...(database === undefined ? [] : [database]),
  { flags: '--json', description: 'print one JSON document, or one a line' },
  { flags: '-q, --quiet', description: 'print results and errors only' },
  { flags: '--no-color', description: 'print without colors' },
  { flags: '--wide', description: 'print tables whole, also where the terminal is narrower' },
  ...others,
];

/** The options that choose blocks. */
export const blockOptions: readonly OptionSpec[] = [
  { flags: '--from-block <n>', description: 'first block, inclusive', kind: 'number' },
  { flags: '--to-block <n>', description: 'last block, inclusive', kind: 'number' },
];

/** What they give. */
export interface BlockRange {
  readonly fromBlock?: number | undefined;
  readonly toBlock?: number | undefined;
}

/** Throws UsageError where no block can lie between what they give. */
export function checkBlockRange({ fromBlock, toBlock }: BlockRange): void {
  if (fromBlock === undefined || toBlock === undefined || fromBlock <= toBlock) return;
  throw new UsageError(`--from-block ${fromBlock} lies behind --to-block ${toBlock}`);
}

/** Returns a command's own options, its settings among them. */
export function optionsOf({
  options = [],
  settings = [],
}: Pick<Command, 'options' | 'settings'>): readonly OptionSpec[] {
  return [...options, ...settings.map(settingOption)];
}

/** Returns the names by which the flags of a command's settings are kept. */
export function settingFlags({ settings = [] }: Pick<Command, 'settings'>): readonly string[] {
  return [...globalSettings, ...settings].map((key) => optionName(settingOption(key)));
}

function settingOption(key: SettingKey): OptionSpec {
  if (key === rpcUrlSetting.key) return { ...rpcUrlSetting, flags: rpcUrlSetting.flag, repeatable: true };
  const setting = allSettings.find((each) => each.key === key);
  if (setting?.flag === undefined) throw new Error(`the setting ${key} is no option`);
  const { flag: flags, description, choices } = setting;
  return { flags, description, ...(choices === undefined ? {} : { choices }) };
}

/** Returns the name by which an option's value is kept: `fromBlock` of `--from-block <n>`. */
export function optionName(option: OptionSpec): string {
  return longFlag(option)
    .slice(2)
    .replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Returns an option's long flag: `--from-block` of `--from-block <n>`. */
export function longFlag({ flags }: OptionSpec): string {
  return /--[a-z-]+/.exec(flags)?.[0] ?? flags;
}
