import type { Knex } from 'knex';
import { RuntimeFailure } from '../../runtime/errors.js';
import type { Database } from '../database.js';
import { isKept } from './changed-blocks.js';
import { keyColumns } from './event-key.js';
import type { PositionRow } from './event-rows.js';
import { leastOf } from './prune-journal.js';

/** Rows that had been read were taken back, or stored anew, before those behind them were read. */
export class RowsChangedError extends RuntimeFailure {
  override readonly code = 'ROWS_CHANGED';
}

/** Which rows are read: of a pipeline, from a block on. */
interface WatchedRows {
  readonly pipelineId: number;
  readonly fromBlock?: number | undefined;
}

/** What a pipeline's checkpoint was when a page was read; null: the pipeline had none. */
interface Seen {
  readonly version: number | null;
  /** Another where the pipeline was deleted and made anew. */
  readonly epoch: string | null;
}

/** A row with what its pipeline's checkpoint was. */
type SeenRow = PositionRow & { readonly seen_version?: number | null; readonly seen_epoch?: string | null };

/**
 * Watches a walk over a pipeline's rows in pages, each of which is a read of its own: whether, when a page was read, the rows of
 * those before it were still what had been read of them. No snapshot is held: a reader may take hours. What the journal has
 * forgotten meanwhile is judged by the hash of the last block.
 */
export class RowWatch {
  readonly #database: Database;
  readonly #table: string;
  readonly #rows: WatchedRows;
  /** Of the latest page; undefined: none has been read. */
  #seen: Seen | undefined;

  constructor(database: Database, table: string, rows: WatchedRows) {
    this.#database = database;
    this.#table = table;
    this.#rows = rows;
  }

  /** What a page must select with its rows: in one statement both are of one moment. */
  columns(): readonly Knex.QueryBuilder[] {
    return seenColumns.map((column) => this.#checkpoint().select(column).as(`seen_${column}`));
  }

  /** Takes the page that was read behind a row. Throws RowsChangedError where that row, or one before it, has changed since. */
  async take(page: readonly SeenRow[], last: PositionRow | undefined): Promise<void> {
    const before = this.#seen;
    const seen = page[0] === undefined ? await this.#look() : seenBy(page[0]);
    this.#seen = seen;
    if (last === undefined || before === undefined) return;
    if (!(await this.#holds(last, before, seen))) await this.#throwChanged(last);
  }

  #checkpoint(): Knex.QueryBuilder {
    return this.#database.knex('pipeline_checkpoint').where({ pipeline_id: this.#rows.pipelineId });
  }

  async #look(): Promise<Seen> {
    const rows = await this.#database.read<Seen[]>(() => this.#checkpoint().select(seenColumns));
    return rows[0] ?? { version: null, epoch: null };
  }

  /** Says whether no row up to one has changed between two looks. */
  async #holds(last: PositionRow, before: Seen, seen: Seen): Promise<boolean> {
    const [from, to] = [before.version, seen.version];
    if (from === null) return true;
    // The pipeline was deleted, and perhaps made anew. One of before there were epochs gets its first by a run.
    const isAnother = before.epoch !== null && before.epoch !== seen.epoch;
    if (isAnother || to === null || to < from) return false;
    if (to === from) return true;
    const { pipelineId, fromBlock = 0 } = this.#rows;
    const touching = this.#database
      .knex('pipeline_commit')
      .select('version')
      .where({ pipeline_id: pipelineId })
      .whereBetween('version', [from + 1, to])
      .where('from_block', '<=', last.block_number)
      // A rollback takes whatever lies above.
      .where((either) => void either.where('to_block', '>=', fromBlock).orWhere({ kind: 'rollback' }));
    if (await this.#finds(touching)) return false;
    return (await isKept(this.#database, pipelineId, from + 1)) || (await this.#isOfTheSameChain(last));
  }

  /** A block says by its hash which blocks lie below it. */
  #isOfTheSameChain(last: PositionRow): Promise<boolean> {
    const { pipelineId } = this.#rows;
    const key = Object.fromEntries(keyColumns.map((column) => [column, last[column]]));
    const row = this.#database.knex(this.#table).where({ pipeline_id: pipelineId, ...key });
    return this.#finds(row.where({ block_hash: last.block_hash }).select('block_number'));
  }

  async #finds(query: Knex.QueryBuilder): Promise<boolean> {
    return (await this.#database.read<unknown[]>(() => query.limit(1))).length > 0;
  }

  async #throwChanged({ block_number: block }: PositionRow): Promise<never> {
    const least = await leastOf(this.#database, this.#rows.pipelineId, 'recent_block', 'block_number');
    // Only remembered blocks may still be replaced.
    const settled = least === Infinity ? '' : `, or with --to-block ${least - 1}: so far the chain is settled`;
    throw new RowsChangedError(
      `rows up to block ${block} were taken back, or stored anew, while they were being read: ` +
        'what is written of them is of two states of the chain',
      { hint: `run it again${settled}` },
    );
  }
}

const seenColumns = ['version', 'epoch'] as const;

function seenBy({ seen_version: version = null, seen_epoch: epoch = null }: SeenRow): Seen {
  return { version, epoch };
}
