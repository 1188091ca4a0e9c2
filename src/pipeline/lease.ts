import type { Progress } from '../model/task.js';
import { DatabaseUnreachableError } from '../runtime/errors.js';

/** The lease under which a pipeline is executed, as far as execution needs to know it. */
export interface Lease {
  readonly taskId: number;
  /**
   * Tells that work moved. Renews the lease when a beat is due; while the database is away it pauses here, renews first
   * when it can, and goes on or throws LeaseLostError, or the signal's reason. Returns `nothingToAwait` where no beat is due.
   */
  moved(progress: Progress, signal: AbortSignal): Promise<void>;
  /** Tells that a commit has just renewed the lease. */
  renewed(progress: Progress): void;
  /** Renews until the database answers; throws LeaseLostError where the lease is another's. */
  recover(signal: AbortSignal): Promise<void>;
}

/** One for all: of thousands of runs that wait for a block each tells every second or so that it moved. */
export const nothingToAwait: Promise<void> = Promise.resolve();

/** Does something on the database; pauses while it is away. Throws LeaseLostError where the lease is lost meanwhile. */
export async function whenReachable<T>(lease: Lease, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DatabaseUnreachableError)) throw error;
      await lease.recover(signal);
    }
  }
}
