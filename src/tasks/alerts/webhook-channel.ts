import type { Clock } from '../../runtime/clock.js';
import { AlertDeliveryError, messageOf } from '../../runtime/errors.js';
import type { AlertChannel, AlertMessage } from './alert-message.js';
import { HttpPost } from '../../runtime/http-post.js';
import { signWebhook } from './sign-webhook.js';

export interface WebhookOptions {
  readonly url: string;
  /** Null: deliveries are not signed. */
  readonly secret: string | null;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** POSTs alerts to a URL, signed; follows no redirect, and reads nothing of an answer but its status. */
export class WebhookChannel implements AlertChannel {
  readonly name = 'webhook';
  readonly #options: WebhookOptions;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  async send(message: AlertMessage, signal: AbortSignal): Promise<void> {
    const status = await this.#post(message, signal);
    if (status >= 200 && status < 300) return;
    // What the receiver refuses as it is, it will refuse again.
    const retryable = status >= 500 || status === 408 || status === 429;
    throw new AlertDeliveryError(`it answered with status ${status}`, { retryable });
  }

  async #post(message: AlertMessage, signal: AbortSignal): Promise<number> {
    const body = JSON.stringify(message);
    // Alerts are rare: a connection that waits for the next one would only be found dead then.
    const post = new HttpPost(this.#options);
    try {
      const { status } = await post.send(this.#headers(message.id, body), body, signal);
      return status;
    } catch (error) {
      signal.throwIfAborted();
      throw new AlertDeliveryError(messageOf(error), { retryable: true });
    } finally {
      await post.close();
    }
  }

  /** The time of sending is new in each try: a receiver refuses what is old, for it may be somebody's replay. */
  #headers(id: string, body: string): Record<string, string> {
    const { secret, clock } = this.#options;
    const timestamp = Math.floor(clock.now() / 1_000);
    return {
      'content-type': 'application/json',
      'user-agent': 'chainparse',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      ...(secret === null ? {} : { 'webhook-signature': signWebhook(secret, { id, timestamp, body }) }),
    };
  }
}
