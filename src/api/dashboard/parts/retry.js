import { live } from '../live.js';

const againMs = 3_000;

/**
 * Reads something until that has worked: what the server could not tell because it, or its database, was away is asked
 * for again once the page is live. `read` throws what went wrong; `onFailure` shows it.
 */
export function readUntilDone(read, signal, onFailure) {
  let failedAt = null;
  async function attempt() {
    failedAt = null;
    try {
      await read();
    } catch (error) {
      if (signal.aborted) return;
      // What is refused now is refused later, too; and an error of this page's own is none of the server's.
      if (error.status === undefined) throw error;
      if (error.mayPass) failedAt = performance.now();
      onFailure(error);
    }
  }
  void attempt();
  return {
    update() {
      if (failedAt !== null && live.isCurrent && performance.now() - failedAt > againMs) void attempt();
    },
  };
}
