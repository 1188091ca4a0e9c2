import type { Progress } from '../model/task.js';
import { nothingToAwait } from './lease.js';
import type { Lease } from './lease.js';

/**
 * Tells the lease that a source's work moved, as long as its next message is awaited. While a message is committed it is the
 * commit that has to move: what the source reads ahead must not let a run that hangs there look alive.
 */
export class SourceMoves {
  readonly #lease: Lease;
  readonly #signal: AbortSignal;
  #isAwaited = true;
  #telling: Promise<void> | null = null;

  constructor(lease: Lease, signal: AbortSignal) {
    this.#lease = lease;
    this.#signal = signal;
  }

  /** Says whether the source's next message is waited for. */
  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  /** Does something during which the source is not waited for. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#isAwaited = false;
    this.#lease.isCommitting = true;
    try {
      return await work();
    } finally {
      this.#isAwaited = true;
      this.#lease.isCommitting = false;
    }
  }

  /** Resolves where the source may go on; throws what the lease throws. `tell` returns the progress, and shows it. */
  moved(tell: () => Progress): Promise<void> {
    if (!this.#isAwaited) return nothingToAwait;
    const progress = tell();
    // Several answers at a time are told of once, and where the lease must be renewed first all of them wait for it.
    return this.#telling ?? this.#tell(progress);
  }

  #tell(progress: Progress): Promise<void> {
    const told = this.#lease.moved(progress, this.#signal);
    if (told === nothingToAwait) return told;
    return (this.#telling = told.finally(() => (this.#telling = null)));
  }
}
