import type { History, Run } from '../history.js';
import type { LedgerRow } from '../ledger.js';

/** A task's life, as the ledger tells it. */
export interface TaskLife {
  readonly id: number;
  readonly worker: string;
  readonly createdAt: number;
  /** When its row was last renewed: by a beat, or by a monitor that took back what lay in the future. Else its creation. */
  lastSignAt: number;
  /** Its first end; null while it runs. */
  end: LedgerRow | null;
  /** An older program has set it back to running. */
  isReopened: boolean;
  /** Its process's try to run it. */
  readonly run: Run | undefined;
}

/** Puts together the lives of all tasks. */
export function tasksOf({ ledger, runs }: History): readonly TaskLife[] {
  const lives = new Map<number, TaskLife>();
  for (const row of ledger) {
    if (row.task === null) continue;
    if (row.kind === 'task') lives.set(row.task, born(row, runs));
    const life = lives.get(row.task);
    if (life === undefined || row.kind !== 'change') continue;
    if (row.status === 0) life.lastSignAt = row.at;
    if (row.old_status !== 0 && row.status === 0) life.isReopened = true;
    if (row.old_status === 0 && row.status !== 0) life.end ??= row;
  }
  return [...lives.values()];
}

function born(row: LedgerRow, runs: readonly Run[]): TaskLife {
  const worker = row.worker ?? '';
  return {
    id: row.task ?? 0,
    worker,
    createdAt: row.at,
    lastSignAt: row.at,
    end: null,
    isReopened: false,
    run: runs.find((run) => run.worker === worker && run.pipeline === row.pipeline),
  };
}

/** Since when nobody works on a task any more; Infinity while somebody does. */
export function deadSince({ run, createdAt }: TaskLife): number {
  if (run === undefined) return createdAt;
  return Math.max(createdAt, Math.min(run.process.crashedAt, run.settledAt));
}
