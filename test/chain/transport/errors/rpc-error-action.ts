import type { RpcErrorClass } from '../../../../src/chain/transport/errors/rpc-error.js';

/** What a fetcher of logs does about an error, in the words of the recorded ones. */
export const rpcErrorActions: Readonly<Record<RpcErrorClass, string>> = {
  'range-cap': 'split',
  density: 'split',
  'response-too-large': 'split',
  timeout: 'split-or-retry',
  'rate-limit': 'backoff',
  quota: 'stop-or-failover',
  lag: 'retry',
  malformed: 'retry',
  transport: 'retry',
  internal: 'retry',
  unknown: 'retry',
  pruned: 'fatal-or-failover',
  'method-disabled': 'fatal-or-failover',
  redirect: 'fatal-or-failover',
  'missing-state': 'not-for-logs',
  revert: 'answer',
  'invalid-request': 'fatal',
  batch: 'unbatch',
};
