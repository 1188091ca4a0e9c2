import { Dice } from '../simulator/dice.js';
import { planSchedule } from './plan.js';
import type { Plan } from './plan.js';

/** Draws a backfill from one endpoint whose limit, on blocks or on logs, nobody knows. Nothing else is wrong with it. */
export function planBackfill(seed: number): Plan {
  const dice = new Dice(seed);
  const most = Math.ceil(40 ** dice.between(0, 1));
  const isOfBlocks = dice.chance(0.5);
  const plan = planSchedule(seed);
  const density = isOfBlocks ? plan.density : 'dense';
  // Four logs a block, of which three fifths are of the one contract and an event that is wanted.
  const prehistory = Math.ceil(isOfBlocks ? most * 400 : (most + 10) * 150);
  const [endpoint] = plan.endpoints;
  return {
    ...plan,
    density,
    doom: null,
    prehistory: prehistory + 100,
    reorgs: [],
    restarts: [],
    endpoints: [
      {
        ...endpoint!,
        protocol: 'http',
        isOtherChain: false,
        oldest: 0,
        maxAddresses: 100,
        receipts: 'all',
        cap: isOfBlocks ? { kind: 'hidden', blocks: most } : null,
        mostLogs: isOfBlocks ? null : { logs: most + 10, suggestion: 'none' },
        episodes: [],
      },
    ],
    definition: {
      ...plan.definition,
      mode: 'historical',
      finality: 'latest',
      startBlock: 0,
      endBlock: prehistory,
      batchSize: 2_000,
    },
  };
}
