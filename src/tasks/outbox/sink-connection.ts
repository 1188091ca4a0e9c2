import { TargetChangedError } from '../../components/seam/delivery-errors.js';
import type { Clock } from '../../runtime/clock.js';
import { RuntimeFailure } from '../../runtime/errors.js';
import { waitAtMost } from '../../runtime/wait-at-most.js';
import { closeSink } from './openable-sink.js';
import type { OpenableSink, OpenedSink } from './openable-sink.js';

/** How long one call of a sink may take, in milliseconds: one that never answers must not be waited for. */
const callTimeoutMs = 300_000;
/** How long a sink may take to close, in milliseconds. */
const closeMs = 1_000;

interface SinkConnectionParts {
  readonly clock: Clock;
  /** Aborted when calls in the air must be dropped. */
  readonly signal: AbortSignal;
}

/** A sink as its loop reaches it: opened when it is needed, and anew after a call that had no answer. */
export class SinkConnection {
  readonly #sink: OpenableSink;
  readonly #parts: SinkConnectionParts;
  readonly #onClose: () => void;
  #opened: OpenedSink | null = null;

  /** `onClose` is called each time that it has been closed: whatever was known of it may be untrue then. */
  constructor(sink: OpenableSink, parts: SinkConnectionParts, onClose: () => void) {
    this.#sink = sink;
    this.#parts = parts;
    this.#onClose = onClose;
  }

  /** What is open; null: nothing. */
  get opened(): OpenedSink | null {
    return this.#opened;
  }

  /** Its target keeps the cursor, and is written in larger pieces than what it is handed. */
  get gathers(): boolean {
    return this.#opened?.sink.settle !== undefined && this.#opened.sink.claim !== undefined;
  }

  async open(): Promise<OpenedSink> {
    return (this.#opened ??= await this.#sink.open());
  }

  /**
   * Calls the sink, with a signal that is aborted once nobody waits any more; what does not answer is closed, and what must be
   * claimed anew.
   */
  async call<T>(work: (signal: AbortSignal) => Promise<T> | undefined): Promise<T | undefined> {
    const { clock, signal } = this.#parts;
    const done = new AbortController();
    const late = new AbortController();
    const tooLong = clock.sleep(callTimeoutMs, AbortSignal.any([done.signal, signal])).then(() => {
      late.abort(new RuntimeFailure(`no answer within ${callTimeoutMs / 1_000} s`));
      throw late.signal.reason as Error;
    });
    tooLong.catch(() => undefined);
    try {
      return await Promise.race([work(AbortSignal.any([signal, late.signal])), tooLong]);
    } catch (error) {
      if (late.signal.aborted || error instanceof TargetChangedError) await this.close();
      throw error;
    } finally {
      done.abort(new Error('done'));
    }
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    this.#onClose();
    if (opened === null) return;
    await waitAtMost(closeSink(opened), { clock: this.#parts.clock, ms: closeMs });
  }
}
