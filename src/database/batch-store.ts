import type { EventBatch, RollbackMessage } from '../model/batch.js';
import type { ChainEvent, LogPosition, UndecodedLog } from '../model/event.js';
import type { Progress } from '../model/task.js';
import { taskStatus } from '../model/task.js';
import type { Database, Query } from './database.js';
import type { BulkInsert, InsertColumn, Statement } from './script.js';

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
  readonly progress: Progress;
}

type Step = Query | Statement | BulkInsert;

/**
 * Commits what a source sends. Each commit is one transaction: renew the lease (no such row: the lease is lost), move the
 * checkpoint (another holder or version: the same), and the batch's rows. Task first, then checkpoint, as in a claim, so
 * that the two can't wait for each other.
 */
export class BatchStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
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
      ...inserts('event', eventColumns, batch.events, (event) => eventRow(pipelineId, chainId, event)),
      ...inserts('undecoded_log', undecodedColumns, batch.undecoded, (log) => undecodedRow(pipelineId, chainId, log)),
      ...this.#remember(commit),
    ]);
  }

  /** Takes back every row above the ancestor; returns how many events there were. Throws FenceError as `commit` does. */
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

  #deleteRows(pipelineId: number, from: number, to: number): readonly Step[] {
    return ['event', 'undecoded_log'].map((table) =>
      this.#database.knex(table).where({ pipeline_id: pipelineId }).whereBetween('block_number', [from, to]).delete(),
    );
  }

  #remember(commit: BatchCommit): readonly Step[] {
    const { pipelineId, batch } = commit;
    const remembered = this.#database.knex('recent_block').where({ pipeline_id: pipelineId });
    const forget = commit.forgets ? remembered : remembered.where('block_number', '<', batch.finalizedBlock);
    return [
      forget.delete(),
      ...inserts('recent_block', recentColumns, batch.recentBlocks, (block) => [pipelineId, block.number, block.hash]),
    ];
  }
}

const positionColumns: readonly InsertColumn[] = [
  { name: 'pipeline_id' },
  { name: 'block_number' },
  { name: 'log_index' },
  { name: 'transaction_hash', hex: true },
  { name: 'chain_id' },
  { name: 'block_hash', hex: true },
  { name: 'block_timestamp' },
  { name: 'transaction_index' },
  { name: 'contract_address', hex: true },
];

const eventColumns: readonly InsertColumn[] = [
  ...positionColumns,
  { name: 'event_name' },
  { name: 'event_signature' },
  { name: 'args' },
];

const undecodedColumns: readonly InsertColumn[] = [
  ...positionColumns,
  { name: 'reason' },
  { name: 'topics' },
  { name: 'data' },
];

const recentColumns: readonly InsertColumn[] = [
  { name: 'pipeline_id' },
  { name: 'block_number' },
  { name: 'block_hash', hex: true },
];

type Row = (string | number | null)[];

function positionRow(pipelineId: number, chainId: number, log: LogPosition): Row {
  return [
    pipelineId,
    log.blockNumber,
    log.logIndex,
    log.transactionHash,
    chainId,
    log.blockHash,
    log.timestamp,
    log.transactionIndex,
    log.contractAddress,
  ];
}

function eventRow(pipelineId: number, chainId: number, event: ChainEvent): Row {
  return [...positionRow(pipelineId, chainId, event), event.eventName, event.eventSignature, event.argsJson];
}

function undecodedRow(pipelineId: number, chainId: number, log: UndecodedLog): Row {
  return [...positionRow(pipelineId, chainId, log), log.reason, JSON.stringify(log.topics), log.data];
}

function inserts<T>(
  table: string,
  columns: readonly InsertColumn[],
  items: readonly T[],
  toRow: (item: T) => Row,
): readonly BulkInsert[] {
  return items.length === 0 ? [] : [{ table, columns, rows: items.map(toRow) }];
}

function toBytes(hex: string): Buffer {
  return Buffer.from(hex.slice(2), 'hex');
}
