/** A process that is started. */
export interface PlannedStart {
  readonly atMs: number;
  /** The host that it runs on: a later process there knows that an earlier one is gone. */
  readonly host: string;
  readonly takeOver: boolean;
  readonly pipelines: readonly number[];
  readonly skewMs: number;
}

export interface PlannedMonitor {
  readonly name: string;
  readonly atMs: number;
  readonly skewMs: number;
}

/** What kind of schedule it is: faults of every kind, or pauses of the holder with a take-over. */
export type Mode = 'mixed' | 'pauses';
