import type { AlertChannel } from '../../tasks/alerts/alert-message.js';
import { WebhookChannel } from '../../tasks/alerts/webhook-channel.js';
import { CommandChannel } from './command-channel.js';
import type { CommandContext } from '../context.js';

/** Makes the channels that the settings name; none where they name none. */
export function alertChannels({
  settings,
  clock,
  cwd,
  env,
}: Pick<CommandContext, 'settings' | 'clock' | 'cwd' | 'env'>): readonly AlertChannel[] {
  const { webhookUrl: url, webhookSecret: secret, command, deliveryTimeoutSeconds } = settings.alerts;
  const timeoutMs = deliveryTimeoutSeconds * 1_000;
  return [
    ...(url === null ? [] : [new WebhookChannel({ url, secret, timeoutMs, clock })]),
    ...(command === null ? [] : [new CommandChannel({ command, timeoutMs, clock, cwd, env })]),
  ];
}
