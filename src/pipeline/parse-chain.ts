import { chainIdOfName, knownChains } from '../model/chain.js';
import type { DefinitionMap } from './definition-map.js';
import { nearest } from './suggest.js';

interface NamedChain {
  readonly chainName: string;
  readonly chainId: number;
}

/** Reads `chain_name` and `chain_id`; known names and those of the form `chain-<id>` carry their id. */
export function parseChain(map: DefinitionMap): NamedChain {
  const chainName = map.requiredText('chain_name', 64).toLowerCase();
  if (!/^[a-z0-9]+([-_][a-z0-9]+)*$/.test(chainName)) {
    throw map.problem('chain_name', 'must be made of letters, digits and single hyphens or underscores');
  }
  const given = map.whole('chain_id', { min: 1, max: Number.MAX_SAFE_INTEGER });
  const carried = chainIdOfName(chainName);
  if (given !== undefined && carried !== undefined && given !== carried) {
    throw map.problem('chain_id', `${given} contradicts chain_name ${chainName}, whose id is ${carried}`);
  }
  const chainId = given ?? carried;
  if (chainId === undefined) throw unknownChain(map, chainName);
  return { chainName, chainId };
}

function unknownChain(map: DefinitionMap, chainName: string): Error {
  const closest = nearest(chainName, [...knownChains.keys()]) ?? 'ethereum';
  return map.problem(
    'chain_name',
    `${chainName} is not a known chain and has no chain_id; the nearest known one is ${closest}`,
    'give its chain_id, or write chain_name: chain-<id>',
  );
}
