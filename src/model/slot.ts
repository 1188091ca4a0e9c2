import type { Pipeline } from './pipeline.js';

/** The time at which a started pipeline's schedule has it run next. */
export interface Slot {
  /** As the database writes it, in its time zone. */
  readonly at: string;
  /** The schedule that it is a time of. */
  readonly of: string;
  /** The newest time that has passed since a task was queued for one: a run still went on; null: none has. */
  readonly skipped: string | null;
}

/** Names the schedule of a pipeline, so that a changed one is known; null where it has none. */
export function scheduleOf({ schedule, timeZone }: Pick<Pipeline, 'schedule' | 'timeZone'>): string | null {
  return schedule === null ? null : `${schedule} ${timeZone ?? 'UTC'}`;
}
