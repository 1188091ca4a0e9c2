/** A reorganisation that a task has followed: a row of `reorg`. The time is in the database's time zone, no suffix. */
export interface Reorg {
  readonly pipelineId: number;
  readonly taskId: number;
  readonly createTime: string;
  /** The newest block that the chain kept. */
  readonly ancestorBlock: number;
  /** How many blocks above it were taken back. */
  readonly blocks: number;
}
