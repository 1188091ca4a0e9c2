import { Dice } from '../simulator/dice.js';
import { planHonest } from './plan.js';
import type { Plan } from './plan.js';

/**
 * Draws a backfill by many short requests, in the middle of which the nodes are begun anew from what they once kept of their chain: a
 * part of what is being read ahead is of the former chain, a part of the new one, and they have their first blocks in common.
 */
export function planBegunAnew(seed: number): Plan {
  const plan = planHonest(seed);
  const dice = new Dice(seed ^ 0xba5e);
  const prehistory = Math.floor(dice.between(200, 500));
  const blocks = Math.floor(prehistory * dice.pick([1, 1.2]));
  return {
    ...plan,
    prehistory,
    density: dice.pick(['sparse', 'mixed', 'dense']),
    reorgs: [],
    restarts: [],
    endpoints: plan.endpoints.map((endpoint, i) => ({
      ...endpoint,
      isOtherChain: false,
      oldest: 0,
      latencyMs: dice.pick([20, 80, 250]),
      cap: { kind: 'stated', blocks: dice.pick([3, 5, 10]) },
      // Some lose their connections all the time.
      episodes: i === 0 && dice.chance(0.5) ? [] : endpoint.episodes.filter(({ kind }) => kind !== 'moved'),
    })),
    definition: { ...plan.definition, startBlock: 0, endBlock: null, finality: 'latest', batchSize: 5 },
    change: { kind: 'reset', atMs: dice.between(0, 2_000), blocks, kept: Math.floor(dice.between(0, prehistory - 20)) },
  };
}
