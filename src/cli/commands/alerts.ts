import { AlertStore } from '../../database/operations/alert-store.js';
import type { Alert } from '../../model/alert.js';
import { alertToJson } from '../../model/alert-json.js';
import { storedAlertText } from '../../model/alert-text.js';
import { ChainparseError, RuntimeFailure, UsageError, messageOf } from '../../runtime/errors.js';
import type { Lang } from '../../runtime/lang.js';
import { toAlertMessage } from '../../tasks/alerts/alert-message.js';
import { ageText } from '../../texts/age-text.js';
import { muteCommands } from './alerts-mute.js';
import { alertChannels } from '../running/alert-channels.js';
import type { CommandContext } from '../context/context.js';
import type { Cell } from '../terminal/output.js';
import { briefInstant } from '../terminal/brief-texts.js';
import type { Heading } from '../terminal/render-table.js';
import { thisProcess } from '../context/this-process.js';
import { withDatabase } from '../context/opened-databases.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandBody } from '../command-line/command.js';

/** Commands about alerts. */
export const command: CommandBody = {
  commands: [
    {
      name: 'list',
      summary: 'list the alerts that stand, newest first',
      options: [
        { flags: '--all', description: 'those that were cleared, too' },
        { flags: '--limit <n>', description: 'how many; 20 where left out', kind: 'id' },
      ],
      action: listAlerts,
    },
    {
      name: 'clear',
      summary: 'clear an alert; it stays quiet until it would have been repeated',
      arguments: [{ name: 'id', description: "the alert's id", kind: 'alert', optional: true }],
      options: [{ flags: '--all', description: 'every alert that stands' }],
      action: clearAlerts,
    },
    ...muteCommands,
    {
      name: 'test',
      summary: 'send a test message to each channel of the settings',
      action: testAlerts,
    },
  ],
};

const headings: readonly Heading[] = [
  { column: 'id', align: 'right' },
  { column: 'rule', cut: 1 },
  { column: 'state', cut: 2 },
  { column: 'raised', cut: 3, brief: briefInstant },
  { column: 'for', align: 'right' },
  { column: 'told', align: 'right', cut: 4 },
  { column: 'message', least: 24 },
];

/** Lists alerts, newest first: those that stand, or all. */
async function listAlerts(
  context: CommandContext,
  { all = false, limit = 20 }: { readonly all?: boolean; readonly limit?: number },
): Promise<void> {
  const { output, settings } = context;
  const { pageUrl } = settings.alerts;
  const found = await withDatabase(context, (database) => new AlertStore(database).list({ all, limit }));
  if (output.isJson)
    return output.json({ alerts: found.alerts.map((alert) => alertToJson(alert, pageUrl)), total: found.total });
  await output.table(
    headings,
    found.alerts.map((alert) => alertRow(alert, output.lang)),
  );
  if (found.total > found.alerts.length) output.note(`${found.total} alerts in all: --limit shows more`);
}

function alertRow(alert: Alert, lang: Lang): readonly Cell[] {
  const { id, rule, clearTime, createTime, sinceSeconds = 0, notifications, mutedUntil } = alert;
  const state = textsIn(lang).commands.alert;
  return [
    id,
    rule,
    clearTime !== null ? state.cleared : mutedUntil === null ? state.open : state.muted,
    createTime,
    ageText(sinceSeconds, lang),
    notifications,
    storedAlertText(alert, lang),
  ];
}

/** Clears an alert, or all; throws NotFoundError, and RuntimeFailure where it had been cleared already. */
async function clearAlerts(
  context: CommandContext,
  { id, all = false }: { readonly id?: number; readonly all?: boolean },
): Promise<void> {
  if ((id === undefined) === !all) {
    throw new UsageError('give the id of an alert, or --all', { hint: 'chainparse alerts list' });
  }
  const count = await withDatabase(context, (database) => clear(new AlertStore(database), id));
  if (context.output.isJson)
    return context.output.json(id === undefined ? { cleared: count } : { alert_id: id, cleared: 1 });
  await context.output.line(
    id === undefined ? `${count} ${count === 1 ? 'alert' : 'alerts'} cleared` : `alert ${id} cleared`,
  );
}

async function clear(store: AlertStore, id: number | undefined): Promise<number> {
  if (id === undefined) return store.dismissAll();
  if (await store.dismiss(id)) return 1;
  throw new RuntimeFailure(`alert ${id} has been cleared already`, { hint: 'chainparse alerts list --all' });
}

/** What became of a channel's test message. */
interface Sent {
  readonly channel: string;
  /** Null: it was delivered. */
  readonly error: string | null;
  /** What to do, where that is known of this error. */
  readonly hint?: string | undefined;
}

/** Sends a test message through each channel that the settings name; throws RuntimeFailure where one of them fails. */
async function testAlerts(context: CommandContext): Promise<void> {
  const { clock, output, settings, signals } = context;
  const channels = alertChannels(context);
  if (channels.length === 0) {
    throw new UsageError('nobody is told of alerts: no channel is set', {
      hint: 'set CHAINPARSE_ALERT_WEBHOOK_URL, …_COMMAND, …_SLACK_URL, …_DISCORD_URL, …_TELEGRAM_TOKEN, …_PAGERDUTY_KEY or …_EMAIL_URL, or write them into chainparse.config.yaml',
    });
  }
  const message = testMessage(clock.now(), settings.alerts.pageUrl);
  const results = await Promise.all(
    channels.map((channel) =>
      channel.send(message, signals.stopping).then(
        (): Sent => ({ channel: channel.name, error: null }),
        (error: unknown) => failedBy(channel.name, error),
      ),
    ),
  );
  if (output.isJson)
    await output.json({
      results: results.map(({ channel, error }) => ({ channel, error, ok: error === null })),
    });
  else for (const { channel, error } of results) await output.line(`${channel}: ${error ?? 'delivered'}`);
  const failed = results.filter(({ error }) => error !== null);
  const [first] = failed;
  if (first === undefined) return;
  throw new RuntimeFailure(
    `${failed.length} of ${results.length} channels failed, ${first.channel} first: ${String(first.error)}`,
    { hint: first.hint ?? 'chainparse config shows what each channel is set to, and where that comes from' },
  );
}

function failedBy(channel: string, error: unknown): Sent {
  return { channel, error: messageOf(error), hint: error instanceof ChainparseError ? error.hint : undefined };
}

function testMessage(now: number, pageUrl: string | null): ReturnType<typeof toAlertMessage> {
  const message = 'this is a test of chainparse alerts';
  const condition = { rule: 'test', subject: 'test', message, taskId: null, pipelineId: null, details: {} } as const;
  return toAlertMessage('test', condition, { alertId: null, worker: thisProcess().name, openSeconds: 0, pageUrl, now });
}
