import type { BatchCommit, PreparedRows } from '../database/events/batch-store.js';
import type { CheckpointStore } from '../database/events/checkpoint-store.js';
import type { Batches } from '../database/events/shard-rows.js';
import { FenceError } from '../database/script.js';
import type { TellSent } from '../database/script.js';
import type { ChildrenMessage, EarlierBatch, EventBatch, RollbackMessage, SourceMessage } from '../model/batch.js';
import type { BlockRef } from '../model/block.js';
import type { RunRequest } from '../model/run-request.js';
import type { Progress } from '../model/task.js';
import { DatabaseUnreachableError, LeaseLostError } from '../runtime/errors.js';
import type { KnownCommits } from './known-commits.js';
import type { Start } from './start.js';
import { whenReachable } from './lease.js';
import type { Lease } from './lease.js';

/** The checkpoint is not where this task left it, though the lease is its own: it must be read again. */
export class CheckpointMovedError extends Error {}

export interface CommitterParts {
  readonly pipelineId: number;
  readonly chainId: number;
  readonly lease: Lease;
  readonly batches: Batches;
  readonly checkpoints: Pick<CheckpointStore, 'get' | 'changeBetween'>;
  /** What other tasks read behind the checkpoint; left out: nothing. */
  readonly shards?: { drop(progress: Progress): Promise<void> } | undefined;
  readonly known: KnownCommits;
  /**
   * What was asked for, where the first commit begins elsewhere than at the checkpoint: afresh a stretch of its own, also where it comes
   * right behind that; left out: it goes on there.
   */
  readonly begins?: RunRequest | undefined;
  readonly signal: AbortSignal;
}

/** The checkpoint of what does not move it: no other commit leads there. */
const nowhere: BlockRef = { number: -1, hash: '' };

/** After how many commits what nobody needs of the journal is forgotten. */
const commitsPerPrune = 128;

/** A batch that was added behind all rows that there were, as it is. */
export interface Appended {
  readonly chainId: number;
  /** The version that it took. */
  readonly version: number;
  readonly batch: EventBatch;
}

/** A message of a source on its way into the database. */
export interface Commit {
  readonly message: SourceMessage;
  /** Resolves once what `run` sends has left this process, and at the latest when it ends. */
  readonly sent: Promise<void>;
  /**
   * Commits the message exactly once, also when the database goes away in between; returns what changed in the progress.
   * Throws LeaseLostError, CheckpointMovedError or DatabaseSetBackError.
   */
  run(progress: Progress): Promise<Partial<Progress>>;
  /** Returns, once it has been run, what it added; null where it took away or replaced rows, or has none. */
  appended(): Appended | null;
}

/** Commits one message of a source after the other and knows where the checkpoint stands. */
export class Committer {
  readonly #parts: CommitterParts;
  readonly #newestStoredBlock: number;
  #begins: RunRequest | undefined;
  #version: number;
  /** Messages that are prepared and not committed. */
  #prepared = 0;
  #startBlock: number | null;
  #blockNumber: number | null;

  constructor(parts: CommitterParts, start: Start) {
    this.#parts = parts;
    this.#newestStoredBlock = start.newestStoredBlock;
    this.#begins = parts.begins;
    this.#version = start.checkpoint.version;
    this.#startBlock = start.checkpoint.startBlock;
    this.#blockNumber = start.checkpoint.blockNumber;
  }

