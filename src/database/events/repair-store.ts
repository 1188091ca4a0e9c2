import type { ChainEvent, UndecodedLog } from '../../model/event.js';
import type { Database, Query } from '../database.js';
import { insertEvents, insertUndecoded } from './event-columns.js';

export interface Repair {
  readonly pipelineId: number;
  readonly chainId: number;
  /** The blocks whose rows are replaced; the checkpoint must not lie below them. */
  readonly blocks: readonly number[];
  /** All rows that these blocks shall have. */
  readonly events: readonly ChainEvent[];
  readonly undecoded: readonly UndecodedLog[];
  /** The version that the checkpoint must have, where the blocks may yet be replaced; null where they can't. */
  readonly version: number | null;
}

/** Puts rows of blocks that have been read right, beside a run that goes on. */
export class RepairStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Replaces the rows of blocks in one transaction. It holds the checkpoint's row, so that commits, rollbacks and rewinds of the
   * pipeline wait for it, and changes neither holder nor version, so that they go on as if nothing had happened. Throws
   * FenceError, with nothing written, where the blocks are not below the checkpoint any more.
   */
  async replace({ pipelineId, chainId, blocks, events, undecoded, version }: Repair): Promise<void> {
    const { knex, dialect } = this.#database;
    const checkpoint = knex('pipeline_checkpoint')
      .where({ pipeline_id: pipelineId, chain_id: chainId, ...(version === null ? {} : { version }) })
      .where('block_number', '>=', Math.max(...blocks))
      .update({ update_time: dialect.now(knex) });
    const rowsOf = (table: string): Query =>
      knex(table)
        .where({ pipeline_id: pipelineId })
        .whereIn('block_number', [...blocks])
        .delete();
    const owner = { pipelineId, chainId };
    await this.#database.write([
      this.#database.fenced(checkpoint),
      rowsOf('event'),
      rowsOf('undecoded_log'),
      ...insertEvents(owner, events),
      ...insertUndecoded(owner, undecoded),
    ]);
  }
}
