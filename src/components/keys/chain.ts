import { chainIdOfName, knownChains } from '../../model/chain.js';
import { nearest } from '../../runtime/nearest.js';
import { whole } from './numbers.js';
import { line } from './texts.js';
import type { Look } from './together.js';

/** The keys that name a chain; known names and those of the form `chain-<id>` carry their id. */
export function chainKeys() {
  const name = line(64)
    .toLowerCase()
    .regex(/^[a-z0-9]+([-_][a-z0-9]+)*$/, {
      error: 'must be made of letters, digits and single hyphens or underscores',
    });
  return { chain_name: name, chain_id: whole(1).optional() };
}

/** Tells where name and id contradict each other, or no id is known. */
export function oneChain({
  right: { chain_name: name, chain_id: id },
  isGiven,
  tell,
}: Look<{ chain_name: string; chain_id?: number | undefined }>): void {
  if (name === undefined) return;
  const carried = chainIdOfName(name);
  if (id !== undefined && carried !== undefined && id !== carried) {
    tell('chain_id', `${id} contradicts chain_name ${name}, whose id is ${carried}`);
  }
  if (carried !== undefined || isGiven('chain_id')) return;
  const closest = nearest(name, [...knownChains.keys()]) ?? 'ethereum';
  const message = `${name} is not a known chain and has no chain_id; the nearest known one is ${closest}`;
  tell('chain_name', message, 'give its chain_id, or write chain_name: chain-<id>');
}
