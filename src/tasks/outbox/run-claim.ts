import type { JournalHead } from '../../database/events/journal-store.js';
import type { SinkGuard, SinkStore } from '../../database/sinks/sink-store.js';
import { FenceError } from '../../database/script.js';
import { LeaseLostError } from '../../runtime/errors.js';

/** How far a claim leaps: whoever goes on in the life that was lost, on a server of its own, must not come to the same claim. */
const leap = 1_000;

/**
 * The claim under which the sinks of a run write. It leaps where a target was claimed by runs that the database has lost: those
 * must not write there any more, and this one must.
 */
export class RunClaim implements SinkGuard {
  readonly pipelineId: number;
  readonly taskId: number;
  readonly #store: Pick<SinkStore, 'claim' | 'claimOf'>;
  #claim: number;

  constructor(store: Pick<SinkStore, 'claim' | 'claimOf'>, { pipelineId, taskId, claim }: SinkGuard) {
    this.#store = store;
    [this.pipelineId, this.taskId, this.#claim] = [pipelineId, taskId, claim];
  }

  get claim(): number {
    return this.#claim;
  }

  /** Returns what a head is where the pipeline is the task's still, perhaps with a claim that has leapt. Throws LeaseLostError. */
  async confirm(head: JournalHead | null): Promise<JournalHead> {
    if (head === null) throw this.#lost();
    if (head.claim !== this.#claim) await this.renew();
    return head;
  }

  /** Leaps above a claim. Throws LeaseLostError. */
  async leapOver(claim: number): Promise<void> {
    if (this.#claim > claim) return;
    try {
      await this.#store.claim(this, claim + leap);
    } catch (error) {
      throw error instanceof FenceError ? this.#lost() : error;
    }
    await this.renew();
  }

  /**
   * Learns the claim from the database, which alone knows whether a leap was made: its answer may have been lost. Throws
   * LeaseLostError, also where nobody else has claimed the pipeline since, as after a rewind.
   */
  async renew(): Promise<void> {
    const claim = await this.#store.claimOf(this);
    if (claim === null) throw this.#lost();
    this.#claim = claim;
  }

  #lost(): LeaseLostError {
    return new LeaseLostError(`pipeline ${this.pipelineId} was claimed by another task`);
  }
}
