import type { Clock } from '../../runtime/clock.js';
import { AlertDeliveryError, messageOf } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { backoffMs } from '../../runtime/retry.js';
import { beginWait, waitAtMost, type Deadline } from '../../runtime/wait-at-most.js';
import type { AlertChannel, AlertMessage, Posting } from './alert-message.js';

export interface AlertLaneOptions {
  readonly channel: AlertChannel;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted when nothing more is to be delivered. */
  readonly signal: AbortSignal;
  readonly onTaken: (message: AlertMessage) => void;
}

/** A message that waits for the channel. Instants are by the monotonic clock. */
interface Waiting {
  readonly message: AlertMessage;
  readonly posting: Posting;
  readonly postedAt: number;
  tries: number;
  /** When it is tried next. */
  dueAt: number;
  /** It was logged that it is not delivered. */
  isLogged: boolean;
}

/** Messages that may wait for a channel; the oldest give way to newer ones. */
const capacity = 100;

/** How often a message is tried before others go first, half a minute in all. */
const firstTries = 6;

/** The longest wait is that which a receiver may ask for, too. */
const backoff = { firstMs: 1_000, maxMs: 300_000 };

/** What is older than so many milliseconds may be so no longer. */
const freshMs = 10_000;

/** How long the database may think about that, in milliseconds. */
const answerMs = 5_000;

/**
 * The messages for one channel, in order: of an alert the newest. One that fails is tried again and again, with growing waits,
 * half a minute before all others and then after them, as long as what it tells is so.
 */
export class AlertLane {
  readonly #options: AlertLaneOptions;
  /** By key, the oldest first; the one that is on its way is among them. */
  readonly #waiting = new Map<string, Waiting>();
  #sending: Waiting | null = null;
  /** Until when the receiver asks to be left alone. */
  #askedUntil = -Infinity;
  #pause: Deadline | null = null;
  #working: Promise<void> | null = null;

  constructor(options: AlertLaneOptions) {
    this.#options = options;
  }

  /** Takes a message in place of an older one of the same alert. */
  post(message: AlertMessage, posting: Posting): void {
    const { clock, signal } = this.#options;
    if (signal.aborted) return;
    const { key } = message.data;
    const now = clock.monotonic();
    this.#waiting.delete(key);
    this.#waiting.set(key, { message, posting, postedAt: now, tries: 0, dueAt: now, isLogged: false });
    this.#makeRoom();
    this.#pause?.callOff();
    this.#working ??= this.#work();
  }

  /** Tries a message no more. */
  drop(message: AlertMessage): void {
    const { key } = message.data;
    if (this.#waiting.get(key)?.message !== message) return;
    this.#waiting.delete(key);
    this.#pause?.callOff();
  }

  async whenIdle(): Promise<void> {
    await this.#working;
  }

  #makeRoom(): void {
    const others = [...this.#waiting.values()].filter((waiting) => waiting !== this.#sending);
    const [oldest] = others;
    if (oldest !== undefined && others.length > capacity) this.#lose(oldest, 'too many are waiting');
  }

  async #work(): Promise<void> {
    const { clock, signal } = this.#options;
    for (let next = this.#next(); next !== undefined && !signal.aborted; next = this.#next()) {
      const waitMs = Math.max(next.dueAt, this.#askedUntil) - clock.monotonic();
      if (waitMs > 0) await this.#pauseFor(waitMs);
      else await this.#try(next);
    }
    for (const waiting of [...this.#waiting.values()]) this.#lose(waiting, messageOf(signal.reason));
    this.#working = null;
  }

  /** What has failed a few times holds up nobody: it is tried when it is due and nothing else waits. */
  #next(): Waiting | undefined {
    const all = [...this.#waiting.values()];
    return all.find(({ tries }) => tries < firstTries) ?? all.sort((a, b) => a.dueAt - b.dueAt)[0];
  }

  async #pauseFor(ms: number): Promise<void> {
    const { clock, signal } = this.#options;
    this.#pause = beginWait({ clock, ms, signal });
    await this.#pause.over;
    this.#pause.callOff();
    this.#pause = null;
  }

  async #try(waiting: Waiting): Promise<void> {
    const { channel, signal, onTaken } = this.#options;
    const { message } = waiting;
    this.#sending = waiting;
    try {
      if (await this.#isOutdated(waiting)) {
        this.drop(message);
        return;
      }
      await channel.send(message, signal);
      this.drop(message);
      const text = `the ${channel.name} took ${message.type}: ${message.data.key}`;
      this.#log(waiting.isLogged ? 'info' : 'debug', text, 'alert.delivered', message);
      onTaken(message);
    } catch (error) {
      this.#failed(waiting, error);
    } finally {
      this.#sending = null;
    }
  }

  /** Others may have ended, or begun anew, what a message tells that has waited; where nobody can say it goes. */
  async #isOutdated({ posting, postedAt }: Waiting): Promise<boolean> {
    const { clock, signal } = this.#options;
    if (posting.isCurrent === undefined || clock.monotonic() - postedAt < freshMs) return false;
    const asked = posting.isCurrent().catch(() => null);
    return (await waitAtMost(asked, { clock, ms: answerMs, signal })) === false;
  }

  #failed(waiting: Waiting, error: unknown): void {
    const { channel, clock } = this.#options;
    const { message } = waiting;
    const now = clock.monotonic();
    const retried = error instanceof AlertDeliveryError && error.retryable ? error : null;
    if (retried !== null) this.#askedUntil = now + Math.min(retried.retryAfterMs ?? 0, backoff.maxMs);
    // A newer one has taken its place.
    if (this.#waiting.get(message.data.key) !== waiting) return;
    const why = messageOf(error);
    if (retried === null) {
      this.#lose(waiting, why);
      return;
    }
    waiting.tries++;
    waiting.dueAt = now + backoffMs(waiting.tries, backoff);
    this.#log('debug', `the ${channel.name} failed (${waiting.tries}): ${why}`, 'alert.retried', message);
    if (waiting.tries === firstTries) this.#tellUndelivered(waiting, `${why}; it is tried again`);
  }

  #lose(waiting: Waiting, why: string): void {
    this.drop(waiting.message);
    this.#tellUndelivered(waiting, why);
  }

  #tellUndelivered(waiting: Waiting, why: string): void {
    const { message, posting, isLogged } = waiting;
    const level = isLogged || posting.isKnown === true ? 'debug' : 'warn';
    waiting.isLogged = true;
    const text = `the ${this.#options.channel.name} did not get ${message.type} ${message.data.key}: ${why}`;
    this.#log(level, text, 'alert.undelivered', message);
  }

  #log(level: 'debug' | 'info' | 'warn', text: string, event: string, { id, data }: AlertMessage): void {
    this.#options.logger.log(level, text, { event, message_id: id, alert_id: data.alert_id, key: data.key });
  }
}
