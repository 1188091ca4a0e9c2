import type { Clock } from '../../runtime/clock.js';
import { AlertDeliveryError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { beginWait, waitAtMost, type Deadline } from '../../runtime/wait-at-most.js';
import { AlertLane } from './alert-lane.js';
import type { AlertChannel, AlertMessage, Posting } from './alert-message.js';

export interface AlertOutboxOptions {
  readonly channels: readonly AlertChannel[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What no channel has taken yet of an alert. */
interface Untaken {
  /** The newest is tried; one before it may still be on its way. */
  readonly messages: AlertMessage[];
  readonly patience: Deadline;
  /** Undefined: receivers have had the alert, and only its repetition is given up. */
  readonly onUntaken: (() => void) | undefined;
}

/** Alerts that no channel has taken, of which it is known; more are given up. */
const mostUntaken = 100;

/** After how long another process may try what none of the channels takes here, in milliseconds: refused for good or not. */
const patienceMs = 900_000;

/** Delivers alerts in the background, on each channel by itself. Who posts one never waits. */
export class AlertOutbox {
  readonly #options: AlertOutboxOptions;
  readonly #lanes: readonly AlertLane[];
  /** By key, the oldest first. */
  readonly #untaken = new Map<string, Untaken>();
  readonly #closed = new AbortController();

  constructor(options: AlertOutboxOptions) {
    this.#options = options;
    const { clock, logger } = options;
    const onTaken = (message: AlertMessage): void => this.#taken(message);
    const signal = this.#closed.signal;
    this.#lanes = options.channels.map((channel) => new AlertLane({ channel, clock, logger, signal, onTaken }));
  }

  /** Takes a message to every channel; what an older one of the same alert has not reached it reaches in its place. */
  post(message: AlertMessage, posting: Posting = {}): void {
    for (const lane of this.#lanes) lane.post(message, posting);
    const { key } = message.data;
    const isRepeated = message.type === 'alert.repeated';
    const known = this.#untaken.get(key);
    if (isRepeated && known !== undefined) {
      known.messages.push(message);
      return;
    }
    this.#forget(key);
    if (this.#lanes.length > 0 && (isRepeated || posting.onUntaken !== undefined)) this.#keep(message, posting);
  }

  /** Waits for what is on its way, but no longer than so many milliseconds; then drops it. */
  async close(ms: number): Promise<void> {
    const whenIdle = (): Promise<unknown> => Promise.all(this.#lanes.map((lane) => lane.whenIdle()));
    await waitAtMost(whenIdle(), { clock: this.#options.clock, ms });
    this.#closed.abort(new AlertDeliveryError('this process has ended', { retryable: false }));
    await whenIdle();
    for (const key of [...this.#untaken.keys()]) this.#giveUp(key);
  }

  #keep(message: AlertMessage, { onUntaken }: Posting): void {
    const { key } = message.data;
    const patience = beginWait({ clock: this.#options.clock, ms: patienceMs });
    const untaken: Untaken = { messages: [message], patience, onUntaken };
    this.#untaken.set(key, untaken);
    void patience.over.then(() => {
      if (this.#untaken.get(key) === untaken) this.#giveUp(key);
    });
    const [oldest] = this.#untaken.keys();
    if (oldest !== undefined && (this.#closed.signal.aborted || this.#untaken.size > mostUntaken)) this.#giveUp(oldest);
  }

  #taken(message: AlertMessage): void {
    const { key } = message.data;
    if (this.#untaken.get(key)?.messages.includes(message) === true) this.#forget(key);
  }

  #giveUp(key: string): void {
    const untaken = this.#forget(key);
    for (const message of untaken?.messages ?? []) for (const lane of this.#lanes) lane.drop(message);
    untaken?.onUntaken?.();
  }

  #forget(key: string): Untaken | undefined {
    const untaken = this.#untaken.get(key);
    this.#untaken.delete(key);
    untaken?.patience.callOff();
    return untaken;
  }
}
