import type { EventMessage } from '../../model/event-message.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import { RefusedUnsentError, TakenInPartError } from './delivery-errors.js';
import type { Sink, SinkBatch, SinkContext } from './sink.js';

/** A connection to a broker over which messages are sent in turn. */
export interface SinkSession {
  /** It was not used for so long that its broker may have let it go. Left out: brokers keep it. */
  readonly isStale?: boolean;
  /** Resolves once the broker has all of them; throws as a sink's `deliver`. */
  send(messages: readonly EventMessage[]): Promise<void>;
  /** What is still awaited fails. */
  close(): Promise<void>;
}

/** Opens a session; the signal is aborted where nobody wants it any more. */
type OpenSession = (signal: AbortSignal) => Promise<SinkSession>;

/**
 * Delivers over a session that is opened when it is needed, and anew after whatever went wrong on it: behind what was not
 * acknowledged nothing more may be sent.
 */
export class SessionSink implements Sink {
  readonly #open: OpenSession;
  #session: Promise<SinkSession> | null = null;

  constructor(open: OpenSession) {
    this.#open = open;
  }

  async deliver({ messages }: SinkBatch, { signal }: SinkContext): Promise<void> {
    try {
      await untilAborted(this.#send(messages, signal), signal);
      signal.throwIfAborted();
    } catch (error) {
      // Nothing is wrong with the session then.
      if (error instanceof TakenInPartError || error instanceof RefusedUnsentError) throw error;
      // Whoever calls off does not wait for a server that may be frozen.
      await untilAborted(this.close(), signal);
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

  async #send(messages: readonly EventMessage[], signal: AbortSignal): Promise<void> {
    if ((await this.#session)?.isStale === true) await this.close();
    signal.throwIfAborted();
    const session = await (this.#session ??= this.#open(signal));
    signal.throwIfAborted();
    await session.send(messages);
  }
}
