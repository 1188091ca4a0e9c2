import type { Leap } from '../database/events/checkpoint-store.js';
import type { Checkpoint } from '../model/checkpoint.js';

/** What is gone: up to which version, and of which blocks. */
type Gone = Omit<Leap, 'taskId'>;

/** Commits that a task knew as done are gone: an older state of the database has come in its place. */
export class DatabaseSetBackError extends Error {
  readonly gone: Gone;
  /** Nothing is left of what the task had committed. */
  readonly isBehindBegin: boolean;

  constructor({ pipelineId, version: newest }: Checkpoint, gone: Gone, isBehindBegin: boolean) {
    const known = `version ${newest} is the newest of pipeline ${pipelineId}, ${gone.version} was committed`;
    super(`the database was set back: ${known} (a standby lacked it, or a backup was restored): reading on from there`);
    this.gone = gone;
    this.isBehindBegin = isBehindBegin;
  }
}

/** What a task knows as committed: what is there can only be newer, unless the database was set back. */
export class KnownCommits {
  #version = -1;
  #blockNumber: number | null = null;
  /** The version at which the task began. */
  #begunAt: number | null = null;

  /** Takes a checkpoint as it was read. Throws DatabaseSetBackError where it is older than what is known. */
  read(checkpoint: Checkpoint): void {
    const { pipelineId, version, blockNumber } = checkpoint;
    this.#begunAt ??= version;
    if (version >= this.#version) {
      this.note(version, blockNumber);
      return;
    }
    const fromBlock = (blockNumber ?? -1) + 1;
    const toBlock = Math.max(fromBlock, this.#blockNumber ?? 0);
    const gone = { pipelineId, version: this.#version, fromBlock, toBlock };
    throw new DatabaseSetBackError(checkpoint, gone, version <= this.#begunAt);
  }

  /** Takes a commit of the task's own. */
  note(version: number, blockNumber: number | null): void {
    this.#version = version;
    this.#blockNumber = blockNumber;
  }

  /** Begins anew with whatever is there. */
  forget(): void {
    this.note(-1, null);
  }
}
