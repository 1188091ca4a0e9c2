/** How far a pipeline has come: the last block whose events are committed, and who may move it. */
export interface Checkpoint {
  readonly pipelineId: number;
  /** The task that holds the pipeline; null before the first. */
  readonly taskId: number | null;
  readonly chainId: number | null;
  /** The first block of the unbroken stretch that ends at `blockNumber`; null before the first commit. */
  readonly startBlock: number | null;
  readonly blockNumber: number | null;
  readonly blockHash: string | null;
  /** Grows by one with every commit, so that a commit that arrives late or twice changes nothing. */
  readonly version: number;
}
