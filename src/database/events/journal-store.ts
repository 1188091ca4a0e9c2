import type { BlockRange, BlockRef } from '../../model/block.js';
import type { Database } from '../database.js';
import type { Versions } from './changed-blocks.js';
import { readCheckpoint } from './checkpoint-store.js';
import { readDifference } from './difference.js';
import type { DifferenceOptions, DifferencePage } from './difference.js';
import { keyColumns, toPosition } from './event-key.js';
import type { EventPlace } from './event-key.js';
import type { EventRow, PositionRow } from './event-rows.js';
import type { NarrowRows } from './journal.js';
import { oldestCommit } from './prune-journal.js';
import { toHex } from '../../runtime/hex-bytes.js';
import { chunks } from '../../runtime/chunks.js';

/** Where a pipeline's rows stand, and in which life of theirs. */
export interface JournalHead {
  /** 0: there never were rows. */
  readonly version: number;
  /** Grows with each claim. */
  readonly claim: number;
  /** Another one: the checkpoint was made anew. Null where nobody of ours has claimed the pipeline yet. */
  readonly epoch: string | null;
  /** The blocks that have been read; null where there are none. */
  readonly blocks: BlockRange | null;
  readonly hash: BlockRef['hash'] | null;
  /** When it was read, as `Dialect.milliseconds` says it. */
  readonly time: number;
}

/** What was at a place at a version. */
export interface HeldEvent {
  /** The version that had brought it. */
  readonly added: number;
  readonly blockHash: string;
}

/** What has become of a pipeline's rows since a version. */
export interface RowsSince {
  /** Rows have only come. */
  readonly isAppended: boolean;
  /** The newest block that had been read then, where rows have only come; null: none. */
  readonly headBlock: number | null;
}

type HeldRow = PositionRow & Pick<EventRow, 'block_hash'> & { readonly added: number };

/** Places of one question after what was there, at most. */
const mostPlaces = 200;

/** Tells from the journal what pipelines' events were at a version, and what has become of them. */
export class JournalStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Returns where a pipeline's rows stand; null where it was never run. */
  async current(pipelineId: number): Promise<JournalHead | null> {
    const row = await readCheckpoint(this.#database, pipelineId);
    if (row === undefined) return null;
    const { version, claim, epoch, start_block: from, block_number: to, hash, time } = row;
    const blocks = from === null || to === null ? null : { from, to };
    return { version, claim, epoch, blocks, hash: hash === null ? null : toHex(hash), time };
  }

  /** Walks over what changed between two versions, as `readDifference` says. */
  difference(
    pipelineId: number,
    versions: Versions,
    options: DifferenceOptions = {},
  ): AsyncGenerator<DifferencePage, void, undefined> {
    return readDifference(this.#database, pipelineId, versions, options);
  }

  /** Says whether the journal still tells all that changed since a version. */
  async reachesBack(pipelineId: number, version: number): Promise<boolean> {
    const head = await this.current(pipelineId);
    if (head === null || version >= head.version) return head !== null && version === head.version;
    return (await oldestCommit(this.#database, pipelineId)) <= version + 1;
  }

  /** Returns what has become of a pipeline's rows since a version that the journal reaches back to. */
  async since(pipelineId: number, version: number): Promise<RowsSince> {
    const head = await this.current(pipelineId);
    const [next] = await this.#database.read<{ readonly other: number; readonly from: number | null }[]>((knex) =>
      knex('pipeline_commit')
        .where({ pipeline_id: pipelineId })
        .where('version', '>', version)
        .min({ from: 'from_block' })
        .select(knex.raw("COUNT(CASE WHEN kind = 'append' THEN NULL ELSE 1 END) AS other")),
    );
    const { from = null, other = 0 } = next ?? {};
    return { isAppended: other === 0, headBlock: from === null ? (head?.blocks?.to ?? null) : from - 1 };
  }

  /** Returns for each of some places what was there at a version; null: nothing was. */
  async heldAt(
    pipelineId: number,
    version: number,
    places: readonly EventPlace[],
  ): Promise<readonly (HeldEvent | null)[]> {
    const held = new Map<string, HeldEvent>();
    const look = async (table: string, part: readonly EventPlace[], narrow: NarrowRows): Promise<void> => {
      const rows = await this.#database.read<HeldRow[]>((knex) =>
        narrow(
          knex(table)
            .select(...keyColumns, 'block_hash', 'added')
            .where({ pipeline_id: pipelineId }),
        )
          .where('added', '<=', version)
          .whereIn('block_number', [...new Set(part.map(({ blockNumber }) => blockNumber))])
          .whereIn(
            'transaction_hash',
            part.map((place) => toPosition(place).transaction_hash),
          ),
      );
      for (const row of rows) {
        const key = `${row.block_number}:${toHex(row.transaction_hash)}:${row.log_index}`;
        held.set(key, { added: row.added, blockHash: toHex(row.block_hash) });
      }
    };
    for (const part of chunks(places, mostPlaces)) {
      await look('event', part, (rows) => rows);
      // Asked second: what is taken away meanwhile has been seen where it was, or is seen where it is now.
      await look('event_removed', part, (rows) => rows.where('removed', '>', version));
    }
    return places.map(({ blockNumber, transactionHash, logIndex }) => {
      return held.get(`${blockNumber}:${transactionHash}:${logIndex}`) ?? null;
    });
  }
}
