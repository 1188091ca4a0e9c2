import { requireMigrated } from '../../database/schema/migrator.js';
import type { ShownSetting } from '../../settings/settings-reader.js';
import type { SettingKey } from '../../settings/settings-table.js';
import { Problems } from '../../runtime/problems.js';
import { giveUpLater } from '../../runtime/give-up-later.js';
import type { CommandContext } from '../context/context.js';
import type { Heading } from '../terminal/render-table.js';
import type { CommandBody } from '../command-line/command.js';
import { runSettings } from '../command-line/options.js';

/** What any command takes as a flag is taken here too: to see which value it would get. */
const flagged: readonly SettingKey[] = [
  ...runSettings,
  ...(['check_interval', 'api.host', 'api.port', 'api.older_clients'] as const),
];

export const command: CommandBody = { settings: flagged, action: showConfig };

const headings: readonly Heading[] = [
  { column: 'setting' },
  { column: 'value', least: 20 },
  { column: 'origin', cut: 1, least: 12 },
];

/** How long the database may take to tell its time zone, in milliseconds: the settings are shown all the same. */
const patienceMs = 2_000;

/** Prints every setting, its value and where it came from; secrets are masked. */
async function showConfig(context: CommandContext): Promise<void> {
  const { output } = context;
  warnOfWrongUrls(context);
  const stored = await readStoredTimezone(context);
  const shown = context.shownSettings.map((setting) =>
    setting.name === 'database_timezone' ? withStored(setting, context, stored) : setting,
  );
  if (output.isJson) {
    const settings = shown.map(({ name, value, origin }) => ({ setting: name, value, source: origin }));
    await output.json({ settings });
    return;
  }
  await output.table(
    headings,
    shown.map(({ name, value, origin }) => [name, value, origin]),
  );
}

/** Each is refused only by a command that needs its chain: variables may be those of other programs. */
function warnOfWrongUrls({ settings, logger }: CommandContext): void {
  const problems = new Problems();
  for (const chain of settings.rpcChains ?? []) problems.collect(() => settings.rpcUrls(chain));
  // What a comma cuts in two may be wrong in both parts, by the same name.
  for (const message of new Set(problems.found.map((each) => each.message)))
    logger.log('warn', message, { event: 'settings.rpc_url_wrong' });
}

/** The time zone is the database's: what is set otherwise is refused by every other command. */
function withStored(setting: ShownSetting, { settings }: CommandContext, stored: string | undefined): ShownSetting {
  const set = settings.databaseTimezone;
  if (stored === undefined || set === stored) return setting;
  if (set === undefined) return { ...setting, value: stored, origin: 'database' };
  return { ...setting, origin: `${setting.origin}; the database has ${stored}` };
}

/** Undefined where the database has none, or can't be asked now. */
async function readStoredTimezone(context: CommandContext): Promise<string | undefined> {
  const after = AbortSignal.abort();
  const reason = (): Error => new Error('no answer');
  try {
    return await giveUpLater({ clock: context.clock, after, delayMs: patienceMs, reason }, async () => {
      const opened = await context.database({ timezone: undefined });
      await requireMigrated(opened);
      return opened.timezone.value;
    });
  } catch {
    return undefined;
  }
}
