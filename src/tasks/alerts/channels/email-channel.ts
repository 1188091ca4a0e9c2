import type { Transporter } from 'nodemailer';
import { loadPeer } from '../../../components/seam/optional-peer.js';
import type { Clock } from '../../../runtime/clock.js';
import { AlertDeliveryError, UsageError, messageOf } from '../../../runtime/errors.js';
import { giveUpLater } from '../../../runtime/give-up-later.js';
import { printableLine } from '../../../runtime/printable.js';
import { untilAborted } from '../../../runtime/until-aborted.js';
import type { AlertChannel, AlertMessage } from '../alert-message.js';
import { cut, wordsOf } from './alert-words.js';

export interface EmailOptions {
  /** `smtp://user:password@host:587`, or `smtps://…`. */
  readonly url: string;
  readonly from: string;
  readonly to: readonly string[];
  /** How long a delivery may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Sends alerts by e-mail; those about one thing are one conversation. */
export class EmailChannel implements AlertChannel {
  readonly name = 'e-mail';
  readonly #options: EmailOptions;

  constructor(options: EmailOptions) {
    this.#options = options;
  }

  async send(message: AlertMessage, signal: AbortSignal): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    const transport = await this.#open();
    const reason = (): Error => new AlertDeliveryError(`no answer within ${timeoutMs / 1_000} s`, { retryable: true });
    const limit = { clock, delayMs: timeoutMs, reason };
    try {
      // What is closed goes on waiting for a server that hangs: the end of a process does not.
      const sent = giveUpLater(limit, () => transport.sendMail(this.#mailOf(message)));
      if ((await untilAborted(sent, signal)) === null) signal.throwIfAborted();
    } catch (error) {
      signal.throwIfAborted();
      throw failureOf(error);
    } finally {
      transport.close();
    }
  }

  async #open(): Promise<Transporter> {
    const { url, timeoutMs } = this.#options;
    const { createTransport } = await loadPeer({
      ...{ type: 'e-mail of alerts', packages: ['nodemailer'] },
      load: () => import('nodemailer'),
    });
    const times = { connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs };
    return createTransport({ ...times, url });
  }

  #mailOf(message: AlertMessage): object {
    const { from, to } = this.#options;
    const { title, text, link } = wordsOf(message);
    const thread = `<${Buffer.from(message.data.key).toString('base64url').slice(0, 120)}@chainparse>`;
    const lines = [
      text,
      '',
      `rule: ${message.data.rule}`,
      `about: ${printableLine(message.data.subject)}`,
      `told by: ${message.data.worker}`,
    ];
    return {
      ...{ from, to: [...to], subject: oneLine(cut(`[chainparse] ${title}: ${text}`, 200)) },
      text: [...lines, ...(link === null ? [] : [`page: ${link}`])].join('\n'),
      ...{ messageId: `<${message.id}@chainparse>`, references: thread, inReplyTo: thread },
      headers: { 'Auto-Submitted': 'auto-generated' },
      // What an alert says must never name a file or an address to be read.
      ...{ disableFileAccess: true, disableUrlAccess: true },
    };
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** SMTP's 5xx are final; all else may be better in a while. */
function failureOf(error: unknown): Error {
  if (error instanceof AlertDeliveryError || error instanceof UsageError) return error;
  const { responseCode } = error as { readonly responseCode?: number };
  const isFinal = responseCode !== undefined && responseCode >= 500;
  return new AlertDeliveryError(oneLine(messageOf(error)), { retryable: !isFinal });
}
