import type { ChannelModel, ConfirmChannel } from 'amqplib';
import type { EventMessage } from '../../model/event-message.js';
import type { Clock } from '../../runtime/clock.js';
import { retry } from '../../runtime/retry.js';
import { ReceiverAwayError, TakenInPartError } from '../seam/delivery-errors.js';
import { headersOf } from '../seam/message-headers.js';
import type { MessageHeaders } from '../seam/message-headers.js';
import type { SinkSession } from '../seam/session-sink.js';
import { closeConnection, connectRabbitmq, shownServer } from './connect-rabbitmq.js';
import { isNack, rabbitmqError } from './rabbitmq-errors.js';
import type { RabbitmqLibrary } from './rabbitmq-library.js';
import { defaultExchange } from './route.js';
import type { ExchangeRoute } from './route.js';
import type { RabbitmqConfig } from './schema.js';

/** How long none of a batch's messages need be confirmed. */
const patienceMs = 30_000;
/** Waits between tries of a message for which there is no room: who reads makes some. */
const backoff = { firstMs: 100, maxMs: 2_000 };
/** How often it is tried before the receiver counts as away. */
const attempts = 5;

/** What a session is made of. */
export interface RabbitmqParts {
  readonly library: RabbitmqLibrary;
  readonly config: RabbitmqConfig;
  readonly route: ExchangeRoute;
  /** The events whose messages a queue that is declared shall get. */
  readonly eventNames: readonly string[];
  /** By which the server's pages name the client. */
  readonly name: string;
  readonly clock: Clock;
  readonly window: PublishWindow;
}

/** How many messages a sink publishes at a time, whichever connection it found that out by. */
export interface PublishWindow {
  /** Falls to what a queue had room for, and grows while it has: what it refuses others on the exchange have got. */
  size: number;
}

/** The first message was not kept. */
class NoRoomError extends ReceiverAwayError {}

/** One connection to RabbitMQ, with one channel that confirms. What it has failed at once it fails at for good. */
export class RabbitmqSession implements SinkSession {
  readonly #connection: ChannelModel;
  readonly #channel: ConfirmChannel;
  readonly #parts: RabbitmqParts;
  readonly #closed = new AbortController();
  #confirmed = 0;
  #failure: unknown = null;
  #blockedBecause: string | null = null;
  /** The messages of a batch that no queue got, by id, and their routing keys. */
  readonly #returned = new Map<string, string>();

  private constructor(connection: ChannelModel, channel: ConfirmChannel, parts: RabbitmqParts) {
    this.#connection = connection;
    this.#channel = channel;
    this.#parts = parts;
    this.#listen();
  }

  /** Connects, and declares the queue where one is named; throws ReceiverAwayError. */
  static async open(parts: RabbitmqParts): Promise<RabbitmqSession> {
    const { library, config, name } = parts;
    let connection: ChannelModel | null = null;
    let failure: unknown = null;
    try {
      connection = await connectRabbitmq(library, config, name);
      // Whoever waits for an answer is told that none will come; why, this alone says.
      connection.on('error', (error) => (failure ??= error));
      const session = new RabbitmqSession(connection, await connection.createConfirmChannel(), parts);
      await session.#whileConfirming(session.#declare());
      return session;
    } catch (error) {
      if (connection !== null) void closeConnection(connection, parts.clock);
      throw rabbitmqError(failure ?? error, shownServer(config.url));
    }
  }

  /**
   * Resolves once the server has confirmed and routed all; throws TakenInPartError where that is so up to one that it did not
   * keep, and MessageRefusedError or ReceiverAwayError.
   */
  async send(messages: readonly EventMessage[]): Promise<void> {
    const isRetryable = (error: unknown): boolean => error instanceof NoRoomError;
    const { clock, window } = this.#parts;
    const sendSome = (): Promise<number> => this.#sendSome(messages.slice(0, window.size));
    const taken = await retry(sendSome, { clock, backoff, attempts, isRetryable, signal: this.#closed.signal });
    if (taken < messages.length) throw new TakenInPartError(taken);
  }

  /** Returns how many of the first ones were kept. */
  async #sendSome(messages: readonly EventMessage[]): Promise<number> {
    this.#confirmed = 0;
    this.#returned.clear();
    try {
      const kept = await this.#whileConfirming(Promise.all(messages.map((message) => this.#publish(message))));
      return this.#taken(messages, kept);
    } catch (error) {
      // A channel that the server closed says so beside each message; why, it says once.
      throw rabbitmqError(this.#failure ?? error, shownServer(this.#parts.config.url));
    }
  }

  /** Closes the connection; what is still awaited fails. */
  async close(): Promise<void> {
    this.#closed.abort(new Error('closed'));
    await closeConnection(this.#connection, this.#parts.clock);
  }

  #listen(): void {
    this.#connection.on('close', (error) => (this.#failure ??= error ?? null));
    this.#connection.on('blocked', (reason) => (this.#blockedBecause = reason));
    this.#connection.on('unblocked', () => (this.#blockedBecause = null));
    this.#channel.on('error', (error) => (this.#failure ??= error));
    this.#channel.on('return', ({ fields, properties }) => {
      const { 'chainparse-id': id } = properties.headers as MessageHeaders;
      this.#returned.set(id, fields.routingKey);
    });
  }

