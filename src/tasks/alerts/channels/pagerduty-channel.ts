import { printableLine } from '../../../runtime/printable.js';
import type { AlertChannel, AlertMessage } from '../alert-message.js';
import { cut } from './alert-words.js';
import { postAlert, type PostOptions } from './post-alert.js';

/** Which service of PagerDuty is told; `url` is that of its Events API v2. */
export interface PagerDutyOptions extends PostOptions {
  readonly routingKey: string;
}

/** Characters that PagerDuty takes of a key and of a summary. */
const most = { key: 255, summary: 1_024 } as const;

/**
 * Triggers an incident of PagerDuty for each alert, and resolves it when that is over: its key is that of the alert, so that
 * there is one, however often and by however many it is told. A test opens one, and resolves it at once.
 */
export class PagerDutyChannel implements AlertChannel {
  readonly name = 'PagerDuty';
  readonly #options: PagerDutyOptions;

  constructor(options: PagerDutyOptions) {
    this.#options = options;
  }

  async send(message: AlertMessage, signal: AbortSignal): Promise<void> {
    if (message.data.state === 'open')
      await this.#post({ ...this.#event(message, 'trigger'), ...payloadOf(message) }, signal);
    if (message.data.state === 'cleared' || message.type === 'alert.test') {
      await this.#post(this.#event(message, 'resolve'), signal);
    }
  }

  #event({ data }: AlertMessage, action: 'trigger' | 'resolve'): object {
    return {
      routing_key: this.#options.routingKey,
      event_action: action,
      dedup_key: cut(`chainparse:${data.key}`, most.key),
    };
  }

  async #post(event: object, signal: AbortSignal): Promise<void> {
    await postAlert(this.#options, { body: JSON.stringify(event) }, signal);
  }
}

function payloadOf({ type, timestamp, data }: AlertMessage): object {
  return {
    client: 'chainparse',
    ...(data.link === null
      ? {}
      : { client_url: data.link, links: [{ href: data.link, text: 'the page of chainparse' }] }),
    payload: {
      summary: cut(data.message, most.summary),
      source: data.worker,
      severity: type === 'alert.test' ? 'info' : data.severity,
      timestamp,
      component: printableLine(data.subject),
      class: data.rule,
      custom_details: { ...data.details, alert_id: data.alert_id, since_seconds: data.since_seconds },
    },
  };
}
