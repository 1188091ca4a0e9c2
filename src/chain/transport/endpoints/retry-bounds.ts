import type { RpcError } from '../errors/rpc-error.js';

/** How often while no endpoint has ever been reached, over a few seconds: a wrong URL should be told soon. */
const firstAttempts = 6;

/** How often a call is tried in all. */
export interface Bounds {
  readonly attempts: number;
  /** While nobody can be reached who had answered. */
  readonly outageAttempts: number;
}

interface Known {
  /** Somebody has answered anything before, and has told of a block. */
  readonly hasAnswered: boolean;
  readonly hasTold: boolean;
  /** The failure is not about the call. */
  readonly isSimple: boolean;
}

/** Returns how often a call is tried that failed in this way last. */
export function boundOf(bounds: Bounds, last: RpcError, known: Known): number {
  const { attempts, outageAttempts } = bounds;
  // Who knows no head any more has lost its chain for a while; who never knew one may never do.
  if (last.class === 'lag') return known.isSimple && known.hasTold ? outageAttempts : attempts;
  if (last.lostConnection && !known.hasAnswered) return Math.min(attempts, firstAttempts);
  const isAway = last.lostConnection || last.class === 'transport' || last.class === 'rate-limit';
  const isOutage = isAway || (last.class === 'internal' && known.isSimple);
  return isOutage && known.hasAnswered ? outageAttempts : attempts;
}
