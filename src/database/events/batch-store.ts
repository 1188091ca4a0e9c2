import type { EventBatch, RollbackMessage } from '../../model/batch.js';
import type { Progress } from '../../model/task.js';
import { taskStatus } from '../../model/task.js';
import type { Database, Query } from '../database.js';
import { insertEvents, insertRecentBlocks, insertUndecoded } from './event-columns.js';
import type { RowOwner } from './event-columns.js';
import type { BulkInsert, Statement } from '../script.js';

/** Who commits, and from where: what the fences of a commit compare. */
export interface CommitGuard {
  readonly pipelineId: number;
  readonly taskId: number;
  /** The checkpoint's version that this commit builds on. */
  readonly version: number;
}

export interface BatchCommit extends CommitGuard {
  readonly batch: EventBatch;
  readonly chainId: number;
  /** First block of the unbroken stretch that ends with this batch. */
  readonly startBlock: number;
  /** Rows may be stored for these blocks already: they are replaced. */
  readonly replaces: boolean;
  /** The batch does not follow the checkpoint: what was remembered of the chain belongs to another stretch. */
  readonly forgets: boolean;
  readonly progress: Progress;
}

export interface RollbackCommit extends CommitGuard {
  readonly message: RollbackMessage;
  /** How many blocks are taken back. */
  readonly blocks: number;
  readonly progress: Progress;
}

/** What a batch has rows of. */
export type BatchRows = Pick<EventBatch, 'events' | 'undecoded'>;

interface PreparedRows extends RowOwner {
  readonly undecoded: BatchRows['undecoded'];
  readonly inserts: readonly BulkInsert[];
}

type Step = Query | Statement | BulkInsert;

/**
 * Commits what a source sends. Each commit is one transaction: renew the lease (no such row: the lease is lost), move the
 * checkpoint (another holder or version: the same), and the batch's rows. Task first, then checkpoint, as in a claim, so
 * that the two can't wait for each other.
 */
export class BatchStore {
  readonly #database: Database;
  /** By the events that they were made of: a batch that is not committed after all takes them along. */
  readonly #prepared = new WeakMap<BatchRows['events'], PreparedRows>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Builds the rows of a batch that is to be committed soon, perhaps while another commit is in the air. */
  prepare(owner: RowOwner, rows: BatchRows): void {
    const { pipelineId, chainId } = owner;
    try {
      const inserts = toInserts(owner, rows);
      this.#database.prepare?.(inserts);
      this.#prepared.set(rows.events, { pipelineId, chainId, undecoded: rows.undecoded, inserts });
    } catch {
      // Its commit meets the same in its turn, when what stands before it is committed.
    }
  }

  /** Resolves once the commits that were begun have left this process, or shortly after where nobody takes them. */
  async whenSent(): Promise<void> {
    await this.#database.whenSent?.();
  }

  /** Commits a batch whole; throws FenceError, with nothing written, where the lease or the version is another. */
  async commit(commit: BatchCommit): Promise<void> {
    const { batch, pipelineId, chainId } = commit;
    await this.#database.write([
      ...this.#guard(commit, commit.progress, {
        chain_id: chainId,
        start_block: commit.startBlock,
        block_number: batch.toBlock,
        block_hash: toBytes(batch.toHash),
      }),
      ...(commit.replaces ? this.#deleteRows(pipelineId, batch.fromBlock, batch.toBlock) : []),
      ...this.#rowsOf(commit, batch),
      ...this.#remember(commit),
    ]);
  }

  /** Takes back every row above the ancestor, and notes that it did; returns how many events there were. Throws FenceError as `commit` does. */
  async rollback(commit: RollbackCommit): Promise<number> {
    const { pipelineId, message } = commit;
    const { knex } = this.#database;
    const above = (table: string): Query =>
      knex(table).where({ pipeline_id: pipelineId }).where('block_number', '>', message.ancestor.number).delete();
    const guard = this.#guard(commit, commit.progress, {
      block_number: message.ancestor.number,
      block_hash: toBytes(message.ancestor.hash),
    });
    const results = await this.#database.write([
      ...guard,
      above('event'),
      above('undecoded_log'),
      above('recent_block'),
      knex('reorg').insert({
        pipeline_id: pipelineId,
        task_id: commit.taskId,
        create_time: this.#database.dialect.now(knex),
        ancestor_block: message.ancestor.number,
        blocks: commit.blocks,
      }),
    ]);
    return results[guard.length]?.matched ?? 0;
  }

  /** Returns the newest block for which a pipeline has rows; -1 where it has none. */
  async newestStoredBlock(pipelineId: number): Promise<number> {
    const newest = async (table: string): Promise<number> => {
      const [row] = await this.#database.read<{ newest: number | null }[]>((knex) =>
        knex(table).where({ pipeline_id: pipelineId }).max({ newest: 'block_number' }),
      );
      return row?.newest ?? -1;
    };
    return Math.max(await newest('event'), await newest('undecoded_log'));
  }

  #guard(guard: CommitGuard, progress: Progress, checkpoint: Record<string, unknown>): readonly Step[] {
    const { knex, dialect } = this.#database;
    const now = dialect.now(knex);
    return [
      this.#database.fenced(
        knex('pipeline_task')
          .where({ id: guard.taskId, status: taskStatus.running })
          .update({ last_heartbeat: now, progress: JSON.stringify(progress) }),
      ),
      this.#database.fenced(
        knex('pipeline_checkpoint')
          .where({ pipeline_id: guard.pipelineId, task_id: guard.taskId, version: guard.version })
          .update({ ...checkpoint, version: guard.version + 1, update_time: now }),
      ),
    ];
  }

  #rowsOf(owner: RowOwner, batch: BatchRows): readonly BulkInsert[] {
    const known = this.#prepared.get(batch.events);
    const fits = known?.pipelineId === owner.pipelineId && known.chainId === owner.chainId;
    return fits && known.undecoded === batch.undecoded ? known.inserts : toInserts(owner, batch);
  }

  #deleteRows(pipelineId: number, from: number, to: number): readonly Step[] {
    return ['event', 'undecoded_log'].map((table) =>
      this.#database.knex(table).where({ pipeline_id: pipelineId }).whereBetween('block_number', [from, to]).delete(),
    );
  }

  #remember(commit: BatchCommit): readonly Step[] {
    const { pipelineId, batch } = commit;
    const remembered = this.#database.knex('recent_block').where({ pipeline_id: pipelineId });
    const forget = commit.forgets ? remembered : remembered.where('block_number', '<=', batch.finalizedBlock);
    return [forget.delete(), ...insertRecentBlocks(pipelineId, batch.recentBlocks)];
  }
}

function toInserts(owner: RowOwner, { events, undecoded }: BatchRows): readonly BulkInsert[] {
  return [...insertEvents(owner, events), ...insertUndecoded(owner, undecoded)];
}

function toBytes(hex: string): Buffer {
  return Buffer.from(hex.slice(2), 'hex');
}
