import type { EventMonitorConfig } from '../../../src/components/event-monitor/config.js';
import type { Finality } from '../../../src/model/pipeline.js';
import { monitorConfig } from '../../support/monitor-run.js';
import { simContract } from '../../support/simulated-chain.js';
import { transferAbi } from '../../support/transfer-emitter.js';
import { Dice } from '../simulator/dice.js';
import type { ChainChange } from './plan-chain-change.js';
import { planLie } from './plan-lie.js';
import { planEndpoint } from './planned-endpoint.js';
import type { PlannedEndpoint } from './planned-endpoint.js';
import { otherContract } from './sim-events.js';
import type { Density } from './sim-events.js';

/** A reorganisation: the newest `depth` blocks are replaced by `count` others; fewer of them lower the head. */
interface PlannedReorg {
  readonly atMs: number;
  readonly depth: number;
  readonly count: number;
}

/** The run ends, as if killed or as if asked to, and another one begins later. */
interface PlannedRestart {
  readonly atMs: number;
  readonly kind: 'crash' | 'stop';
  readonly pauseMs: number;
}

/** All endpoints serve another chain; none has the first block any more; what was final is replaced. */
type Doom = 'other-chain' | 'pruned' | 'deep-reorg';

/** Everything that a schedule is made of; it follows from the seed alone. */
export interface Plan {
  readonly seed: number;
  /** How many blocks there are at first, and what they hold. */
  readonly prehistory: number;
  readonly density: Density;
  readonly blockMs: number;
  /** How many blocks below the head the endpoints that know of finality take for final, and for safe. */
  readonly finalizedDistance: number;
  readonly safeDistance: number;
  readonly reorgs: readonly PlannedReorg[];
  readonly definition: EventMonitorConfig;
  readonly endpoints: readonly PlannedEndpoint[];
  readonly restarts: readonly PlannedRestart[];
  /** How long a statement of the database takes at most. */
  readonly databaseMs: number;
  /** What no run can go on with, and must end with an error of its own; null: the schedule can be lived through. */
  readonly doom: Doom | null;
  /** What becomes of the whole chain; left out: nothing. */
  readonly change?: ChainChange;
  /** When the last fault is over, in milliseconds. */
  readonly quietMs: number;
}

/** Draws a schedule. */
export function planSchedule(seed: number): Plan {
  const dice = new Dice(seed);
  const plan = drawPlan(seed, dice);
  return dice.chance(0.06) ? doomed(plan, dice) : planLie(plan);
}

/** Draws a schedule that can be lived through, and in which no endpoint tells what is not so. */
export function planHonest(seed: number): Plan {
  return drawPlan(seed, new Dice(seed));
}

function drawPlan(seed: number, dice: Dice): Plan {
  const blockMs = dice.pick([500, 1_000, 2_000, 6_000, 12_000]);
  const busyMs = blockMs * dice.between(10, 50);
  const prehistory = Math.floor(dice.pick([dice.between(4, 70), dice.between(70, 200), dice.between(200, 500)]));
  const finality = planFinality(dice);
  const asksNode = typeof finality === 'string' && finality !== 'latest';
  const endpoints = Array.from({ length: dice.pick([1, 1, 2, 2, 3]) }, (_, i) =>
    planEndpoint(dice, i === 0, busyMs, prehistory),
  );
  const isKnown = dice.chance(0.7);
  return {
    seed,
    prehistory,
    density: dice.pick(['none', 'sparse', 'mixed', 'mixed', 'dense']),
    blockMs,
    finalizedDistance: dice.pick([12, 64, 64, 80]),
    safeDistance: dice.pick([6, 32]),
    reorgs: Array.from({ length: dice.pick([0, 1, 2, 4, 8]) }, () => planReorg(dice, busyMs)),
    definition: planDefinition(dice, finality, prehistory),
    // What such a run may read depends on what is final: all say the same of it.
    endpoints: asksNode ? endpoints.map((endpoint) => ({ ...endpoint, knowsFinality: isKnown })) : endpoints,
    restarts: Array.from({ length: dice.pick([0, 0, 1, 3]) }, () => ({
      atMs: dice.between(0, busyMs),
      kind: dice.pick(['crash', 'stop']),
      pauseMs: dice.pick([0, blockMs / 2, blockMs * 8]),
    })),
    databaseMs: dice.pick([0, 5, 60]),
    doom: null,
    quietMs: busyMs,
  };
}

function doomed(plan: Plan, dice: Dice): Plan {
  const doom = dice.pick<Doom>(['other-chain', 'pruned', 'deep-reorg']);
  const { endpoints } = plan;
  if (doom === 'deep-reorg') {
    const reorg = { atMs: plan.quietMs * dice.between(0.5, 1), depth: 60, count: 70 };
    return {
      ...plan,
      doom,
      reorgs: [...plan.reorgs, reorg],
      definition: { ...plan.definition, mode: 'realtime', endBlock: null },
    };
  }
  if (doom === 'other-chain')
    return { ...plan, doom, endpoints: endpoints.map((it) => ({ ...it, isOtherChain: true })) };
  // Its first blocks must be history: new ones are asked for by their hashes.
  return {
    ...plan,
    doom,
    prehistory: Math.max(plan.prehistory, 90),
    endpoints: endpoints.map((it) => ({ ...it, oldest: 4 })),
    definition: { ...plan.definition, startBlock: 1, endBlock: null, finality: 'latest' },
  };
}

function planFinality(dice: Dice): Finality {
  return dice.pick(['latest', 'latest', 'latest', 'latest', 'finalized', 'safe', 3, 20]);
}

function planReorg(dice: Dice, busyMs: number): PlannedReorg {
  const depth = Math.floor(
    dice.pick([dice.between(1, 4), dice.between(1, 4), dice.between(4, 17), dice.between(17, 65)]),
  );
  const count = Math.floor(dice.pick([depth + 1, depth + 1, depth + 3, dice.between(0, depth)]));
  return { atMs: dice.between(0, busyMs), depth, count };
}

function planDefinition(dice: Dice, finality: Finality, prehistory: number): EventMonitorConfig {
  const mode = dice.pick<'historical' | 'realtime'>(['realtime', 'realtime', 'historical']);
  const filter = dice.pick(['one', 'two', 'any', 'unknown', 'narrow'] as const);
  const addresses = { one: [simContract], two: [simContract, otherContract], any: null }[
    filter === 'unknown' || filter === 'narrow' ? 'one' : filter
  ];
  const start = Math.floor(dice.pick([0, 1, dice.between(0, prehistory), prehistory - 3]));
  const isOpen = mode === 'realtime' || dice.chance(0.4);
  return {
    ...monitorConfig,
    contracts: [{ addresses, abi: transferAbi }],
    mode,
    startBlock: mode === 'realtime' && dice.chance(0.1) ? null : Math.max(0, start),
    endBlock: isOpen ? null : Math.floor(dice.between(Math.max(0, start), prehistory + 8)),
    finality,
    pollInterval: dice.pick([0.5, 1, 4]),
    addressFilters: filter === 'narrow' ? [`0x${(0xa003).toString(16).padStart(40, '0')}`] : [],
    keepUnknown: filter === 'unknown',
    batchSize: dice.pick([5, 40, 200, 2_000]),
  };
}
