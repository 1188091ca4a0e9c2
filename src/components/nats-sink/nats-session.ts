import type { NatsConnection } from '@nats-io/transport-node';
import type { EventMessage } from '../../model/event-message.js';
import type { Logger } from '../../runtime/logger.js';
import { MessageRefusedError } from '../seam/delivery-errors.js';
import { nameFor } from '../keys/name-pattern.js';
import type { SinkSession } from '../seam/session-sink.js';
import { connectNats } from './connect-nats.js';
import type { NatsLibrary } from './nats-library.js';
import { natsMessage, sizeOf, writeHeaders } from './nats-message.js';
import type { NatsMessage } from './nats-message.js';
import { publishInTurn } from './publish-in-turn.js';
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
}

/** One connection to NATS, and what is known of the streams behind it. */
export class NatsSession implements SinkSession {
  readonly #connection: NatsConnection;
  readonly #streams: Streams;
  readonly #subject: string;
  readonly #publish: (message: NatsMessage, behind: NatsMessage | null) => Promise<unknown>;

  private constructor(connection: NatsConnection, streams: Streams, { library, config }: NatsParts) {
    const client = library.jetstream(connection, { timeout: answerMs });
    this.#connection = connection;
    this.#streams = streams;
    this.#subject = config.subject;
    this.#publish = (message, behind) =>
      client.publish(message.subject, message.payload, { headers: writeHeaders(library.headers(), message, behind) });
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
    await publishInTurn(messages, this.#publish);
  }

  /** Closes the connection; what is still awaited fails. */
  async close(): Promise<void> {
    await this.#connection.close();
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
