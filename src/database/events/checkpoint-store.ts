import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import type { BlockRef } from '../../model/block.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { Database } from '../database.js';
import { writeIfHeld } from '../fenced-write.js';
import { noteChange } from './journal.js';
import type { ChangeKind } from './journal.js';
import { toHex } from '../../runtime/hex-bytes.js';

/** A leap over versions that a database has forgotten. */
export interface Leap {
  readonly pipelineId: number;
  /** Which the checkpoint must name. */
  readonly taskId: number;
  /** The newest version that was known as committed. */
  readonly version: number;
  /** The blocks of which rows are gone. */
  readonly fromBlock: number;
  readonly toBlock: number;
}

/** The rows of `pipeline_checkpoint`, one a pipeline, and the remembered blocks that go with them. */
export class CheckpointStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Returns a pipeline's checkpoint; makes an empty one where there is none. */
  async get(pipelineId: number): Promise<Checkpoint> {
    for (;;) {
      const checkpoint = await this.find(pipelineId);
      if (checkpoint !== null) return checkpoint;
      await this.#database.write([
        this.#database
          .knex('pipeline_checkpoint')
          .insert({ pipeline_id: pipelineId, version: 0, epoch: newEpoch() })
          .onConflict('pipeline_id')
          .ignore(),
      ]);
    }
  }

  /** Returns a pipeline's checkpoint; null where it was never run. */
  async find(pipelineId: number): Promise<Checkpoint | null> {
    const row = await readCheckpoint(this.#database, pipelineId);
    return row === undefined ? null : toCheckpoint(row);
  }

  /** Lists the checkpoints of all pipelines, by the pipelines' ids. */
  async list(): Promise<readonly Checkpoint[]> {
    const rows = await this.#database.read<Omit<CheckpointRow, 'time'>[]>((knex) =>
      knex('pipeline_checkpoint').select('*').orderBy('pipeline_id'),
    );
    return rows.map(toCheckpoint);
  }

  /** Lists the pipelines whose checkpoint names a task that ended for this reason. */
  async listHeldBy(endReason: string): Promise<readonly number[]> {
    const rows = await this.#database.read<{ pipeline_id: number }[]>((knex) =>
      knex('pipeline_checkpoint')
        .join('pipeline_task', 'pipeline_task.id', 'pipeline_checkpoint.task_id')
        .where('pipeline_task.end_reason', endReason)
        .select('pipeline_checkpoint.pipeline_id'),
    );
    return rows.map((row) => row.pipeline_id);
  }

  /**
   * Has the versions of a database that was set back go on behind those that sinks were told of: what is told from now on must count
   * more. One commit says in the journal that none is missing between. Does nothing where the pipeline is another's by now, or
   * shards are to join with versions of their own.
   */
  async leap({ pipelineId, taskId, version, fromBlock, toBlock }: Leap): Promise<void> {
    const { knex } = this.#database;
    const held = (): Knex.QueryBuilder =>
      knex('pipeline_checkpoint').where({ pipeline_id: pipelineId, task_id: taskId });
    const behind = held()
      .where('version', '<', version)
      .whereNotExists(knex('pipeline_shard').select('pipeline_id').where({ pipeline_id: pipelineId }));
    await writeIfHeld(this.#database, [
      this.#database.fenced(behind.increment('version', 1)),
      noteChange(this.#database, { pipelineId, kind: 'rollback', fromBlock, toBlock }),
      held().update({ version }),
    ]);
  }

  /**
   * Returns what the commits did that took the checkpoint from one version to another: `repair` where all of them were repairs, else
   * what the first other one did. Null where it is not known any more.
   */
  async changeBetween(pipelineId: number, from: number, to: number): Promise<ChangeKind | null> {
    const rows = await this.#database.read<{ version: number; kind: ChangeKind }[]>((knex) =>
      knex('pipeline_commit')
        .select('version', 'kind')
        .where({ pipeline_id: pipelineId })
        .where('version', '>', from)
        .where('version', '<=', to)
        .orderBy('version'),
    );
    if (rows[0]?.version !== from + 1) return null;
    const other = rows.find(({ kind }) => kind !== 'repair');
    if (other !== undefined) return other.kind;
    return rows.length === to - from ? 'repair' : null;
  }

  /** Returns the remembered blocks of a pipeline, ascending. */
  async recentBlocks(pipelineId: number): Promise<readonly BlockRef[]> {
    const rows = await this.#database.read<{ block_number: number; block_hash: Buffer }[]>((knex) =>
      knex('recent_block')
        .where({ pipeline_id: pipelineId })
        .orderBy('block_number')
        .select('block_number', 'block_hash'),
    );
    return rows.map((row) => ({ number: row.block_number, hash: toHex(row.block_hash) }));
  }
}

/** Returns what tells a checkpoint from one that was made before it, or after, in its place. */
export function newEpoch(): string {
  return randomBytes(16).toString('hex');
}

interface CheckpointRow {
  readonly pipeline_id: number;
  readonly task_id: number | null;
  readonly chain: number | null;
  readonly start_block: number | null;
  readonly block_number: number | null;
  readonly hash: Buffer | null;
  readonly version: number;
  readonly claim: number;
  readonly epoch: string | null;
  /** When the row was read. */
  readonly time: number;
}

/** Reads a pipeline's checkpoint as its row has it; undefined where it was never run. */
export async function readCheckpoint(database: Database, pipelineId: number): Promise<CheckpointRow | undefined> {
  const rows = await database.read<CheckpointRow[]>((knex) =>
    knex('pipeline_checkpoint')
      .where({ pipeline_id: pipelineId })
      .select('*', { time: database.dialect.milliseconds(knex) }),
  );
  return rows[0];
}

function toCheckpoint(row: Omit<CheckpointRow, 'time'>): Checkpoint {
  return {
    pipelineId: row.pipeline_id,
    taskId: row.task_id,
    chainId: row.chain,
    startBlock: row.start_block,
    blockNumber: row.block_number,
    blockHash: row.hash === null ? null : toHex(row.hash),
    version: row.version,
  };
}
