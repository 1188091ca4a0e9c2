import { TargetChangedError } from '../../components/seam/delivery-errors.js';
import type { SinkContext } from '../../components/seam/sink.js';
import type { Clock } from '../../runtime/clock.js';
import { RuntimeFailure } from '../../runtime/errors.js';
import { Scope } from '../../runtime/scope.js';
import { waitAtMost } from '../../runtime/wait-at-most.js';
import { closeSink } from './openable-sink.js';
import type { OpenableSink, OpenedSink } from './openable-sink.js';

/** How long a call of a sink may take without a sign of life, in milliseconds: one that never answers must not be waited for. */
const callTimeoutMs = 300_000;
/** So much longer than what a sink limits itself it may take: its own limit says better what is wrong. */
const graceMs = 10_000;
/** How long a sink may take to close, in milliseconds. */
const closeMs = 1_000;

interface SinkConnectionParts {
  readonly clock: Clock;
  /** Aborted when calls in the air must be dropped. */
  readonly signal: AbortSignal;
}

/** What a call is given: how it is cut short, and who hears that it moves. */
type SinkCall = Pick<SinkContext, 'signal' | 'moved'>;

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

  /** Its target keeps the cursor beside rows of what it was told. */
  get keepsRows(): boolean {
    return this.#opened?.sink.claim !== undefined && !this.gathers;
  }

  async open(): Promise<OpenedSink> {
    return (this.#opened ??= await this.#sink.open());
  }

  /**
   * Calls the sink, with a signal that is aborted once nobody waits any more; what does not answer is closed, and what must be
   * claimed anew.
   */
  async call<T>(work: (call: SinkCall) => Promise<T> | undefined): Promise<T | undefined> {
    const { clock, signal } = this.#parts;
    const late = new AbortController();
    const given = new Scope(signal, late.signal);
    const waiting = new Scope(signal);
    const limit = new CallLimit(clock);
    const tooLong = limit.over(waiting.signal).then(() => {
      late.abort(new RuntimeFailure(`no answer within ${limit.ms / 1_000} s`));
      throw late.signal.reason as Error;
    });
    tooLong.catch(() => undefined);
    try {
      const moved = (ownMs?: number): void => limit.beginAnew(ownMs);
      return await Promise.race([work({ signal: given.signal, moved }), tooLong]);
    } catch (error) {
      if (late.signal.aborted || error instanceof TargetChangedError) await this.close();
      throw error;
    } finally {
      given.release();
      waiting.end();
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

/** How long a call may take: begun anew with each sign of life. */
class CallLimit {
  readonly #clock: Clock;
  #begun: number;
  #ms = callTimeoutMs;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#begun = clock.monotonic();
  }

  get ms(): number {
    return this.#ms;
  }

  beginAnew(ownMs = 0): void {
    this.#begun = this.#clock.monotonic();
    this.#ms = Math.max(callTimeoutMs, ownMs + graceMs);
  }

  /** Resolves when it is over; rejects with the signal's reason once that is aborted. */
  async over(signal: AbortSignal): Promise<void> {
    for (let left = this.#ms; left > 0; left = this.#begun + this.#ms - this.#clock.monotonic()) {
      await this.#clock.sleep(left, signal);
    }
  }
}
