import { ChainMismatchError, ChainUnreachableError } from '../../../runtime/errors.js';
import type { PooledEndpoint } from './pooled-endpoint.js';
import { refusalHint } from '../errors/refusal-hint.js';
import type { RpcError } from '../errors/rpc-error.js';

/** Returns the error that ends a call after so many tries; `last` is what went wrong, undefined where nobody was asked. */
export function unreachable(last: RpcError | undefined, attempts: number): ChainUnreachableError {
  if (last === undefined) return new ChainUnreachableError('no RPC endpoint is left to ask');
  const tries = attempts === 1 ? '' : `, after ${attempts} tries`;
  const what = !last.retryable ? 'the chain refuses' : 'the chain can not be reached';
  return new ChainUnreachableError(`${what}: ${last.message}${tries}`, { cause: last, hint: refusalHint(last) });
}

/** Returns the error for endpoints that all serve another chain than the one that is meant. */
export function chainMismatch(chainId: number, strangers: readonly PooledEndpoint[]): ChainMismatchError {
  const found = [...new Set(strangers.map(({ chain }) => chain.strange))].join(', ');
  const hosts = strangers.map(({ rpc }) => rpc.host).join(', ');
  return new ChainMismatchError(`expected chain ${chainId}, but ${hosts} serves chain ${found}`, {
    hint: "check the RPC URL, or the definition's chain_name and chain_id",
  });
}
