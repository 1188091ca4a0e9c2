import type { Knex } from 'knex';
import type { EventBatch } from '../../model/batch.js';
import type { Shard, Stretch } from '../../model/shard.js';
import { isRead } from '../../model/shard.js';
import { taskStatus, type Holder, type Progress } from '../../model/task.js';
import type { Database, Query } from '../database.js';
import { writeIfHeld } from '../fenced-write.js';
import { endReplaced, type Replaced } from '../task-steps/end-replaced.js';
import { livingTasks } from '../task-steps/living-tasks.js';
import { handedOver, insertQueued, lockPipeline } from '../task-steps/queue-task.js';
import { runningTask } from '../task-steps/running-task.js';
import { endOpenShards } from '../task-steps/wanted-steps.js';
import type { BulkInsert, Statement, TellSent } from '../script.js';
import type { CommitGuard } from './batch-store.js';
import { noteChange } from './journal.js';
import { toBytes, toHex } from '../../runtime/hex-bytes.js';

const table = 'pipeline_shard';

/** Versions that lie between those of two shards: a pipeline's own task makes fewer commits before it joins the next. */
const versionsApart = 2 ** 32;

/** Rows that one transaction takes away, about. */
const rowsPerStep = 10_000;

type Step = Query | Statement | BulkInsert;

/** How a pipeline's history is to be cut. */
export interface CutPlan {
  readonly chainId: number;
  readonly definition: string;
  readonly stretches: readonly Stretch[];
}

/** What a task of a shard commits. */
export interface ShardCommit extends CommitGuard {
  readonly shard: number;
  readonly batch: Pick<EventBatch, 'toBlock' | 'toHash' | 'events'>;
  readonly progress: Progress;
  /** The rows of the batch. */
  readonly inserts: readonly BulkInsert[];
}

/** What joins a pipeline's checkpoint: as much as its shard has read, and nothing more of it. */
export interface Join {
  readonly guard: CommitGuard;
  /** As it was read: nothing is written where it has moved since. */
  readonly shard: Shard;
  /** The task that holds it, and gives no sign of life; null: none does. */
  readonly replaces: Replaced | null;
  readonly progress: Progress;
}

/** The rows of `pipeline_shard`: stretches of history that other tasks read ahead of their pipeline's checkpoint. */
export class ShardStore {
  readonly #database: Database;
  readonly #holder: Holder | null;

  /** `holder`: the process whose tasks commit; left out: whoever’s they are. */
  constructor(database: Database, holder: Holder | null = null) {
    this.#database = database;
    this.#holder = holder;
  }

