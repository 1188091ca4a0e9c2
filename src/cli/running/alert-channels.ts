import { UsageError } from '../../runtime/errors.js';
import type { AlertChannel } from '../../tasks/alerts/alert-message.js';
import { discordChannel, slackChannel, telegramChannel } from '../../tasks/alerts/channels/chat-channel.js';
import { EmailChannel } from '../../tasks/alerts/channels/email-channel.js';
import { PagerDutyChannel } from '../../tasks/alerts/channels/pagerduty-channel.js';
import { WebhookChannel } from '../../tasks/alerts/channels/webhook-channel.js';
import { CommandChannel } from './command-channel.js';
import type { CommandContext } from '../context/context.js';

type Context = Pick<CommandContext, 'settings' | 'clock' | 'cwd' | 'env'>;

/** Makes the channels that the settings name, none where they name none; throws UsageError for one that is named by half. */
export function alertChannels(context: Context): readonly AlertChannel[] {
  const { settings, clock, cwd, env } = context;
  const { webhookUrl, webhookSecret: secret, command, slackUrl, discordUrl, deliveryTimeoutSeconds } = settings.alerts;
  const limit = { timeoutMs: deliveryTimeoutSeconds * 1_000, clock };
  return [
    ...(webhookUrl === null ? [] : [new WebhookChannel({ ...limit, url: webhookUrl, secret })]),
    ...(command === null ? [] : [new CommandChannel({ ...limit, command, cwd, env })]),
    ...(slackUrl === null ? [] : [slackChannel({ ...limit, url: slackUrl })]),
    ...(discordUrl === null ? [] : [discordChannel({ ...limit, url: discordUrl })]),
    ...telegram(context, limit),
    ...pagerDuty(context, limit),
    ...email(context, limit),
  ];
}

interface Limit extends Pick<CommandContext, 'clock'> {
  readonly timeoutMs: number;
}

function telegram({ settings }: Context, limit: Limit): readonly AlertChannel[] {
  const { telegramToken: token, telegramChat: chat, telegramUrl: url } = settings.alerts;
  if (token === null && chat === null) return [];
  if (token === null || chat === null) throw incomplete('Telegram', 'telegram_token', 'telegram_chat');
  return [telegramChannel({ ...limit, url, token, chat })];
}

function pagerDuty({ settings }: Context, limit: Limit): readonly AlertChannel[] {
  const { pagerdutyKey: routingKey, pagerdutyUrl: url } = settings.alerts;
  return routingKey === null ? [] : [new PagerDutyChannel({ ...limit, url, routingKey })];
}

function email({ settings }: Context, limit: Limit): readonly AlertChannel[] {
  const { emailUrl: url, emailFrom: from, emailTo: to } = settings.alerts;
  if (url === null && from === null && to === null) return [];
  if (url === null || from === null || to === null) throw incomplete('e-mail', 'email_url', 'email_from', 'email_to');
  return [new EmailChannel({ ...limit, url, from, to })];
}

function incomplete(what: string, ...keys: readonly string[]): UsageError {
  const named = keys.map((key) => `alerts.${key}`).join(' and ');
  return new UsageError(`${what} of alerts is set by half`, { hint: `set ${named}` });
}
