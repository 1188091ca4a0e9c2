import { makeBlock, simContract, transferOf, transferTopic } from '../../support/simulated-chain.js';
import type { SimBlock, SimEvent } from '../../support/simulated-chain.js';
import { Dice } from '../simulator/dice.js';

/** How many events blocks hold. */
export type Density = 'none' | 'sparse' | 'mixed' | 'dense';

/** A contract beside the usual one, and one that nobody asks for. */
export const otherContract = '0x00000000000000000000000000000000000c0ffe';
const strangeContract = '0x00000000000000000000000000000000deadbeef';

const counts: Record<Density, readonly number[]> = {
  none: [0],
  sparse: [0, 0, 0, 0, 0, 0, 0, 1],
  mixed: [0, 0, 1, 2, 5],
  dense: [2, 4, 6],
};

/** Draws what a block holds: mostly transfers of one contract, and all sorts of others between them. */
export function drawEvents(dice: Dice, density: Density): readonly SimEvent[] {
  return Array.from({ length: dice.pick(counts[density]) }, () => drawEvent(dice));
}

function drawEvent(dice: Dice): SimEvent {
  const address = dice.pick([simContract, simContract, simContract, otherContract, strangeContract]);
  const made = transferOf(Math.floor(dice.between(1, 1e9)));
  if (dice.chance(0.8)) return { address, ...made };
  const topic = `0x${'77'.repeat(32)}`;
  return dice.pick<SimEvent>([
    { address, topics: [topic], data: '0x' },
    { address, topics: [], data: '0x01' },
    { address, topics: [transferTopic, topic, topic, topic], data: '0x' },
    { address, topics: made.topics!, data: '0x12' },
  ]);
}

interface GrownChain {
  readonly dice: Dice;
  readonly blocks: SimBlock[];
}

const chains = new Map<string, GrownChain>();

/** Returns the first blocks of a chain; schedules share them, for to make them takes longer than to play. */
export function prehistoryOf(density: Density, count: number, salt: 'ours' | 'other'): readonly SimBlock[] {
  const key = `${salt} ${density}`;
  const chain = chains.get(key) ?? { dice: new Dice(key.length * 7 + 1), blocks: [] };
  chains.set(key, chain);
  const { dice, blocks } = chain;
  while (blocks.length < count) blocks.push(makeBlock(blocks.at(-1), salt, drawEvents(dice, density)));
  return blocks.slice(0, count);
}
