import type { Dice } from './dice.js';
import type { Mode } from './planned-process.js';

/** What can happen to a single packet. */
export type PacketFault = 'lost' | 'reset' | 'answer lost' | 'answer reset' | 'late' | 'late answer' | 'contention';

/** How often packets meet a fault, and until when. */
export interface PacketFaults {
  readonly rate: number;
  readonly untilMs: number;
  readonly delayMs: number;
  readonly kinds: readonly PacketFault[];
}

/** Draws what happens to packets. */
export function planPackets(dice: Dice, mode: Mode, intervalMs: number, quietMs: number): PacketFaults {
  const calm = dice.chance(mode === 'pauses' ? 0.7 : 0.4);
  return {
    rate: calm ? 0 : dice.pick([0.01, 0.05, 0.15]),
    untilMs: quietMs,
    delayMs: intervalMs * dice.pick([0.2, 1, 3]),
    kinds: ['lost', 'reset', 'answer lost', 'answer reset', 'late', 'late answer', 'contention'],
  };
}
