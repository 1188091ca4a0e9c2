import type { Task } from '../../../src/model/task.js';
import type { LedgerRow } from './ledger.js';
import type { JournalTables } from './oracles/rows-at-versions.js';
import type { Plan } from './plan.js';
import type { SimChain } from './sim-chain.js';
import type { SimProcess } from './sim-process.js';
import type { Troubles } from './troubles.js';

/** One try of a process to run a pipeline. */
export interface Run {
  /** `process.try`, as the task's row names it. */
  readonly worker: string;
  readonly process: SimProcess;
  readonly pipeline: number;
  /** The task that it was told to be; null before. */
  taskId: number | null;
  settledAt: number;
  /** How it ended: an error's name, or `done`. */
  outcome: string | null;
  /** The task as the run returned it. */
  task: Task | null;
}

/** What a monitor said of a task. */
export interface Told {
  readonly monitor: string;
  readonly taskId: number;
}

/** Everything that happened in a schedule: what the oracles judge. */
export interface History {
  readonly plan: Plan;
  readonly chain: SimChain;
  readonly troubles: Troubles;
  readonly processes: ReadonlyMap<string, SimProcess>;
  readonly runs: readonly Run[];
  readonly told: readonly Told[];
  /** When each monitor started. */
  readonly monitors: ReadonlyMap<string, number>;
  /** What a part of the program threw that nothing should throw. */
  readonly surprises: readonly string[];
  readonly ledger: readonly LedgerRow[];
  /** The stored events of all pipelines as `pipeline/block:log index:block hash`. */
  readonly events: readonly string[];
  readonly journal: JournalTables;
  readonly endedAt: number;
}
