import { Dice } from '../simulator/dice.js';
import type { EndpointLie } from './endpoint-lies.js';
import type { Plan } from './plan.js';
import type { PlannedEndpoint } from './planned-endpoint.js';

/** The share of schedules whose first endpoint lies. */
const share = 0.4;

/**
 * Has the first endpoint of some schedules lie, with nothing else wrong with it: where it can be told, its receipts are true.
 * Draws from dice of its own, so that the rest of a schedule is as it was.
 */
export function planLie(plan: Plan): Plan {
  const dice = new Dice(plan.seed ^ 0x11e);
  const [first, ...others] = plan.endpoints;
  if (first === undefined || !dice.chance(share)) return plan;
  const lie = drawLie(dice);
  const honest = others.map((endpoint) => ({
    ...endpoint,
    receipts: endpoint.receipts === 'lacking' ? 'none' : endpoint.receipts,
  }));
  const endpoint = { ...first, episodes: [], mostLogs: null, ...neededBy(lie, dice, first), lie };
  return { ...plan, endpoints: [endpoint, ...honest] as readonly PlannedEndpoint[] };
}

function drawLie(dice: Dice): EndpointLie {
  return dice.pick<EndpointLie>([
    { kind: 'cut', logs: dice.pick([101, 128, 250]), keeps: dice.pick(['oldest', 'newest']) },
    { kind: 'not-done' },
    { kind: 'not-done' },
    { kind: 'left-out' },
    { kind: 'zero-bloom' },
    { kind: 'other-hash' },
  ]);
}

/** What must be so that somebody can tell. */
function neededBy({ kind }: EndpointLie, dice: Dice, { cap }: PlannedEndpoint): Partial<PlannedEndpoint> {
  if (kind === 'left-out' || kind === 'zero-bloom') return { receipts: 'all' };
  if (kind === 'cut') return { cap: null };
  if (kind === 'other-hash') return { logTimestamps: 'real', cap };
  return { receipts: dice.pick(['none', 'all']) };
}
