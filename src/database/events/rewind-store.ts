import type { Database, Query } from '../database.js';
import { letGo } from '../task-steps/wanted-steps.js';
import { endReplaced } from '../task-steps/end-replaced.js';
import { lockPipeline } from '../task-steps/queue-task.js';
import type { Replaced } from '../task-steps/end-replaced.js';
import { ChildStore } from './child-store.js';
import { insertRecentBlocks } from './event-columns.js';
import { countTakenBack, deleteRows, noteChange, takeAwayRows } from './journal.js';
import type { NarrowRows, TakenBack } from './journal.js';
import type { BulkInsert, Statement } from '../script.js';
import { toBytes } from '../../runtime/hex-bytes.js';

type Step = Query | Statement | BulkInsert;

/** A step back of a pipeline that nobody runs. */
export interface RewindStep {
  readonly pipelineId: number;
  /** The task and the version that the checkpoint names now; nothing is written where it names others by then. */
  readonly holder: number | null;
  readonly version: number;
  /** A running task that gives no sign of life, and is ended. */
  readonly replaces: Replaced | null;
  /** The last block that has been read. */
  readonly from: number;
  /** The first block of the stretch that was read. */
  readonly first: number;
  /** Rows of later blocks go. */
  readonly above: number;
  /** Children of a factory that were announced above this block go. */
  readonly childrenUpTo: number;
  /** Where the checkpoint is set to, not above that; its hash is null where it is unknown. */
  readonly to: { readonly number: number; readonly hash: string | null };
  /** Set where this is the last step: the pipeline is held by nobody afterwards, and so parked by nobody. */
  readonly ends: {
    /** What is remembered of blocks up to this one belongs to the same chain. */
    readonly keepsRemembered: boolean;
  } | null;
}

/** Takes the rows of pipelines back when a person says so. */
export class RewindStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Sets the checkpoint and takes back rows above it, in one transaction. Tasks go first, then the checkpoint, as in a
   * claim. Throws FenceError, with nothing written, where what `step` was decided on is no longer so.
   */
  async takeBack(step: RewindStep): Promise<TakenBack> {
    const { knex, dialect } = this.#database;
    const { pipelineId, to } = step;
    const above: NarrowRows = (rows) => rows.where('block_number', '>', step.above);
    const rowsBelow = { from: step.first, to: step.above };
    const children = await new ChildStore(this.#database).takeAbove(pipelineId, step.childrenUpTo, rowsBelow);
    const fromBlock = Math.min(step.above + 1, children.fromBlock ?? Number.POSITIVE_INFINITY);
    const checkpoint = knex('pipeline_checkpoint')
      .where({ pipeline_id: pipelineId, version: step.version })
      .whereRaw(dialect.sameAs(knex, 'task_id', step.holder))
      .update({
        block_number: to.number,
        hash: to.hash === null ? null : toBytes(to.hash),
        version: step.version + 1,
        update_time: dialect.now(knex),
        ...(step.ends === null ? {} : { task_id: null }),
      });
    const before = [
      // Whoever judges how its task has ended does so before all of this, or sees it.
      ...(step.ends === null ? [] : [lockPipeline(this.#database, pipelineId)]),
      ...(step.replaces === null ? [] : endReplaced(this.#database, pipelineId, step.replaces)),
      this.#database.fenced(checkpoint),
      noteChange(this.#database, { pipelineId, kind: 'rollback', fromBlock, toBlock: step.from }),
    ];
    const rows = [...takeAwayRows(this.#database, pipelineId, above), ...children.rows];
    const results = await this.#database.write([
      ...before,
      ...rows,
      deleteRows(this.#database, 'recent_block', pipelineId, above),
      ...children.steps,
      ...this.#remember(step),
      ...(step.ends === null ? [] : letGo(this.#database, pipelineId)),
    ]);
    return countTakenBack(results.slice(before.length, before.length + rows.length));
  }

  /** The block itself is remembered, so that what stands above it can be taken back when the chain changes its mind. */
  #remember({ pipelineId, to, ends }: RewindStep): readonly Step[] {
    if (ends === null) return [];
    const { knex } = this.#database;
    const block = to.hash === null ? null : { number: to.number, hash: to.hash };
    const kept = ends.keepsRemembered ? [] : [knex('recent_block').where({ pipeline_id: pipelineId }).delete()];
    return ends.keepsRemembered || block === null ? kept : [...kept, ...insertRecentBlocks(pipelineId, [block])];
  }
}
