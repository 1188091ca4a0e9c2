import { chainNameOf } from '../../model/chain.js';
import { isMute, isStale, tellsHead, type RpcEndpoint } from '../../model/rpc-endpoint.js';
import type { UnreachableChain } from './alert-conditions.js';

/** What those who ask chains say of them. */
export interface ChainContact {
  /** By chain id: no endpoint tells anything, to anybody. */
  readonly unreachable: ReadonlyMap<number, UnreachableChain>;
  /** Chains of which some endpoint answers. */
  readonly answering: ReadonlySet<number>;
}

/** Sorts chains by whether anybody gets an answer; of those that nobody asks nothing is known. */
export function contactOf(endpoints: readonly RpcEndpoint[]): ChainContact {
  const known = endpoints.filter((endpoint) => !isStale(endpoint) && endpoint.state !== 'unasked');
  const chains = new Map<number, RpcEndpoint[]>();
  for (const endpoint of known) chains.set(endpoint.chainId, [...(chains.get(endpoint.chainId) ?? []), endpoint]);
  const unreachable = new Map<number, UnreachableChain>();
  for (const [chainId, asked] of chains) {
    if (asked.every(({ state }) => isMute(state))) unreachable.set(chainId, unreachableOf(chainId, asked));
  }
  return { unreachable, answering: new Set([...chains.keys()].filter((chainId) => !unreachable.has(chainId))) };
}

/** It is unreachable since the last of its endpoints fell silent. */
function unreachableOf(chainId: number, endpoints: readonly RpcEndpoint[]): UnreachableChain {
  const telling = endpoints.filter(tellsHead);
  const latest = endpoints.reduce((a, b) => ((b.lastErrorTime ?? '') > (a.lastErrorTime ?? '') ? b : a));
  return {
    chain: chainNameOf(chainId),
    endpoints: [...new Set((telling.length > 0 ? telling : endpoints).map(({ name }) => name))].sort(),
    error: errorOf(latest),
    cause: telling.length > 0 ? 'refuses' : 'silent',
    sinceSeconds: Math.min(...endpoints.map(({ muteSeconds }) => muteSeconds ?? 0)),
  };
}

/** Errors name their endpoint, which the alert does already. */
function errorOf({ name, lastError }: RpcEndpoint): string {
  return (lastError ?? 'no answer').replace(`${name}: `, '');
}
