import { certificateHint } from '../../../runtime/certificate-hint.js';
import type { RpcError, RpcErrorClass } from './rpc-error.js';

const hints: Partial<Record<RpcErrorClass, string>> = {
  quota:
    "the endpoint's plan or key does not allow this: check the key, wait for the next period, or use another endpoint",
  pruned: 'the node does not keep history that old: use an archive node, or start at a later block',
  'missing-state': 'the node does not keep that state: use an archive node',
  'method-disabled': 'the endpoint does not offer this call: check the path of the RPC URL, or use another endpoint',
  redirect: 'write the RPC URL that it leads to, such as https:// instead of http://',
  'invalid-request': "the node finds the request wrong: check the definition's blocks and addresses",
  'rate-limit': 'the endpoint allows fewer requests: use another one, add a second --rpc-url, or a larger plan',
  timeout: 'the endpoint answers too slowly: use another one, or a smaller batch_size',
  lag: 'the node may be syncing: try again once it has the block, or use another endpoint',
  transport: 'check that the RPC URL is right and that the node runs',
  malformed: 'check that the RPC URL is that of a JSON-RPC endpoint',
};

/** Returns what a user can do about an error of the chain; undefined where there is nothing better than trying again. */
export function refusalHint(error: RpcError): string | undefined {
  // What an answer says of certificates is said of another server's.
  return (error.lostConnection ? certificateHint(error) : undefined) ?? hints[error.class];
}
