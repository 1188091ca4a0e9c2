import type { SimLog } from '../../support/simulated-chain.js';
import { toHex } from '../../support/simulated-chain.js';
import { SimRefusal } from '../../support/simulated-node.js';
import type { SimError } from '../../support/simulated-node.js';
import type { BlockRange } from '../../../src/model/block.js';
import type { Dice } from '../simulator/dice.js';
import type { PlannedEndpoint } from './planned-endpoint.js';

/** Throws SimRefusal where an endpoint does not give so many blocks at once, or not any more. */
export function refuseRange({ cap, oldest }: PlannedEndpoint, { from, to }: BlockRange, dice: Dice): void {
  if (from < oldest) throw new SimRefusal({ code: 4444, message: 'pruned history unavailable' });
  if (cap === null) return;
  const most = cap.kind === 'random' ? Math.ceil(cap.blocks * dice.between(0.5, 2)) : cap.blocks;
  if (to - from + 1 <= most) return;
  const message = cap.kind === 'stated' ? `eth_getLogs is limited to a ${cap.blocks} range` : 'block range too large';
  throw new SimRefusal({ code: -32000, message });
}

/** Returns the error for a range with too many logs, with a suggestion where the endpoint makes one. */
export function suggested(
  { logs: most, suggestion }: NonNullable<PlannedEndpoint['mostLogs']>,
  { from, to }: BlockRange,
  logs: readonly SimLog[],
  dice: Dice,
): SimError {
  const numbers = logs.map((log) => Number(log.blockNumber)).sort((a, b) => a - b);
  const ends = {
    right: Math.max(from, (numbers[most] ?? to) - 1),
    equal: to,
    larger: to + Math.ceil(dice.between(1, 50)),
  };
  const message = `query returned more than ${most} results`;
  if (suggestion === 'none') return { code: -32005, message };
  return {
    code: -32005,
    message: `${message}. Try with this block range [${toHex(from)}, ${toHex(ends[suggestion])}].`,
  };
}
