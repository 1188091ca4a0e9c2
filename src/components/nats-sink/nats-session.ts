import type { PubAck } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { EventMessage } from '../../model/event-message.js';
import type { Logger } from '../../runtime/logger.js';
import { MessageRefusedError, ReceiverAwayError } from '../seam/delivery-errors.js';
import { nameFor } from '../keys/name-pattern.js';
import type { SinkSession } from '../seam/session-sink.js';
import { connectNats } from './connect-nats.js';
import type { NatsLibrary } from './nats-library.js';
import { named, natsMessage, sizeOf, writeHeaders } from './nats-message.js';
import type { NatsMessage } from './nats-message.js';
import { publishInTurn } from './publish-in-turn.js';
import type { Publisher } from './publish-in-turn.js';
import type { NatsConfig } from './schema.js';
import { Streams } from './streams.js';

/** How long the server may take for an answer. */
const answerMs = 10_000;

/** What a session is made of. */
export interface NatsParts {
  readonly library: NatsLibrary;
  readonly config: NatsConfig;
  /** By which the server's pages name the client. */
  readonly name: string;
  readonly logger: Logger;
  /** The streams of which somebody has been warned. */
  readonly warned: Set<string>;
  readonly names: NatsNames;
}

/** What a sink knows of its messages' ids, whichever connection it found that out by. */
export interface NatsNames {
  /** A stream took the message of another sink for one of these: from then on theirs are longer. */
  areOwn: boolean;
}

/** One connection to NATS, and what is known of the streams behind it. */
export class NatsSession implements SinkSession {
  readonly #connection: NatsConnection;
  readonly #streams: Streams;
  readonly #subject: string;
  readonly #logger: Logger;
  readonly #names: NatsNames;
  readonly #publisher: Publisher<PubAck>;
  #hasSent = false;

  private constructor(connection: NatsConnection, streams: Streams, { library, config, logger, names }: NatsParts) {
    const client = library.jetstream(connection, { timeout: answerMs });
    this.#connection = connection;
    this.#streams = streams;
    this.#subject = config.subject;
    this.#logger = logger;
    this.#names = names;
    this.#publisher = {
      publish: (message, behind) =>
        client.publish(message.subject, message.payload, { headers: writeHeaders(library.headers(), message, behind) }),
      // What an own id names is the same.
      isRepetition: async (message, taken) => names.areOwn || (await this.#has(message, taken)),
    };
  }

  /** Connects; throws ReceiverAwayError. */
  static async open(parts: NatsParts): Promise<NatsSession> {
    const { library, config, name, logger, warned } = parts;
    const connection = await connectNats(library, config, name);
    const manager = await library.jetstreamManager(connection, { checkAPI: false, timeout: answerMs });
    return new NatsSession(connection, new Streams(manager, logger, warned), parts);
  }

  /** Resolves once all are stored; throws MessageRefusedError before anything is sent where one is too large. */
  async send(told: readonly EventMessage[]): Promise<void> {
    const messages = told.map((message) => natsMessage(message, nameFor(this.#subject, message.eventName)));
    for (const message of messages) this.#refuseTooLarge(message, await this.#limit(message.subject));
    // What a stream has of another sink shows by the first message, before any other is stored behind it.
    const first = this.#hasSent || this.#names.areOwn ? 0 : await this.#publish(messages.slice(0, 1));
    this.#hasSent = true;
    await this.#publish(messages.slice(first));
  }

  /** Closes the connection; what is still awaited fails. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** A connection that broke says nothing of what a stream has. */
  async #has(message: NatsMessage, taken: PubAck): Promise<boolean> {
    if (await this.#streams.has(message, taken)) return true;
    if (!this.#connection.isClosed()) return false;
    throw new ReceiverAwayError(`NATS, ${message.subject}: the connection is closed`);
  }

  /** Returns how many it were, once all are stored. */
  async #publish(messages: readonly NatsMessage[]): Promise<number> {
    const own = this.#names.areOwn ? messages.map(named) : messages;
    const stored = await publishInTurn(own, this.#publisher);
    const dropped = messages[stored];
    if (dropped !== undefined) {
      this.#names.areOwn = true;
      const what = `there are messages with the ids of these, which are another sink's or can't be looked at, in the stream of '${dropped.subject}'`;
      this.#logger.log('warn', `${what}: from here on they get longer ones; a stream for each sink keeps them short`);
      await this.#publish(messages.slice(stored));
    }
    return messages.length;
  }

  async #limit(subject: string): Promise<number> {
    return Math.min(await this.#streams.limit(subject), this.#connection.info?.max_payload ?? Infinity);
  }

  #refuseTooLarge(message: NatsMessage, limit: number): void {
    const size = sizeOf(message);
    if (size <= limit) return;
    throw new MessageRefusedError(
      `a message of ${size} bytes: too large for ${message.subject}, which takes ${limit}`,
      {
        hint: "the server's max_payload and the stream's max_msg_size count",
      },
    );
  }
}
