import { ChainMismatchError, NeedsRewindError } from '../../../src/runtime/errors.js';
import type { Plan } from './plan.js';
import type { RowJudge } from './row-judge.js';
import type { SimTruth } from './sim-truth.js';

interface ChangedChainParts {
  readonly plan: Plan;
  readonly truth: SimTruth;
  readonly judge: RowJudge;
}

/** Says how a run may end whose chain changed under it, and what its error must tell. */
export class ChangedChain {
  readonly #parts: ChangedChainParts;

  constructor(parts: ChangedChainParts) {
    this.#parts = parts;
  }

  /** Whether no later run can do better by itself. */
  get isForGood(): boolean {
    const { change, quietMs } = this.#parts.plan;
    return change?.kind !== 'swap' || change.untilMs > quietMs;
  }

  /** Whether the change is reason enough for an error. */
  endsRuns(error: Error): boolean {
    const { change } = this.#parts.plan;
    if (change?.kind === 'reset') return error instanceof NeedsRewindError && this.#parts.truth.isReset;
    return change?.kind === 'swap' && change.isOfAll && error instanceof ChainMismatchError;
  }

  /** What is wrong with what an error says. */
  complaints(error: Error): readonly string[] {
    if (!(error instanceof NeedsRewindError)) return [];
    const { truth, judge } = this.#parts;
    const { keeps } = error;
    if (keeps === undefined) return [`it does not say what may be kept: ${error.message}`];
    const stale = judge.newestStale(truth.blocks, keeps ?? -1);
    return stale === undefined ? [] : [`block ${stale} may be kept, it says, but is no more: ${error.message}`];
  }
}
