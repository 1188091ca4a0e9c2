import type { RpcError } from '../errors/rpc-error.js';

/** How often a call is tried in all. */
export interface Bounds {
  readonly attempts: number;
  /** While nobody has ever been reached. */
  readonly firstAttempts: number;
  /** While nobody can be reached who had answered. */
  readonly outageAttempts: number;
}

/**
 * Returns how often a call is tried that failed in this way last: `hasAnswered`: somebody has answered anything before;
 * `isSimple`: the failure is not about the call.
 */
export function boundOf(bounds: Bounds, last: RpcError, known: { hasAnswered: boolean; isSimple: boolean }): number {
  const { attempts, firstAttempts, outageAttempts } = bounds;
  if (last.lostConnection && !known.hasAnswered) return firstAttempts;
  const isAway = last.lostConnection || last.class === 'transport' || last.class === 'rate-limit';
  const isOutage = isAway || (last.class === 'internal' && known.isSimple);
  return isOutage && known.hasAnswered ? outageAttempts : attempts;
}
