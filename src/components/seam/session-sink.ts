import type { EventMessage } from '../../model/event-message.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import { TakenInPartError } from './delivery-errors.js';
import type { Sink, SinkBatch, SinkContext } from './sink.js';

/** A connection to a broker over which messages are sent in turn. */
export interface SinkSession {
  /** Resolves once the broker has all of them; throws as a sink's `deliver`. */
  send(messages: readonly EventMessage[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Delivers over a session that is opened when it is needed, and anew after whatever went wrong on it: behind what was not
 * acknowledged nothing more may be sent.
 */
export class SessionSink implements Sink {
  readonly #open: () => Promise<SinkSession>;
  #session: Promise<SinkSession> | null = null;

  constructor(open: () => Promise<SinkSession>) {
    this.#open = open;
  }

  async deliver({ messages }: SinkBatch, { signal }: SinkContext): Promise<void> {
    try {
      await untilAborted(this.#send(messages), signal);
      signal.throwIfAborted();
    } catch (error) {
      // Nothing is wrong with the session then.
      if (error instanceof TakenInPartError) throw error;
      const closed = this.close();
      // Whoever calls off does not wait for a server that may be frozen.
      if (!signal.aborted) await closed;
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

  async #send(messages: readonly EventMessage[]): Promise<void> {
    const session = await (this.#session ??= this.#open());
    await session.send(messages);
  }
}
