import { MuteStore } from '../../database/operations/mute-store.js';
import { readDatabaseTime } from '../../database/tasks/task-lives.js';
import { muteScopeText, muteToJson } from '../../model/alert-mute.js';
import { alertRules } from '../../model/alert.js';
import { UsageError } from '../../runtime/errors.js';
import { muteAlerts, unmuteAlerts } from '../../tasks/alerts/mute-alerts.js';
import { ageText } from '../../texts/age-text.js';
import { textsIn } from '../../texts/texts.js';
import type { ArgumentSpec, OptionSpec } from '../context/command-outline.js';
import type { Command } from '../command-line/command.js';
import { muteSeconds } from '../command-line/mute-length.js';
import type { CommandContext } from '../context/context.js';
import { withDatabase } from '../context/opened-databases.js';
import { briefInstant } from '../terminal/brief-texts.js';
import type { Heading } from '../terminal/render-table.js';

interface TargetOptions {
  readonly id?: number;
  readonly rule?: string;
  readonly pipeline?: number;
}

const id: ArgumentSpec = { name: 'id', description: "the alert's id", kind: 'alert', optional: true };
const target: readonly OptionSpec[] = [
  { flags: '--rule <rule>', description: 'alerts of this rule', choices: alertRules },
  { flags: '--pipeline <id>', description: 'alerts about this pipeline, by its id or name', kind: 'pipeline' },
];

/** Commands that keep alerts from being told for a while. */
export const muteCommands: readonly Command[] = [
  {
    name: 'mute',
    summary: 'tell nobody of an alert, or of those of a rule or a pipeline, for a while',
    arguments: [id],
    options: [
      ...target,
      { flags: '--for <time>', description: 'such as 30min, 2h or 7d; an hour where left out', kind: 'text' },
      {
        flags: '--until <time>',
        description: "an instant in the database's time zone, or with its offset",
        kind: 'text',
      },
    ],
    action: mute,
  },
  {
    name: 'unmute',
    summary: 'tell of them again',
    arguments: [id],
    options: [...target, { flags: '--all', description: 'of all that is muted' }],
    action: unmute,
  },
  { name: 'mutes', summary: 'list what is muted', action: listMutes },
];

const headings: readonly Heading[] = [
  { column: 'mute' },
  { column: 'until', brief: briefInstant },
  { column: 'left', align: 'right' },
];

async function mute(
  context: CommandContext,
  options: TargetOptions & { readonly for?: string; readonly until?: string },
): Promise<void> {
  const { output, clock } = context;
  const muted = await withDatabase(context, async (database) => {
    const clocks = { databaseTime: () => readDatabaseTime(database), now: clock.now() };
    const seconds = await muteSeconds(options, clocks);
    return muteAlerts(database, targetOf(options), { seconds, createdBy: 'command line' });
  });
  if (output.isJson) return output.json(muteToJson(muted));
  await output.line(textsIn(output.lang).commands.alert.isMuted(muteScopeText(muted), muted.until));
}

async function unmute(context: CommandContext, options: TargetOptions & { readonly all?: boolean }): Promise<void> {
  const { output } = context;
  const { all = false } = options;
  const isNamed = options.id !== undefined || options.rule !== undefined || options.pipeline !== undefined;
  if (all === isNamed) throw new UsageError('give what is muted, or --all', { hint: 'chainparse alerts mutes' });
  const ended = await withDatabase(context, (database) => unmuteAlerts(database, all ? null : targetOf(options)));
  if (output.isJson) return output.json({ unmuted: ended });
  await output.line(textsIn(output.lang).commands.alert.unmuted(ended));
}

async function listMutes(context: CommandContext): Promise<void> {
  const { output } = context;
  const mutes = await withDatabase(context, (database) => new MuteStore(database).list());
  if (output.isJson) return output.json({ mutes: mutes.map(muteToJson) });
  const rows = mutes.map((each) => [muteScopeText(each), each.until, ageText(each.secondsLeft, output.lang)]);
  await output.table(headings, rows);
}

function targetOf({ id: alertId, rule, pipeline: pipelineId }: TargetOptions) {
  return { alertId, rule, pipelineId };
}
