import type { EventMessage } from '../../model/event-message.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import type { Sink, SinkBatch, SinkContext } from '../component.js';
import { MessageRefusedError } from '../delivery-errors.js';
import { nameFor } from '../keys/name-pattern.js';
import { natsMessage } from './nats-message.js';
import { NatsSession } from './nats-session.js';
import type { NatsParts } from './nats-session.js';

/** Delivers into streams of JetStream. */
export class NatsSink implements Sink {
  readonly #parts: NatsParts;
  #session: Promise<NatsSession> | null = null;

  constructor(parts: NatsParts) {
    this.#parts = parts;
  }

  async deliver({ messages }: SinkBatch, { signal }: SinkContext): Promise<void> {
    try {
      await untilAborted(this.#send(messages), signal);
      signal.throwIfAborted();
    } catch (error) {
      // On a connection that broke nothing may follow what was not acknowledged.
      if (!(error instanceof MessageRefusedError)) await this.#drop(signal);
      throw error;
    }
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.then(
      (opened) => opened.close(),
      () => undefined,
    );
  }

  /** Whoever calls off does not wait for a server that may be frozen. */
  async #drop(signal: AbortSignal): Promise<void> {
    const closed = this.close();
    if (!signal.aborted) await closed;
  }

  async #send(messages: readonly EventMessage[]): Promise<void> {
    const { subject } = this.#parts.config;
    const session = await (this.#session ??= NatsSession.open(this.#parts));
    await session.send(messages.map((message) => natsMessage(message, nameFor(subject, message.eventName))));
  }
}
