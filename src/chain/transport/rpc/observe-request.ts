import type { Clock } from '../../../runtime/clock.js';
import type { ObserveChain, RpcResult } from './chain-notice.js';
import type { RpcCall, RpcOutcome } from './json-rpc-answer.js';
import { RpcError } from '../errors/rpc-error.js';

interface ObservedRequest {
  readonly observe: ObserveChain | undefined;
  readonly endpoint: string;
  readonly clock: Clock;
  readonly calls: readonly RpcCall[];
  readonly signal: AbortSignal;
}

/** Sends a request and tells the observer how long it took and how each of its calls ended; null: refused as a batch. */
export async function observeRequest<T extends readonly RpcOutcome[] | null>(
  { observe, endpoint, clock, calls, signal }: ObservedRequest,
  send: () => Promise<T>,
): Promise<T> {
  if (observe === undefined) return send();
  const since = clock.monotonic();
  const tell = (resultOf: (index: number) => RpcResult): void => {
    const results = calls.map(({ method }, index) => ({ method, result: resultOf(index) }));
    observe({ kind: 'requested', endpoint, durationMs: clock.monotonic() - since, calls: results });
  };
  try {
    const outcomes = await send();
    tell((index) => (outcomes === null ? 'batch' : resultOfOutcome(outcomes[index])));
    return outcomes;
  } catch (error) {
    tell(() => resultOfError(signal.aborted ? signal.reason : error, signal.aborted));
    throw error;
  }
}

function resultOfOutcome(outcome: RpcOutcome | undefined): RpcResult {
  if (outcome === undefined) return 'malformed';
  return outcome.ok ? 'ok' : outcome.error.class;
}

/** A call that is given up for its time is over has timed out. */
function resultOfError(error: unknown, isAborted: boolean): RpcResult {
  if (error instanceof RpcError) return error.class;
  return isAborted ? 'aborted' : 'unknown';
}
