import { RpcError } from '../errors/rpc-error.js';
import { MalformedValue } from '../rpc/rpc-values.js';

/** Returns what went wrong between an endpoint and whoever asked it; throws what is no failure of the endpoint. */
export function rpcFailureOf(error: unknown, host: string): RpcError {
  if (error instanceof RpcError) return error;
  if (!(error instanceof MalformedValue)) throw error;
  return new RpcError(`malformed answer: ${error.message}`, { class: 'malformed', host, cause: error });
}
