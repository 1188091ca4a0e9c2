import type { Clock } from '../../runtime/clock.js';
import { AlertDeliveryError, messageOf } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { retry } from '../../runtime/retry.js';
import { waitAtMost } from '../../runtime/wait-at-most.js';
import type { AlertChannel, AlertMessage } from './alert-message.js';

export interface AlertOutboxOptions {
  readonly channels: readonly AlertChannel[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Messages that may wait for a channel; the oldest give way to newer ones. */
const capacity = 100;

/** How often a message is tried, half a minute in all. */
const attempts = 6;
const backoff = { firstMs: 1_000, maxMs: 30_000 };

/** The longest that a receiver may have us wait for another try, in milliseconds. */
const longestWaitMs = 300_000;

/** Delivers alerts in the background, on each channel in order. Who posts one never waits, and never hears of a failure. */
export class AlertOutbox {
  readonly #options: AlertOutboxOptions;
  readonly #lanes: readonly Lane[];
  readonly #closed = new AbortController();

  constructor(options: AlertOutboxOptions) {
    this.#options = options;
    this.#lanes = options.channels.map((channel) => new Lane(channel, options, this.#closed.signal));
  }

  /** Takes a message to every channel. */
  post(message: AlertMessage): void {
    for (const lane of this.#lanes) lane.post(message);
  }

  /** Waits for what is on its way, but no longer than so many milliseconds; then drops it. */
  async close(patienceMs: number): Promise<void> {
    const whenIdle = (): Promise<unknown> => Promise.all(this.#lanes.map((lane) => lane.whenIdle()));
    await waitAtMost(whenIdle(), { clock: this.#options.clock, ms: patienceMs });
    this.#closed.abort(new AlertDeliveryError('this process has ended', { retryable: false }));
    await whenIdle();
  }
}

/** The messages for one channel. */
class Lane {
  readonly #channel: AlertChannel;
  readonly #options: Omit<AlertOutboxOptions, 'channels'>;
  readonly #signal: AbortSignal;
  readonly #waiting: AlertMessage[] = [];
  #working: Promise<void> | null = null;

  constructor(channel: AlertChannel, options: Omit<AlertOutboxOptions, 'channels'>, signal: AbortSignal) {
    this.#channel = channel;
    this.#options = options;
    this.#signal = signal;
  }

  post(message: AlertMessage): void {
    if (this.#signal.aborted) return;
    this.#waiting.push(message);
    if (this.#waiting.length > capacity) this.#tellLost(this.#waiting.shift(), 'too many are waiting');
    this.#working ??= this.#work().finally(() => (this.#working = null));
  }

  async whenIdle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      await this.#deliver(message).catch((error: unknown) => this.#tellLost(message, messageOf(error)));
    }
  }

  async #deliver(message: AlertMessage): Promise<void> {
    this.#signal.throwIfAborted();
    await retry(() => this.#channel.send(message, this.#signal), {
      clock: this.#options.clock,
      attempts,
      backoff,
      isRetryable: (error) => error instanceof AlertDeliveryError && error.retryable,
      leastWaitMs: (error) =>
        error instanceof AlertDeliveryError ? Math.min(error.retryAfterMs ?? 0, longestWaitMs) : 0,
      onRetry: (error, attempt) => {
        this.#log(
          'debug',
          `the ${this.#channel.name} failed (${attempt}): ${messageOf(error)}`,
          'alert.retried',
          message,
        );
      },
      signal: this.#signal,
    });
    this.#log(
      'debug',
      `the ${this.#channel.name} took ${message.type}: ${message.data.key}`,
      'alert.delivered',
      message,
    );
  }

  #tellLost(message: AlertMessage | undefined, why: string): void {
    if (message === undefined) return;
    const text = `the ${this.#channel.name} did not get ${message.type} ${message.data.key}: ${why}`;
    this.#log('warn', text, 'alert.undelivered', message);
  }

  #log(level: 'debug' | 'warn', text: string, event: string, { id, data }: AlertMessage): void {
    this.#options.logger.log(level, text, { event, message_id: id, alert_id: data.alert_id, key: data.key });
  }
}
