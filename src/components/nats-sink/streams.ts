import type { JetStreamManager, PubAck, StreamConfig } from '@nats-io/jetstream';
import { messageOf } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { ReceiverAwayError } from '../seam/delivery-errors.js';
import { nameOf, noStreamError } from './nats-errors.js';
import { sentSubject } from './nats-message.js';
import type { NatsMessage } from './nats-message.js';

/** How long a repetition may come after its message: a run that died is silent for three beats before another takes over. */
const repetitionSeconds = 120;

/** What is looked at of a stream. */
type Looked = Pick<StreamConfig, 'duplicate_window' | 'max_msg_size' | 'no_ack'>;

/** Looks, once for each subject, at the stream that keeps what is sent there. */
export class Streams {
  readonly #manager: JetStreamManager;
  readonly #logger: Logger;
  readonly #limits = new Map<string, number>();
  readonly #warned: Set<string>;

  constructor(manager: JetStreamManager, logger: Logger, warned: Set<string>) {
    this.#manager = manager;
    this.#logger = logger;
    this.#warned = warned;
  }

  /** Returns how large a message to a subject may be, in bytes; throws ReceiverAwayError where no stream takes one. */
  async limit(subject: string): Promise<number> {
    const known = this.#limits.get(subject) ?? (await this.#look(subject));
    this.#limits.set(subject, known);
    return known;
  }

  /** Says whether a stream has a message in some place; false where it can't be asked, or has it no more. */
  async has({ subject, payload }: NatsMessage, { stream, seq }: Pick<PubAck, 'stream' | 'seq'>): Promise<boolean> {
    try {
      const kept = await this.#manager.streams.getMessage(stream, { seq });
      const sentTo = kept?.header.get(sentSubject) || kept?.subject;
      return sentTo === subject && kept?.string() === payload;
    } catch (error) {
      this.#logger.log('debug', `message ${seq} of stream '${stream}' can't be looked at: ${messageOf(error)}`);
      return false;
    }
  }

  async #look(subject: string): Promise<number> {
    const found = await this.#find(subject);
    if (found === null) return Infinity;
    const [name, config] = found;
    if (config.no_ack) {
      const hint = `have it acknowledge what it stores: nats stream edit ${name} --ack`;
      throw new ReceiverAwayError(`stream '${name}' acknowledges nothing (no_ack)`, { hint });
    }
    this.#lookAtWindow(name, config.duplicate_window / 1e9);
    return config.max_msg_size > 0 ? config.max_msg_size : Infinity;
  }

  /** Null where the user may not look: whether there is a stream then shows when a message is sent. */
  async #find(subject: string): Promise<readonly [name: string, config: Looked] | null> {
    try {
      const name = await this.#manager.streams.find(subject);
      return [name, (await this.#manager.streams.info(name)).config];
    } catch (error) {
      if (nameOf(error) === 'StreamNotFoundError') throw noStreamError(subject, error);
      this.#logger.log('debug', `the stream of '${subject}' can't be looked at: ${messageOf(error)}`);
      return null;
    }
  }

  #lookAtWindow(name: string, seconds: number): void {
    if (seconds >= repetitionSeconds || this.#warned.has(name)) return;
    this.#warned.add(name);
    const what = `stream '${name}' forgets after ${seconds} s which messages it has (duplicate_window)`;
    this.#logger.log('warn', `${what}: what is sent again later is stored twice; ${repetitionSeconds} s is enough`);
  }
}
