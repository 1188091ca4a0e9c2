import type { Dice } from './dice.js';
import type { Mode, PlannedMonitor, PlannedStart } from './planned-process.js';

/** Something that goes wrong at an instant, for a while. `who` counts the processes in the order of their start. */
export type PlannedFault =
  | {
      readonly kind: 'stopped' | 'asleep' | 'silent' | 'refused' | 'hang';
      readonly atMs: number;
      readonly forMs: number;
      readonly who: string;
    }
  | { readonly kind: 'crash' | 'terminate'; readonly atMs: number; readonly who: string }
  | { readonly kind: 'wall jump'; readonly atMs: number; readonly who: string; readonly byMs: number }
  | { readonly kind: 'freeze' | 'down'; readonly atMs: number; readonly forMs: number }
  | { readonly kind: 'clock jump'; readonly atMs: number; readonly byMs: number }
  /** A person cancels the newest task, or an older program sets the status of one that has ended back to running. */
  | { readonly kind: 'cancel' | 'reopen'; readonly atMs: number }
  /** Somebody repairs a row. */
  | { readonly kind: 'repair'; readonly atMs: number };

export interface FaultSpace {
  readonly intervalMs: number;
  readonly busyMs: number;
  readonly starts: readonly PlannedStart[];
  readonly monitors: readonly PlannedMonitor[];
}

const hourMs = 3_600_000;

/** Draws what goes wrong: in the mode of pauses the first process is stopped while another takes over. */
export function planFaults(dice: Dice, mode: Mode, space: FaultSpace): readonly PlannedFault[] {
  const pauses = mode === 'pauses' ? planPause(dice, space) : [];
  const count = mode === 'pauses' ? dice.pick([0, 0, 1]) : dice.pick([1, 2, 2, 3]);
  const faults = Array.from({ length: count }, () => planFault(dice, space));
  const repairs = Array.from({ length: dice.pick([0, 1, 3]) }, () => dice.between(0, space.busyMs));
  return [...pauses, ...faults, ...repairs.map((atMs) => ({ kind: 'repair', atMs }) as const)];
}

/** When the last of them is over, in milliseconds; a node that hangs may go on hanging. */
export function endOf(faults: readonly PlannedFault[]): number {
  return Math.max(
    ...faults.map((fault) => fault.atMs + ('forMs' in fault && fault.kind !== 'hang' ? fault.forMs : 0)),
    0,
  );
}

/** The holder is stopped before another process takes over, and goes on after it. */
function planPause(dice: Dice, { starts, busyMs }: FaultSpace): readonly PlannedFault[] {
  const takenAtMs = Math.min(...starts.slice(1).map(({ atMs }) => atMs));
  const atMs = takenAtMs * dice.random();
  const forMs = takenAtMs - atMs + dice.between(0, busyMs / 2);
  const pause = { kind: dice.pick(['stopped', 'asleep'] as const), atMs, forMs, who: 'p1' };
  return dice.chance(0.1) ? [pause, { kind: 'reopen', atMs: dice.between(takenAtMs, atMs + forMs) }] : [pause];
}

function planFault(dice: Dice, space: FaultSpace): PlannedFault {
  const { intervalMs, busyMs, starts, monitors } = space;
  const atMs = dice.between(0, busyMs * 0.9);
  const forMs = intervalMs * dice.pick([0.1, 0.6, 1, 3, 4, 5]);
  const worker = `p${1 + Math.floor(dice.random() * starts.length)}`;
  const anybody = dice.chance(0.6) ? worker : dice.pick(monitors).name;
  const roll = dice.random() * 100;
  if (roll < 20) return { kind: dice.pick(['stopped', 'asleep'] as const), atMs, forMs, who: anybody };
  if (roll < 30) return { kind: dice.pick(['silent', 'refused'] as const), atMs, forMs, who: anybody };
  if (roll < 45) return { kind: 'crash', atMs, who: worker };
  if (roll < 61) return { kind: 'freeze', atMs, forMs };
  if (roll < 75) return { kind: 'down', atMs, forMs };
  if (roll < 79) return { kind: 'clock jump', atMs, byMs: dice.pick([-hourMs, hourMs]) };
  if (roll < 84) return { kind: 'wall jump', atMs, who: anybody, byMs: dice.pick([-hourMs, hourMs]) };
  if (roll < 89) return { kind: 'hang', atMs, forMs: intervalMs * dice.pick([3, 12]), who: worker };
  if (roll < 93) return { kind: 'terminate', atMs, who: worker };
  return { kind: roll < 98 ? 'cancel' : 'reopen', atMs };
}
