import { Dice } from './dice.js';
import { planPackets } from './packet-faults.js';
import type { PacketFaults } from './packet-faults.js';
import { planAmbush, planBait } from './planned-ambush.js';
import type { PlannedAmbush } from './planned-ambush.js';
import { endOf, planFaults } from './planned-fault.js';
import type { PlannedFault } from './planned-fault.js';
import type { Mode, PlannedMonitor, PlannedStart } from './planned-process.js';
import type { SimReorg } from './sim-chain.js';

/** Everything that a schedule is made of; it follows from mode and seed alone. */
export interface Plan {
  readonly seed: number;
  readonly mode: Mode;
  readonly timezone: string;
  /** The tasks' heartbeat interval, and the one that the monitors expect. */
  readonly intervalMs: number;
  readonly ruleIntervalMs: number;
  /** The tasks' own timeout in seconds; null: the monitors'. */
  readonly taskTimeoutSeconds: number | null;
  readonly timeoutSeconds: number;
  readonly checkIntervalMs: number;
  readonly stallAfterMs: number;
  readonly blockMs: number;
  readonly lastBlock: number;
  readonly reorg: SimReorg | null;
  readonly databaseSkewMs: number;
  readonly starts: readonly PlannedStart[];
  readonly monitors: readonly PlannedMonitor[];
  /** Whether monitors beat in their own table as well. */
  readonly showsMonitors: boolean;
  /** Whether the runs that are left are told to end when the last fault is over. */
  readonly isCutShort: boolean;
  readonly faults: readonly PlannedFault[];
  /** Whether what pipelines take back is kept. */
  readonly hasSinks: boolean;
  readonly ambush: PlannedAmbush | null;
  readonly packets: PacketFaults;
  /** When the last fault is over, in milliseconds. */
  readonly quietMs: number;
}

const hourMs = 3_600_000;

/** Draws a schedule. */
export function planSchedule(mode: Mode, seed: number): Plan {
  const dice = new Dice(seed * 2 + (mode === 'pauses' ? 1 : 0));
  const intervalMs = dice.pick([5_000, 10_000, 30_000]);
  const timeoutSeconds = Math.ceil((intervalMs / 1_000) * dice.pick([3, 3, 3, 4.5]));
  const busyMs = intervalMs * dice.pick([dice.between(1.5, 4), dice.between(3, 6)]);
  const starts = planStarts(dice, mode, busyMs);
  const monitors = planMonitors(dice, busyMs);
  const ambush = mode === 'mixed' && dice.chance(0.15) ? planAmbush(dice, intervalMs) : null;
  const faults = [
    ...planFaults(dice, mode, { intervalMs, busyMs, starts, monitors }),
    ...(ambush === null ? [] : planBait(dice, ambush, intervalMs)),
  ];
  return {
    seed,
    mode,
    hasSinks: seed % 4 !== 0,
    timezone: dice.pick(['+00:00', '+00:00', '+08:00', '-03:30']),
    intervalMs,
    ruleIntervalMs: intervalMs / dice.pick([1, 1, 1, 2.5]),
    taskTimeoutSeconds: dice.chance(0.3) ? Math.ceil((intervalMs / 1_000) * dice.between(3, 6)) : null,
    timeoutSeconds,
    checkIntervalMs: intervalMs * dice.pick([0.5, 1, 1, 2]),
    stallAfterMs: intervalMs * dice.pick([4, 10]),
    blockMs: intervalMs * dice.pick([0.6, 1.3, 1.8]),
    lastBlock: Math.floor(dice.between(2, 5.5)),
    reorg: dice.chance(0.25) ? { atMs: dice.between(0, busyMs), block: Math.floor(dice.between(1, 4)) } : null,
    databaseSkewMs: skew(dice),
    starts,
    monitors,
    showsMonitors: dice.chance(0.2),
    isCutShort: dice.chance(0.6),
    faults,
    ambush,
    packets: planPackets(dice, mode, intervalMs, busyMs),
    quietMs: Math.max(busyMs, endOf(faults), ambush === null ? 0 : 9 * intervalMs),
  };
}

function planStarts(dice: Dice, mode: Mode, busyMs: number): readonly PlannedStart[] {
  const count = dice.pick([2, 2, 2, 3]);
  return Array.from({ length: count }, (_, i) => ({
    atMs: i === 0 ? 0 : dice.between(0, busyMs * 1.1),
    host: dice.chance(0.2) ? 'w1' : `w${i + 1}`,
    takeOver: mode === 'pauses' ? i > 0 : i > 0 && dice.chance(0.4),
    pipelines: dice.chance(0.12) ? [1, 2] : [1],
    skewMs: skew(dice),
  }));
}

function planMonitors(dice: Dice, busyMs: number): readonly PlannedMonitor[] {
  return Array.from({ length: dice.pick([1, 1, 2]) }, (_, i) => ({
    name: `m${i + 1}`,
    atMs: dice.chance(0.4) ? 0 : dice.between(0, busyMs),
    skewMs: skew(dice),
  }));
}

function skew(dice: Dice): number {
  return dice.chance(0.5) ? 0 : dice.between(-hourMs, hourMs);
}
