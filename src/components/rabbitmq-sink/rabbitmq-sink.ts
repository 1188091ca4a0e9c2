import type { EventMessage } from '../../model/event-message.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import type { Sink, SinkBatch, SinkContext } from '../component.js';
import { RabbitmqSession } from './rabbitmq-session.js';
import type { RabbitmqParts } from './rabbitmq-session.js';

/** Delivers into exchanges and queues of RabbitMQ. */
export class RabbitmqSink implements Sink {
  readonly #parts: RabbitmqParts;
  #session: Promise<RabbitmqSession> | null = null;

  constructor(parts: RabbitmqParts) {
    this.#parts = parts;
  }

  async deliver({ messages }: SinkBatch, { signal }: SinkContext): Promise<void> {
    try {
      await untilAborted(this.#send(messages), signal);
      signal.throwIfAborted();
    } catch (error) {
      // Behind what was not confirmed nothing more may be sent on this channel.
      await this.#drop(signal);
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
    const session = await (this.#session ??= RabbitmqSession.open(this.#parts));
    await session.send(messages);
  }
}
