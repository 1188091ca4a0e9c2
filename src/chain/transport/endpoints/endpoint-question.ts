import type { CallKind } from './endpoint-health.js';
import type { Demand } from './endpoint-turns.js';
import type { JsonRpcEndpoint } from '../rpc/json-rpc.js';
import type { RpcError } from '../errors/rpc-error.js';

/**
 * What one endpoint is asked, and what is made of its answers; the signal ends what nobody waits for any more. It may tell that all
 * has been received that it asks for: then another request goes to the endpoint before that is read.
 */
export type Work<T> = (endpoint: JsonRpcEndpoint, signal: AbortSignal, received?: () => void) => Promise<T>;

export interface Question<T> extends Demand {
  readonly work: Work<T>;
  /** Errors that are thrown as they are: whoever asks knows better what to do. */
  readonly isForCaller: (error: RpcError) => boolean;
  /**
   * Where it changes nothing and may be asked twice: with what its time can be compared. What is not urgent is asked a second time
   * where its answer is late.
   */
  readonly kind?: CallKind;
  /** After how long without an answer the next endpoint is asked, too, in milliseconds, also what is urgent; left out: by how long such calls take there. */
  readonly lateMs?: number | undefined;
  /** When it was first asked, by the monotonic clock; left out: now. */
  readonly since?: number;
}
