import type { BlockRef } from '../../model/block.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { Shard } from '../../model/shard.js';
import type { Holder } from '../../model/task.js';
import { LeaseLostError, NeedsRewindError } from '../../runtime/errors.js';
import type { Database } from '../database.js';
import type { TellSent } from '../script.js';
import { BatchStore } from './batch-store.js';
import type { BatchCommit, BatchRows, PreparedRows, RowOrigin } from './batch-store.js';
import type { ChangeKind } from './journal.js';
import { ShardStore } from './shard-store.js';

/** The shard that a task reads is no more: it has joined its pipeline, or was given up, which ends the task, too. */
export class ShardGoneError extends LeaseLostError {}

/**
 * What a run commits with that reads a shard, in the place of the pipeline's own checkpoint and rows: all its rows have the
 * version that the shard joins with, and what its blocks hold is final.
 */
export class ShardRows {
  readonly #database: Database;
  readonly #shards: ShardStore;
  readonly #shard: Pick<Shard, 'pipelineId' | 'number' | 'added'>;

  /** `holder`: the process whose task reads the shard; null: whichever. */
  constructor(database: Database, shard: Pick<Shard, 'pipelineId' | 'number' | 'added'>, holder: Holder | null) {
    this.#database = database;
    this.#shards = new ShardStore(database, holder);
    this.#shard = shard;
  }

  /** Returns how far the shard has come; throws ShardGoneError where it is no more. */
  async get(pipelineId: number): Promise<Checkpoint> {
    const { number, added } = this.#shard;
    const shard = await this.#shards.find(pipelineId, number);
    if (shard === null || shard.added !== added) {
      throw new ShardGoneError(`shard ${number} of pipeline ${pipelineId} has joined it, or was given up`);
    }
    const { taskId, chainId, after, block, version } = shard;
    // The block before the stretch counts as read: if the chain has another there, that is no beginning.
    return {
      ...{ pipelineId, taskId, chainId, version },
      ...{ startBlock: after.number, blockNumber: block.number, blockHash: block.hash },
    };
  }

  /** Nothing that is final is remembered. */
  recentBlocks(): Promise<readonly BlockRef[]> {
    return Promise.resolve([]);
  }

  changeBetween(): Promise<ChangeKind> {
    return Promise.resolve('append');
  }

  knownChildren(): Promise<null> {
    return Promise.resolve(null);
  }

  /** A history is cut where nothing is stored. */
  newestStoredBlock(): Promise<number> {
    return Promise.resolve(-1);
  }

  prepare(origin: RowOrigin, rows: BatchRows): PreparedRows {
    return new BatchStore(this.#database).prepare({ ...origin, added: this.#shard.added }, rows);
  }

  /** Commits a batch whole. Throws FenceError, with nothing written, where the lease or the version is another. */
  async commit(commit: BatchCommit, prepared: PreparedRows | null = null, sent?: TellSent): Promise<void> {
    const { inserts } = prepared ?? this.prepare({ ...commit, added: this.#shard.added }, commit.batch);
    await this.#shards.commit({ ...commit, shard: this.#shard.number, inserts }, sent);
  }

  /** The chain has replaced what was final when the history was cut: nobody can go on here. */
  rollback({ message }: { readonly message: { readonly ancestor: BlockRef } }): Promise<never> {
    const replaced = message.ancestor.number + 1;
    return Promise.reject(new NeedsRewindError(`the chain has replaced block ${replaced}, which was final`));
  }

  keepChildren(): Promise<never> {
    return Promise.reject(new TypeError('a factory is not read in shards'));
  }

  commitEarlier(): Promise<never> {
    return this.keepChildren();
  }

  /** The journal hears of a shard when it joins. */
  prune(): Promise<void> {
    return Promise.resolve();
  }
}

/** What a run commits with. */
export type Batches = Pick<
  BatchStore,
  'prepare' | 'commit' | 'rollback' | 'keepChildren' | 'commitEarlier' | 'prune' | 'newestStoredBlock' | 'knownChildren'
>;
