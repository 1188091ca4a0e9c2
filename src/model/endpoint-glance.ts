import { endpointStates, isStale, type RpcEndpoint } from './rpc-endpoint.js';

/** One endpoint, as the one of those who ask it has it that has the most to complain about. */
export interface EndpointGlance {
  readonly endpoint: RpcEndpoint;
  /** How many have reported on it, and how many of them find it in the same state. */
  readonly reports: number;
  readonly alike: number;
}

/** Returns each endpoint once, those first that need a look. What is stale counts only where nothing else is known. */
export function glanceAtEndpoints(endpoints: readonly RpcEndpoint[]): readonly EndpointGlance[] {
  const groups = new Map<string, RpcEndpoint[]>();
  for (const endpoint of endpoints) {
    const key = `${endpoint.chainId} ${endpoint.name}`;
    groups.set(key, [...(groups.get(key) ?? []), endpoint]);
  }
  return [...groups.values()].flatMap(glance).sort(byNeed);
}

function glance(reported: readonly RpcEndpoint[]): readonly EndpointGlance[] {
  const [endpoint] = [...reported].sort(
    (a, b) => Number(isStale(a)) - Number(isStale(b)) || rank(a) - rank(b) || a.ageSeconds - b.ageSeconds,
  );
  if (endpoint === undefined) return [];
  const stale = isStale(endpoint);
  const same = reported.filter((other) => isStale(other) === stale);
  const alike = same.filter(({ state }) => state === endpoint.state).length;
  return [{ endpoint, reports: same.length, alike }];
}

function byNeed(a: EndpointGlance, b: EndpointGlance): number {
  const [one, other] = [a.endpoint, b.endpoint];
  return rank(one) - rank(other) || one.chainId - other.chainId || (one.name < other.name ? -1 : 1);
}

function rank({ state }: RpcEndpoint): number {
  return endpointStates.indexOf(state);
}
