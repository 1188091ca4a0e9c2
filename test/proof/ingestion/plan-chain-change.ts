import { Dice } from '../simulator/dice.js';
import type { Plan } from './plan.js';
import type { PlannedEndpoint } from './planned-endpoint.js';

/** What becomes of the whole chain of a schedule. */
export type ChainChange =
  /** It begins anew under the same id, so many blocks long, of which the first `kept` are as they were. */
  | { readonly kind: 'reset'; readonly atMs: number; readonly blocks: number; readonly kept: number }
  /** Another one stands behind every URL, or every one but the first, for good or for a while. */
  | { readonly kind: 'swap'; readonly atMs: number; readonly untilMs: number; readonly isOfAll: boolean };

/** Has the chain of a schedule change under its runs. Draws from dice of its own: the rest of it is as it was. */
export function planChainChange(plan: Plan): Plan {
  const dice = new Dice(plan.seed ^ 0xc4a1);
  const change = dice.chance(0.5) ? planReset(plan, dice) : planSwap(plan, dice);
  if (change.kind === 'reset') return { ...plan, change };
  const endpoints = plan.endpoints.map((endpoint, i) =>
    i === 0 && !change.isOfAll ? endpoint : swapped(endpoint, change.atMs, change.untilMs),
  );
  return { ...plan, change, endpoints };
}

function planReset({ prehistory, quietMs }: Plan, dice: Dice): ChainChange {
  const blocks = Math.floor(dice.pick([1, dice.between(1, 8), dice.between(1, prehistory), prehistory * 1.5]));
  return { kind: 'reset', atMs: dice.between(0, quietMs), blocks, kept: 0 };
}

function planSwap({ endpoints, quietMs }: Plan, dice: Dice): ChainChange {
  const atMs = dice.between(0, quietMs);
  const untilMs = dice.pick([Number.POSITIVE_INFINITY, atMs + dice.between(0.01, 1) * (quietMs - atMs)]);
  return { kind: 'swap', atMs, untilMs, isOfAll: endpoints.length === 1 || dice.chance(0.5) };
}

function swapped(endpoint: PlannedEndpoint, fromMs: number, toMs: number): PlannedEndpoint {
  return { ...endpoint, episodes: [...endpoint.episodes, { kind: 'swapped', fromMs, toMs, rate: 1 }] };
}
