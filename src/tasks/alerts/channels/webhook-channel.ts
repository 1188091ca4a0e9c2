import type { AlertChannel, AlertMessage } from '../alert-message.js';
import { postAlert, type PostOptions } from './post-alert.js';
import { signWebhook } from './sign-webhook.js';

export interface WebhookOptions extends PostOptions {
  /** Null: deliveries are not signed. */
  readonly secret: string | null;
}

/** POSTs alerts to a URL, signed, as Standard Webhooks has it. */
export class WebhookChannel implements AlertChannel {
  readonly name = 'webhook';
  readonly #options: WebhookOptions;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  async send(message: AlertMessage, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(message);
    await postAlert(this.#options, { body, headers: this.#headers(message.id, body) }, signal);
  }

  /** The time of sending is new in each try: a receiver refuses what is old, for it may be somebody's replay. */
  #headers(id: string, body: string): Record<string, string> {
    const { secret, clock } = this.#options;
    const timestamp = Math.floor(clock.now() / 1_000);
    return {
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      ...(secret === null ? {} : { 'webhook-signature': signWebhook(secret, { id, timestamp, body }) }),
    };
  }
}
