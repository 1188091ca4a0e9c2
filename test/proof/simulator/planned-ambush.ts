import type { Dice } from './dice.js';
import type { PlannedFault } from './planned-fault.js';

/** Something that goes wrong at the worst moment: when the first statement of a kind reaches the server. */
export interface PlannedAmbush {
  readonly at: 'judgement' | 'commit' | 'claim' | 'finish';
  readonly then: 'freeze' | 'down' | 'stop the sender' | 'crash the sender' | 'cut the sender off';
  readonly forMs: number;
  /** Whether all that are suspended go on at this moment. */
  readonly wakes: boolean;
}

/** Draws an ambush. */
export function planAmbush(dice: Dice, intervalMs: number): PlannedAmbush {
  return {
    at: dice.pick(['judgement', 'judgement', 'commit', 'claim', 'finish'] as const),
    then: dice.pick(['freeze', 'freeze', 'down', 'stop the sender', 'crash the sender', 'cut the sender off'] as const),
    forMs: intervalMs * dice.pick([0.5, 2, 4, 5]),
    wakes: dice.chance(0.7),
  };
}

/** What makes a monitor judge: the first process is suspended until it is listed as silent, and wakes in the ambush. */
export function planBait(dice: Dice, { at }: PlannedAmbush, intervalMs: number): readonly PlannedFault[] {
  if (at !== 'judgement') return [];
  return [{ kind: 'stopped', atMs: intervalMs * dice.between(0, 1), forMs: 12 * intervalMs, who: 'p1' }];
}
