import { chainNameOf } from '../../model/chain.js';
import { isMute, isPortal, isStale, tellsHead, type RpcEndpoint } from '../../model/rpc-endpoint.js';
import { unreachableSubject, type AskedChain, type UnreachableChain } from './alert-conditions.js';

/** What those who ask chains say of them. */
export interface ChainContact {
  /** No endpoint tells anything, to anybody. */
  readonly unreachable: readonly UnreachableChain[];
  /** The subjects of alerts that are over: some endpoint answers. */
  readonly answering: ReadonlySet<string>;
}

/**
 * Sorts chains by whether anybody gets an answer; of those that nobody asks nothing is known. Nodes and portals stand apart: runs that
 * have the one don't have the other.
 */
export function contactOf(endpoints: readonly RpcEndpoint[]): ChainContact {
  const known = endpoints.filter((endpoint) => !isStale(endpoint) && endpoint.state !== 'unasked');
  const unreachable: UnreachableChain[] = [];
  const answering = new Set<string>();
  for (const by of ['nodes', 'portal'] as const) {
    const chains = new Map<number, RpcEndpoint[]>();
    for (const endpoint of known.filter((each) => isPortal(each) === (by === 'portal')))
      chains.set(endpoint.chainId, [...(chains.get(endpoint.chainId) ?? []), endpoint]);
    for (const [chainId, asked] of chains) {
      const chain: AskedChain = { chain: chainNameOf(chainId), by };
      if (asked.every(({ state }) => isMute(state))) unreachable.push(unreachableOf(chain, chainId, asked));
      else answering.add(unreachableSubject(chain));
    }
  }
  return { unreachable, answering };
}

/** It is unreachable since the last of its endpoints fell silent. */
function unreachableOf(chain: AskedChain, chainId: number, endpoints: readonly RpcEndpoint[]): UnreachableChain {
  const telling = endpoints.filter(tellsHead);
  const latest = endpoints.reduce((a, b) => ((b.lastErrorTime ?? '') > (a.lastErrorTime ?? '') ? b : a));
  return {
    ...chain,
    chainId,
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