  /** Whose exchange it is knows its type; a queue of ours is kept by several servers, where there are several. */
  async #declare(): Promise<void> {
    const { route, eventNames } = this.#parts;
    if (route.exchange !== defaultExchange) await this.#channel.checkExchange(route.exchange);
    if (route.queue === undefined) return;
    await this.#channel.assertQueue(route.queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    if (route.exchange === defaultExchange) return;
    for (const key of new Set(eventNames.map(route.keyFor))) {
      await this.#channel.bindQueue(route.queue, route.exchange, key);
    }
  }

  /** Throws where the first one was not: NoRoomError, if waiting helps. What was kept behind a gap comes again, in order. */
  #taken(messages: readonly EventMessage[], kept: readonly boolean[]): number {
    const { window, config } = this.#parts;
    const gap = kept.indexOf(false);
    if (gap < 0) {
      window.size = Math.max(window.size, kept.length * 2);
      return kept.length;
    }
    const noRoute = this.#returned.get(messages[gap]?.id ?? '');
    // One that no queue gets waits for a person: it is tried alone until then.
    window.size = noRoute === undefined ? Math.max(1, gap) : 1;
    if (gap > 0) return gap;
    if (noRoute !== undefined) throw this.#noRoute(noRoute);
    throw new NoRoomError(`RabbitMQ at ${shownServer(config.url)}: a message was not kept (nack)`, {
      hint: 'is a queue full that refuses what is new (x-overflow: reject-publish)? Its receivers make room',
    });
  }

  /** Says whether the server kept it. */
  async #publish(message: EventMessage): Promise<boolean> {
    const { exchange, keyFor } = this.#parts.route;
    const options = {
      mandatory: true,
      persistent: true,
      contentType: 'application/json',
      headers: headersOf(message),
    };
    return new Promise<boolean>((resolve, reject) => {
      this.#channel.publish(exchange, keyFor(message.eventName), Buffer.from(message.data.text), options, (error) => {
        this.#confirmed++;
        // What no queue gets is returned, and only then confirmed.
        if (error === null || isNack(error)) resolve(error === null && !this.#returned.has(message.id));
        else reject(error as Error);
      });
    });
  }

  /** Waits for work for as long as something is confirmed now and then. */
  async #whileConfirming<T>(work: Promise<T>): Promise<T> {
    const done = new AbortController();
    try {
      return await Promise.race([work, this.#silence(done.signal)]);
    } finally {
      done.abort();
    }
  }

  async #silence(ended: AbortSignal): Promise<never> {
    for (let known = -1; known !== this.#confirmed;) {
      known = this.#confirmed;
      await this.#parts.clock.sleep(patienceMs, ended);
    }
    const isBlocked = this.#blockedBecause !== null;
    const why = isBlocked ? `: the server takes nothing (${this.#blockedBecause})` : '';
    throw new ReceiverAwayError(
      `RabbitMQ at ${shownServer(this.#parts.config.url)} has confirmed nothing for ${patienceMs / 1000} s${why}`,
      isBlocked ? { hint: 'make room for it (rabbitmq-diagnostics alarms says on which node), and it goes on' } : {},
    );
  }

  #noRoute(key: string): ReceiverAwayError {
    const { exchange } = this.#parts.route;
    const where = exchange === defaultExchange ? `there is no queue '${key}'` : `exchange '${exchange}' leads nowhere`;
    return new ReceiverAwayError(`${where} with routing key '${key}': what was sent there was not kept`, {
      hint: `bind a queue for '${key}', or name one under queue`,
    });
  }
}