  /** Builds the rows of a message, perhaps while another commit is in the air; each is run in its turn. */
  prepare(message: SourceMessage): Commit {
    // Children that are found ahead take no version.
    if (message.kind !== 'children') this.#prepared += 1;
    const rows = this.#build(message);
    let left: TellSent = () => undefined;
    const sent = new Promise<void>((resolve) => (left = resolve));
    const run = (progress: Progress): Promise<Partial<Progress>> =>
      this.#commit(message, rows, progress, left).finally(left);
    return { message, sent, run, appended: () => this.#appended(message) };
  }

  /** What was committed just now. */
  #appended(message: SourceMessage): Appended | null {
    if (message.kind !== 'events' || this.#replaces(message)) return null;
    return { chainId: this.#parts.chainId, version: this.#version, batch: message };
  }

  #commit(
    message: SourceMessage,
    rows: PreparedRows | null,
    progress: Progress,
    sent: TellSent,
  ): Promise<Partial<Progress>> {
    switch (message.kind) {
      case 'events':
        return this.#append(message, rows, progress, sent);
      case 'rollback':
        return this.#takeBack(message, progress);
      case 'children':
        return this.#keepChildren(message, progress);
      case 'earlier':
        return this.#appendEarlier(message, progress);
    }
  }

  #build(message: SourceMessage): PreparedRows | null {
    const { pipelineId, chainId, batches } = this.#parts;
    // Of rows that are stored already it is not known yet which differ.
    if (message.kind !== 'events' || this.#replaces(message)) return null;
    return batches.prepare({ pipelineId, chainId, added: this.#version + this.#prepared }, message);
  }

  async #append(
    batch: EventBatch,
    rows: PreparedRows | null,
    progress: Progress,
    sent: TellSent,
  ): Promise<Partial<Progress>> {
    const isAfresh = this.#begins?.fresh === true;
    const follows = !isAfresh && this.#blockNumber !== null && batch.fromBlock === this.#blockNumber + 1;
    const startBlock = follows && this.#startBlock !== null ? this.#startBlock : batch.fromBlock;
    const after = { ...progress, nextBlock: batch.toBlock + 1, events: progress.events + batch.events.length };
    const commit: Omit<BatchCommit, 'version'> = {
      pipelineId: this.#parts.pipelineId,
      taskId: this.#parts.lease.taskId,
      batch,
      chainId: this.#parts.chainId,
      startBlock,
      replaces: this.#replaces(batch),
      forgets: !follows,
      progress: after,
      begins: this.#begins,
    };
    const to = { number: batch.toBlock, hash: batch.toHash };
    await this.#once(to, (version) => this.#parts.batches.commit({ ...commit, version }, rows, sent));
    this.#moveTo(startBlock, to, after);
    return { nextBlock: after.nextBlock, events: after.events };
  }

  async #takeBack(message: RollbackMessage, progress: Progress): Promise<Partial<Progress>> {
    const { pipelineId, lease, batches } = this.#parts;
    const after = { ...progress, nextBlock: message.ancestor.number + 1 };
    const blocks = Math.max(0, (this.#blockNumber ?? message.ancestor.number) - message.ancestor.number);
    let taken = 0;
    await this.#parts.shards?.drop(progress);
    const commit = { pipelineId, taskId: lease.taskId, message, blocks, progress: after, begins: this.#begins };
    await this.#once(message.ancestor, async (version) => {
      taken = await batches.rollback({ ...commit, version });
    });
    this.#moveTo(this.#startBlock, message.ancestor, after);
    return { nextBlock: after.nextBlock, events: Math.max(0, after.events - taken) };
  }

  /** Whose answer is lost is sent again: it does the same as once. */
  async #keepChildren(message: ChildrenMessage, progress: Progress): Promise<Partial<Progress>> {
    const { pipelineId, lease, batches } = this.#parts;
    const guard = { pipelineId, taskId: lease.taskId, message, progress };
    await this.#once(nowhere, (version) => batches.keepChildren({ ...guard, version }));
    lease.renewed(progress);
    return {};
  }

  async #appendEarlier(batch: EarlierBatch, progress: Progress): Promise<Partial<Progress>> {
    const { pipelineId, chainId, lease, batches } = this.#parts;
    const after = { ...progress, events: progress.events + batch.events.length };
    const commit = { pipelineId, chainId, taskId: lease.taskId, batch, progress: after };
    await this.#once(nowhere, (version) => batches.commitEarlier({ ...commit, version }));
    this.#version += 1;
    this.#parts.known.note(this.#version, this.#blockNumber);
    this.#prepared = Math.max(0, this.#prepared - 1);
    lease.renewed(after);
    return { events: after.events };
  }

  #replaces({ fromBlock }: EventBatch): boolean {
    return fromBlock <= this.#newestStoredBlock;
  }

  #moveTo(startBlock: number | null, to: BlockRef, progress: Progress): void {
    this.#version += 1;
    this.#prepared = Math.max(0, this.#prepared - 1);
    if (this.#version % commitsPerPrune === 0) void this.#parts.batches.prune(this.#parts.pipelineId);
    this.#begins = undefined;
    this.#startBlock = startBlock;
    this.#blockNumber = to.number;
    this.#parts.known.note(this.#version, to.number);
    this.#parts.lease.renewed(progress);
  }

  /**
   * Sends a commit until it is known to have landed. Where its answer was lost, or a fence did not hold, the lease is
   * renewed first (it may be another's by now), and the checkpoint is looked up before anything is sent again.
   */
  async #once(to: BlockRef, send: (version: number) => Promise<void>): Promise<void> {
    const { lease, signal } = this.#parts;
    for (;;) {
      try {
        await send(this.#version);
        return;
      } catch (error) {
        if (!(error instanceof FenceError) && !(error instanceof DatabaseUnreachableError)) throw error;
        await lease.recover(error, signal);
        if (await this.#landed(to)) return;
      }
    }
  }

  async #landed(to: BlockRef): Promise<boolean> {
    const { checkpoints, pipelineId, lease, signal } = this.#parts;
    const now = await whenReachable(lease, signal, () => checkpoints.get(pipelineId));
    if (now.taskId !== lease.taskId) {
      throw new LeaseLostError(`pipeline ${pipelineId} is held by task ${String(now.taskId)} now`);
    }
    if (now.version === this.#version) return false;
    this.#parts.known.read(now);
    const change = await whenReachable(lease, signal, () =>
      checkpoints.changeBetween(pipelineId, this.#version, now.version),
    );
    if (change === 'repair' && now.blockNumber === this.#blockNumber) {
      // Others only repair rows below: the checkpoint is where it was, and this commit goes on from there.
      this.#version = now.version;
      return false;
    }
    if (change === null || now.blockNumber !== to.number || now.blockHash !== to.hash) throw new CheckpointMovedError();
    // It landed first. Repairs that have landed since are met by the next commit.
    return true;
  }
}
