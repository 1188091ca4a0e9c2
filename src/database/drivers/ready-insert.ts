import type { Rooms } from '../../runtime/rooms.js';
import type { BulkInsert, ScriptStep } from '../script.js';

/** The INSERTs of many rows, one behind the other. */
export interface WrittenInserts {
  readonly inserts: readonly Buffer[];
  /** What they stand in. */
  readonly room: Buffer;
}

/** An insert that is written already; null once it has been executed. */
export interface ReadyInsert<Written extends WrittenInserts = WrittenInserts> extends BulkInsert {
  written: Written | null;
}

/** Tells an insert that may be written already. */
export function isReady<Written extends WrittenInserts>(step: ScriptStep): step is ReadyInsert<Written> {
  return 'written' in step;
}

/** What has been executed is not sent again, and what it was written in is free. */
export function release(steps: readonly ScriptStep[], rooms: Rooms): void {
  for (const step of steps) {
    if (!isReady(step) || step.written === null) continue;
    rooms.give(step.written.room);
    step.written = null;
  }
}
