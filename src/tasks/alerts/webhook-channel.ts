import type { Clock } from '../../runtime/clock.js';
import { AlertDeliveryError, messageOf } from '../../runtime/errors.js';
import type { AlertChannel, AlertMessage } from './alert-message.js';
import { giveUpLater } from '../../runtime/give-up-later.js';
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
    const { clock, timeoutMs } = this.#options;
    const reason = (): Error => failure(`no answer within ${timeoutMs / 1_000} s`);
    const limit = { clock, after: AbortSignal.abort(), delayMs: timeoutMs, reason };
    const status = await giveUpLater(limit, (late) => this.#post(message, AbortSignal.any([late, signal])));
    if (status >= 200 && status < 300) return;
    // What the receiver refuses as it is, it will refuse again.
    const retryable = status >= 500 || status === 408 || status === 429;
    throw new AlertDeliveryError(`it answered with status ${status}`, { retryable });
  }

  async #post(message: AlertMessage, signal: AbortSignal): Promise<number> {
    const { request } = await import('undici');
    const body = JSON.stringify(message);
    const url = new URL(this.#options.url);
    const headers = { ...this.#headers(message.id, body), ...basicLogin(url) };
    try {
      const { statusCode, body: answer } = await request(url, { method: 'POST', headers, body, signal, reset: true });
      answer.on('error', () => undefined).destroy();
      return statusCode;
    } catch (error) {
      signal.throwIfAborted();
      const { code } = error as { readonly code?: unknown };
      throw failure(messageOf(error) || (typeof code === 'string' ? code : 'the connection failed'));
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

/** Takes user and password out of a URL into the header that they belong in. */
function basicLogin(url: URL): Record<string, string> {
  const { username, password } = url;
  if (username === '' && password === '') return {};
  url.username = '';
  url.password = '';
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
}

function failure(message: string): AlertDeliveryError {
  return new AlertDeliveryError(message, { retryable: true });
}
