import type { Scope } from '../../../runtime/scope.js';
import { RpcError } from '../errors/rpc-error.js';
import type { TransportOptions } from './transport.js';

/** Ends some work with a host where it takes too long; returns what it was ended with, null where it was over before. */
export async function expire(
  scope: Scope,
  host: string,
  { clock, timeoutMs }: Pick<TransportOptions, 'clock' | 'timeoutMs'>,
): Promise<RpcError | null> {
  try {
    await clock.sleep(timeoutMs, scope.signal);
  } catch {
    return null;
  }
  const message = `no answer within ${timeoutMs / 1_000} s`;
  const late = new RpcError(message, { class: 'timeout', host, lostConnection: true });
  scope.end(late);
  return late;
}
