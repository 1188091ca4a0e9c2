import type { BlockRef } from '../../model/block.js';
import type { Database } from '../database.js';
import { joinedRows } from './joined-rows.js';
import { toHex } from '../../runtime/hex-bytes.js';

interface BlockRow {
  readonly block_number: number;
  readonly block_hash: Buffer;
}

/** The blocks of which pipelines have rows, events or undecoded logs, by number and hash. */
export class StoredBlocks {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Returns the newest block, not above a number, of which a pipeline has rows; null where it has none. */
  async newest(pipelineId: number, atMost: number): Promise<BlockRef | null> {
    const found = [
      await this.#row('event', pipelineId, atMost, 0),
      await this.#row('undecoded_log', pipelineId, atMost, 0),
    ];
    return found.reduce((a, b) => ((b?.number ?? -1) > (a?.number ?? -1) ? b : a));
  }

  /**
   * Returns a block above which a pipeline has about so many rows, but at least one block of them; null where it has no
   * more than that above `floor`.
   */
  async borderOf(pipelineId: number, floor: number, rows: number): Promise<BlockRef | null> {
    const top = await this.newest(pipelineId, Number.MAX_SAFE_INTEGER);
    if (top === null) return null;
    let border: BlockRef | null = null;
    for (const table of ['event', 'undecoded_log']) {
      const found = await this.#row(table, pipelineId, top.number, rows);
      if ((found?.number ?? -1) > (border?.number ?? -1)) border = found;
    }
    // One block may hold more rows than that.
    if (border?.number === top.number) border = await this.newest(pipelineId, top.number - 1);
    return border !== null && border.number > floor ? border : null;
  }

  async #row(table: string, pipelineId: number, atMost: number, offset: number): Promise<BlockRef | null> {
    const [row] = await this.#database.read<BlockRow[]>((knex) =>
      joinedRows(knex(table).where({ pipeline_id: pipelineId }).where('block_number', '<=', atMost), knex, pipelineId)
        .select('block_number', 'block_hash')
        .orderBy('block_number', 'desc')
        .limit(1)
        .offset(offset),
    );
    return row === undefined ? null : { number: row.block_number, hash: toHex(row.block_hash) };
  }
}