  /** Lists the shards of a pipeline that have not joined it yet, ascending. */
  async list(pipelineId: number): Promise<readonly Shard[]> {
    const rows = await this.#database.read<ShardRow[]>((knex) =>
      knex(table).where({ pipeline_id: pipelineId }).orderBy('shard'),
    );
    return rows.map(toShard);
  }

  /** Returns a shard; null where it has joined, or was dropped. */
  async find(pipelineId: number, shard: number): Promise<Shard | null> {
    return (await this.list(pipelineId)).find(({ number, isDropped }) => number === shard && !isDropped) ?? null;
  }

  /**
   * Cuts stretches off the history that a pipeline's task is about to read, and queues a task for each, in one transaction.
   * Throws FenceError where the task has lost the pipeline, or the checkpoint has moved.
   */
  async cut(guard: CommitGuard, { chainId, definition, stretches }: CutPlan): Promise<void> {
    const { knex } = this.#database;
    const { pipelineId, version } = guard;
    const rows = stretches.map(({ after, toBlock }, i) => ({
      ...{ pipeline_id: pipelineId, shard: i + 2, chain: chainId, definition, to_block: toBlock },
      ...{ after_block: after.number, after_hash: toBytes(after.hash), added: version + (i + 1) * versionsApart },
      ...{ block_number: after.number, hash: toBytes(after.hash) },
    }));
    await this.#database.write([
      lockPipeline(this.#database, pipelineId),
      ...this.#hold(guard),
      knex(table).insert(rows),
      ...rows.map(({ shard }) => insertQueued(this.#database, pipelineId, {}, undefined, shard)),
    ]);
  }

  /** Lists the shards of a pipeline that are to be read on and that nobody reads, or waits to read. */
  async listIdle(pipelineId: number, defaultIntervalSeconds: number): Promise<readonly Shard[]> {
    const shards = (await this.list(pipelineId)).filter((shard) => !shard.isDropped && !isRead(shard));
    const open = await Promise.all(
      shards.map(({ number }) => this.#isOpen(pipelineId, number, defaultIntervalSeconds)),
    );
    return shards.filter((_shard, i) => open[i] !== true);
  }

  /**
   * Queues a task of a shard, unless one waits or lives, or the shard is no more. Throws FenceError where the pipeline's task
   * `owner` runs no longer: what a person has stopped meanwhile stays so.
   */
  async queue({ pipelineId, number }: Shard, owner: number, defaultIntervalSeconds: number): Promise<void> {
    const living = livingTasks(this.#database, pipelineId, defaultIntervalSeconds, number);
    await this.#database.write([
      lockPipeline(this.#database, pipelineId),
      this.#fence(owner),
      insertQueued(this.#database, pipelineId, {}, living, number),
    ]);
  }

  /** Ends a task that waits for a shard which is no more. */
  async endQueued(pipelineId: number, shard: number): Promise<void> {
    await this.#database.write([this.#endQueued(pipelineId, shard)]);
  }

  /** Ends the tasks of a pipeline's shards that run or wait: what they have read stays, and the next run has them go on. */
  async stop(pipelineId: number): Promise<void> {
    await this.#database.write([endOpenShards(this.#database, pipelineId)]);
  }

  /**
   * Commits what a shard's task has read: renew the lease, move the shard, and the rows, in one transaction. Throws FenceError,
   * with nothing written, where the lease or the version is another, or the shard is no more.
   */
  async commit({ shard, batch, progress, inserts, ...guard }: ShardCommit, sent?: TellSent): Promise<void> {
    const { knex, dialect } = this.#database;
    const { pipelineId, taskId, version } = guard;
    const row = knex(table).where({ pipeline_id: pipelineId, shard, task_id: taskId, version, dropped: 0 });
    const moved = row
      .update({
        ...{ block_number: batch.toBlock, hash: toBytes(batch.toHash), version: version + 1 },
        update_time: dialect.now(knex),
      })
      .increment('events', batch.events.length);
    await this.#database.write([this.#renew(taskId, progress), this.#database.fenced(moved), ...inserts], sent);
  }

  /**
   * Moves a pipeline's checkpoint over what the shard behind it has read, in one transaction: from here on its rows are there.
   * The version leaps to that of the rows; a commit right behind the old one says in the journal that none is missing between.
   * Throws FenceError where anything is no longer as it was read.
   */
  async join({ guard, shard, replaces, progress }: Join): Promise<void> {
    const { knex, dialect } = this.#database;
    const { pipelineId, taskId, version } = guard;
    const { number, after, block, added } = shard;
    const ended = replaces === null ? [] : endReplaced(this.#database, pipelineId, replaces, number);
    const gone = knex(table)
      .where({ pipeline_id: pipelineId, shard: number, version: shard.version, dropped: 0 })
      .whereRaw(dialect.sameAs(knex, 'task_id', shard.taskId));
    const change = { pipelineId, kind: 'append', fromBlock: after.number + 1, toBlock: block.number } as const;
    const leap = { pipeline_id: pipelineId, version: version + 1, kind: 'append' };
    const checkpoint = knex('pipeline_checkpoint')
      .where({ pipeline_id: pipelineId, task_id: taskId, version })
      .where({ block_number: after.number, hash: toBytes(after.hash) })
      .update({
        ...{ block_number: block.number, hash: toBytes(block.hash), version: added },
        update_time: dialect.now(knex),
      });
    await this.#database.write([
      this.#renew(taskId, progress),
      ...ended,
      this.#endQueued(pipelineId, number),
      ...(block.number === after.number
        ? []
        : [
            this.#database.fenced(checkpoint),
            knex('pipeline_commit').insert({ ...leap, from_block: change.fromBlock, to_block: change.toBlock }),
            noteChange(this.#database, change),
            // What is remembered lies below blocks that can't be replaced.
            knex('recent_block').where({ pipeline_id: pipelineId }).delete(),
          ]),
      this.#database.fenced(gone.delete()),
    ]);
  }

  /**
   * Gives up the shards of a pipeline, and takes their rows away: whoever reads them loses the lease. The checkpoint must
   * still name a task, and that must run for the store's holder, where it has one. Throws FenceError where it is not so.
   * What was cut short is gone on with by the next call. `moved` is called after each step that is done, and what it throws
   * ends it. Returns how many events they had read.
   */
  async drop(
    pipelineId: number,
    holder: number | null,
    moved: () => Promise<void> = () => Promise.resolve(),
  ): Promise<number> {
    const { knex, dialect } = this.#database;
    const shards = await this.list(pipelineId);
    if (shards.length === 0) return 0;
    const checkpoint = knex('pipeline_checkpoint')
      .where({ pipeline_id: pipelineId })
      .whereRaw(dialect.sameAs(knex, 'task_id', holder));
    const owner = holder === null || this.#holder === null ? [] : [this.#fence(holder)];
    await this.#database.write([
      ...owner,
      endOpenShards(this.#database, pipelineId),
      this.#database.fenced(checkpoint.update({ version: knex.ref('version') })),
      knex(table).where({ pipeline_id: pipelineId }).update({ dropped: 1, task_id: null }),
    ]);
    await moved();
    for (const shard of shards) await this.#takeAway(shard, moved);
    return shards.reduce((sum, { events }) => sum + events, 0);
  }

  /** In steps, each of which finds the shard dropped: another who drops may have been faster, and rows may be there anew. */
  async #takeAway(shard: Shard, moved: () => Promise<void>): Promise<void> {
    const { knex } = this.#database;
    const row = (): Knex.QueryBuilder =>
      knex(table).where({ pipeline_id: shard.pipelineId, shard: shard.number, added: shard.added, dropped: 1 });
    for (;;) {
      const border = await this.#border(shard);
      const rows = ['event', 'undecoded_log'].map((each) =>
        this.#rowsOf(each, shard)
          .where('block_number', '<=', border ?? shard.toBlock)
          .delete(),
      );
      const lock = this.#database.fenced(row().update({ dropped: 1 }));
      const last = border === null ? [row().delete()] : [];
      const results = await writeIfHeld(this.#database, [lock, ...rows, ...last]);
      if (results === null) return;
      await moved();
      if (border === null) return;
    }
  }

  /** A block up to which there are about as many rows as one step takes; null: there are no more. */
  async #border(shard: Shard): Promise<number | null> {
    const borders = await Promise.all(
      ['event', 'undecoded_log'].map(async (each) => {
        const [row] = await this.#database.read<{ block_number: number }[]>(() =>
          this.#rowsOf(each, shard).select('block_number').orderBy('block_number').limit(1).offset(rowsPerStep),
        );
        return row?.block_number ?? Infinity;
      }),
    );
    const border = Math.min(...borders);
    return border >= shard.toBlock ? null : border;
  }

  #rowsOf(of: string, { pipelineId, after, toBlock }: Shard): Knex.QueryBuilder {
    const rows = this.#database.knex(of).where({ pipeline_id: pipelineId });
    return rows.where('block_number', '>', after.number).where('block_number', '<=', toBlock);
  }

  async #isOpen(pipelineId: number, shard: number, defaultIntervalSeconds: number): Promise<boolean> {
    const rows = await this.#database.read<object[]>((knex) =>
      knex
        .select('id')
        .from('pipeline_task')
        .where({ pipeline_id: pipelineId, shard, status: taskStatus.queued })
        .unionAll(livingTasks(this.#database, pipelineId, defaultIntervalSeconds, shard).select('living.id')),
    );
    return rows.length > 0;
  }

  /** Task first, then checkpoint, as in a claim. */
  #hold({ pipelineId, taskId, version }: CommitGuard): readonly Step[] {
    const { knex, dialect } = this.#database;
    const checkpoint = knex('pipeline_checkpoint').where({ pipeline_id: pipelineId, task_id: taskId, version });
    return [
      this.#database.fenced(this.#running(taskId).update({ last_heartbeat: dialect.now(knex) })),
      this.#database.fenced(checkpoint.update({ version })),
    ];
  }

  #renew(taskId: number, progress: Progress): Statement {
    const { knex, dialect } = this.#database;
    return this.#database.fenced(
      this.#running(taskId).update({ last_heartbeat: dialect.now(knex), progress: JSON.stringify(progress) }),
    );
  }

  #fence(taskId: number): Statement {
    return this.#database.fenced(this.#running(taskId).update({ status: taskStatus.running }));
  }

  #running(taskId: number): Knex.QueryBuilder {
    return runningTask(this.#database, this.#holder).where({ id: taskId });
  }

  /** The pipeline's own task goes on with the shard, and nobody has stopped anything. */
  #endQueued(pipelineId: number, shard: number): Query {
    const waiting = { pipeline_id: pipelineId, shard, status: taskStatus.queued };
    return this.#database.knex('pipeline_task').where(waiting).update(handedOver(this.#database));
  }
}

interface ShardRow {
  readonly pipeline_id: number;
  readonly shard: number;
  readonly chain: number;
  readonly definition: string;
  readonly after_block: number;
  readonly after_hash: Buffer;
  readonly to_block: number;
  readonly added: number;
  readonly task_id: number | null;
  readonly block_number: number;
  readonly hash: Buffer;
  readonly events: number;
  readonly version: number;
  readonly dropped: number;
}

function toShard(row: ShardRow): Shard {
  return {
    pipelineId: row.pipeline_id,
    number: row.shard,
    chainId: row.chain,
    definition: row.definition,
    after: { number: row.after_block, hash: toHex(row.after_hash) },
    toBlock: row.to_block,
    added: row.added,
    taskId: row.task_id,
    block: { number: row.block_number, hash: toHex(row.hash) },
    events: row.events,
    version: row.version,
    isDropped: row.dropped === 1,
  };
}
