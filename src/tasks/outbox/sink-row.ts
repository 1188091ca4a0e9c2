import type { SinkChange, SinkGuard, SinkStore } from '../../database/sinks/sink-store.js';
import type { Query } from '../../database/database.js';
import { FenceError } from '../../database/script.js';
import type { Clock } from '../../runtime/clock.js';
import { LeaseLostError } from '../../runtime/errors.js';

/** How long what a sink has delivered may be known to this process alone, in milliseconds. */
const writeEveryMs = 250;

/**
 * The row of one sink, as its loop writes it: not after each batch, for what is delivered twice is told by its id. What must
 * be there before something leaves is written at once.
 */
export class SinkRow {
  readonly #store: SinkStore;
  readonly #guard: SinkGuard;
  readonly #name: string;
  readonly #clock: Clock;
  #unwritten: SinkChange = {};
  /** Steps that belong to it. */
  #steps: readonly Query[] = [];
  #writtenAt = -Infinity;

  constructor(store: SinkStore, guard: SinkGuard, name: string, clock: Clock) {
    this.#store = store;
    this.#guard = guard;
    this.#name = name;
    this.#clock = clock;
  }

  /** Forgets what has been noted, and not been written. */
  forget(): void {
    this.#unwritten = {};
    this.#steps = [];
  }

  /**
   * Notes a change, and writes it where the last one lies some time back, or steps belong to it: at once, or with the first write
   * that goes well. Throws LeaseLostError.
   */
  async note(change: SinkChange, steps: readonly Query[] = []): Promise<void> {
    this.#unwritten = { ...this.#unwritten, ...change };
    this.#steps = [...this.#steps, ...steps];
    if (steps.length > 0 || this.#clock.monotonic() - this.#writtenAt >= writeEveryMs) await this.write();
  }

  /** Writes a change with all that has been noted, and other steps, in one transaction. Throws LeaseLostError. */
  async write(change: SinkChange = {}, beside: readonly Query[] = []): Promise<void> {
    const whole = { ...this.#unwritten, ...change };
    if (Object.keys(whole).length === 0 && beside.length === 0) return;
    this.#unwritten = whole;
    try {
      await this.#store.save(this.#guard, this.#name, whole, [...this.#steps, ...beside]);
    } catch (error) {
      if (!(error instanceof FenceError)) throw error;
      throw new LeaseLostError(`the sink ${this.#name} of pipeline ${this.#guard.pipelineId} is another’s now`);
    }
    this.#unwritten = {};
    this.#steps = [];
    this.#writtenAt = this.#clock.monotonic();
  }
}
