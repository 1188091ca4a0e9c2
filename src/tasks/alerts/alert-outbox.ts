import type { Clock } from '../../runtime/clock.js';
import { AlertDeliveryError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { waitAtMost } from '../../runtime/wait-at-most.js';
import { AlertLane } from './alert-lane.js';
import type { AlertChannel, AlertMessage, Posting } from './alert-message.js';

export interface AlertOutboxOptions {
  readonly channels: readonly AlertChannel[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A message that no channel has taken yet. */
interface Untaken {
  readonly message: AlertMessage;
  readonly postedAt: number;
  readonly onUntaken: () => void;
}

/** Messages that no channel has taken, of which it is known; more are given up. */
const mostUntaken = 100;

/** After how long another process may try what none of the channels takes here, in milliseconds. */
const patienceMs = 900_000;

/** Delivers alerts in the background, on each channel by itself. Who posts one never waits. */
export class AlertOutbox {
  readonly #options: AlertOutboxOptions;
  readonly #lanes: readonly AlertLane[];
  /** By key; of each the newest. */
  readonly #untaken = new Map<string, Untaken>();
  readonly #closed = new AbortController();

  constructor(options: AlertOutboxOptions) {
    this.#options = options;
    const { clock, logger } = options;
    const hears = {
      onTaken: (message: AlertMessage): void => this.#taken(message),
      onFailed: (): void => this.#giveUpOld(),
    };
    const signal = this.#closed.signal;
    this.#lanes = options.channels.map((channel) => new AlertLane({ channel, clock, logger, signal, ...hears }));
  }

  /** Takes a message to every channel; what an older one of the same alert has not reached it reaches in its place. */
  post(message: AlertMessage, posting: Posting = {}): void {
    const { key } = message.data;
    const { onUntaken } = posting;
    this.#untaken.delete(key);
    for (const lane of this.#lanes) lane.post(message, posting);
    if (onUntaken === undefined || this.#lanes.length === 0) return;
    this.#untaken.set(key, { message, postedAt: this.#options.clock.monotonic(), onUntaken });
    const [oldest] = this.#untaken.values();
    if (oldest !== undefined && (this.#closed.signal.aborted || this.#untaken.size > mostUntaken)) this.#giveUp(oldest);
  }

  /** Waits for what is on its way, but no longer than so many milliseconds; then drops it. */
  async close(ms: number): Promise<void> {
    const whenIdle = (): Promise<unknown> => Promise.all(this.#lanes.map((lane) => lane.whenIdle()));
    await waitAtMost(whenIdle(), { clock: this.#options.clock, ms });
    this.#closed.abort(new AlertDeliveryError('this process has ended', { retryable: false }));
    await whenIdle();
    for (const untaken of [...this.#untaken.values()]) this.#giveUp(untaken);
  }

  #taken(message: AlertMessage): void {
    const { key } = message.data;
    if (this.#untaken.get(key)?.message === message) this.#untaken.delete(key);
  }

  #giveUpOld(): void {
    const now = this.#options.clock.monotonic();
    for (const untaken of [...this.#untaken.values()]) if (now - untaken.postedAt >= patienceMs) this.#giveUp(untaken);
  }

  #giveUp({ message, onUntaken }: Untaken): void {
    this.#untaken.delete(message.data.key);
    for (const lane of this.#lanes) lane.drop(message);
    onUntaken();
  }
}
