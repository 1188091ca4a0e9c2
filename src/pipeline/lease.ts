import type { Progress } from '../model/task.js';
import { DatabaseUnreachableError } from '../runtime/errors.js';

/** The lease under which a pipeline is executed, as far as execution needs to know it. */
export interface Lease {
  readonly taskId: number;
  /** A message is on its way into the database: nobody learns meanwhile how far the chain has come. */
  isCommitting: boolean;
  /**
   * Tells that work moved. Renews the lease when a beat is due; while the database is away it pauses here, renews first
   * when it can, and goes on or throws LeaseLostError, or the signal's reason. Returns `nothingToAwait` where no beat is due.
   */
  moved(progress: Progress, signal: AbortSignal): Promise<void>;
  /** Tells that a commit has just renewed the lease. */
  renewed(progress: Progress): void;
  /**
   * Renews, after what went wrong, until the database answers. Throws LeaseLostError where the lease is another's, and
   * DatabaseUnreachableError, which says what went wrong, where nothing has moved for too long although it answers.
   */
  recover(cause: Error, signal: AbortSignal): Promise<void>;
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
      await lease.recover(error, signal);
    }
  }
}
