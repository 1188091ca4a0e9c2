import { setImmediate } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { BlockRange, BlockRef } from '../../model/block.js';
import type { StoredEvent } from '../../model/stored-event.js';
import type { Database } from '../database.js';
import { changedBlocks } from './changed-blocks.js';
import type { Versions } from './changed-blocks.js';
import { beyond, comparePositions, keyColumns, toPosition } from './event-key.js';
import type { EventPlace, Position } from './event-key.js';
import { nextSize, pageWeight, toEvent, weightOf } from './event-rows.js';
import type { EventRow } from './event-rows.js';
import type { Narrow } from './journal.js';

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
}

/** An event that a version brought, or took away. */
export interface VersionedEvent extends StoredEvent {
  readonly version: number;
}

export type DifferenceOp = 'remove' | 'insert';

/** Some events of a difference, in the order in which they must be told. */
export interface DifferencePage {
  readonly op: DifferenceOp;
  /** In the order of the chain. */
  readonly events: readonly VersionedEvent[];
}

export interface DifferenceOptions {
  /** The last event that has been told of; undefined: from the beginning. */
  readonly after?: { readonly op: DifferenceOp; readonly place: EventPlace } | undefined;
  /** Events of a page at most. */
  readonly pageSize?: number | undefined;
}

interface VersionedRow extends EventRow {
  readonly version: number;
}

/** A part of a difference: of one pipeline, behind a position. */
interface Part {
  readonly pipelineId: number;
  readonly versions: Versions;
  readonly after: Position | undefined;
}

const defaultPageSize = 500;

/** Tells from the journal what pipelines' events were at a version, and what has become of them. */
export class JournalStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Returns where a pipeline's rows stand; null where it was never run. */
  async current(pipelineId: number): Promise<JournalHead | null> {
    const [row] = await this.#database.read<HeadRow[]>((knex) =>
      knex('pipeline_checkpoint').where({ pipeline_id: pipelineId }),
    );
    if (row === undefined) return null;
    const { version, claim, epoch, start_block: from, block_number: to, hash } = row;
    const blocks = from === null || to === null ? null : { from, to };
    return { version, claim, epoch, blocks, hash: hash === null ? null : `0x${hash.toString('hex')}` };
  }

  /**
   * Walks over what changed between two versions, `from` 0: all that there was at `to`. First what was there at `from` and was
   * taken away, then what has been added and was there at `to`, each in the order of the chain. The same versions give the
   * same pages whenever they are asked for, as long as the journal is kept from `from` on, and the pipeline has had sinks
   * since `from`. Keeps a few pages in memory.
   */
  async *difference(
    pipelineId: number,
    versions: Versions,
    { after, pageSize = defaultPageSize }: DifferenceOptions = {},
  ): AsyncGenerator<DifferencePage, void, undefined> {
    const place = after === undefined ? undefined : toPosition(after.place);
    const part = (op: DifferenceOp): Part => ({ pipelineId, versions, after: after?.op === op ? place : undefined });
    if (after?.op !== 'insert') yield* pages('remove', this.#removes(part('remove'), pageSize), pageSize);
    yield* pages('insert', this.#inserts(part('insert'), pageSize), pageSize);
  }

  async *#removes(part: Part, pageSize: number): AsyncGenerator<readonly VersionedRow[], void, undefined> {
    const { pipelineId, versions } = part;
    const inVersions = (query: Knex.QueryBuilder): Knex.QueryBuilder => between(query, 'removed', versions);
    // By the index on versions: by the primary key alone each page would read what earlier versions have removed.
    const [bounds] = await this.#database.read<{ from: number | null; to: number | null }[]>((knex) =>
      inVersions(knex('event_removed').where({ pipeline_id: pipelineId }))
        .min({ from: 'block_number' })
        .max({ to: 'block_number' }),
    );
    if (bounds === undefined || bounds.from === null || bounds.to === null) return;
    const range = { from: bounds.from, to: bounds.to };
    let { after } = part;
    for (let size = pageSize; ;) {
      const rows = await this.#rows('event_removed', 'removed', { ...part, after }, range, size, (query) =>
        inVersions(query).where('added', '<=', versions.from),
      );
      yield rows;
      if (rows.length < size) return;
      after = rows.at(-1);
      size = nextSize(rows, pageSize);
    }
  }

  async *#inserts(part: Part, pageSize: number): AsyncGenerator<readonly VersionedRow[], void, undefined> {
    const ranges = await changedBlocks(this.#database, part.pipelineId, part.versions);
    for (const range of ranges) {
      let { after } = part;
      if (after !== undefined && after.block_number > range.to) continue;
      for (let size = pageSize; ;) {
        const { rows, end } = await this.#insertsOf({ ...part, after }, range, size);
        yield rows;
        if (end === undefined) break;
        after = end;
        size = nextSize(rows, pageSize);
      }
    }
  }

  /** Returns the next rows of a range, and where to go on behind them. */
  async #insertsOf(
    part: Part,
    range: BlockRange,
    size: number,
  ): Promise<{ readonly rows: readonly VersionedRow[]; readonly end: Position | undefined }> {
    const { versions } = part;
    const added = (query: Knex.QueryBuilder): Knex.QueryBuilder => between(query, 'added', versions);
    const there = await this.#rows('event', 'added', part, range, size, added);
    // Asked second: what a commit takes away meanwhile has been seen where it was, or is seen where it is now.
    const gone = await this.#rows('event_removed', 'added', part, range, size, (query) =>
      added(query).where('removed', '>', versions.to),
    );
    const ends = [there, gone].flatMap((rows) => (rows.length < size ? [] : [rows.at(-1) as Position]));
    const end = ends.sort(comparePositions)[0];
    return { rows: inOrder([...there, ...gone], end), end };
  }

  async #rows(
    table: 'event' | 'event_removed',
    version: 'added' | 'removed',
    { pipelineId, after }: Part,
    { from, to }: BlockRange,
    limit: number,
    narrow: Narrow,
  ): Promise<readonly VersionedRow[]> {
    // SQLite answers without a turn of the event loop, and signals would wait for the last page.
    await setImmediate();
    return this.#database.read<VersionedRow[]>((knex) => {
      const rows = narrow(knex(table).where({ pipeline_id: pipelineId }))
        .whereBetween('block_number', [from, to])
        .select('*', { version })
        .orderBy([...keyColumns])
        .limit(limit);
      return after === undefined ? rows : beyond(rows, after, '>');
    });
  }
}

interface HeadRow {
  readonly version: number;
  readonly claim: number;
  readonly epoch: string | null;
  readonly start_block: number | null;
  readonly block_number: number | null;
  readonly hash: Buffer | null;
}

function between(query: Knex.QueryBuilder, column: string, { from, to }: Versions): Knex.QueryBuilder {
  return query.where(column, '>', from).where(column, '<=', to);
}

/** Sorts rows that are not behind `end`, each of them once. */
function inOrder(rows: readonly VersionedRow[], end: Position | undefined): readonly VersionedRow[] {
  const kept: VersionedRow[] = [];
  for (const row of [...rows].sort(comparePositions)) {
    const last = kept.at(-1);
    if (end !== undefined && comparePositions(row, end) > 0) break;
    if (last === undefined || comparePositions(last, row) !== 0) kept.push(row);
  }
  return kept;
}

/** Cuts rows into pages by what they are alone, so that they are cut the same way when they are read again. */
async function* pages(
  op: DifferenceOp,
  parts: AsyncGenerator<readonly VersionedRow[], void, undefined>,
  pageSize: number,
): AsyncGenerator<DifferencePage, void, undefined> {
  let events: VersionedEvent[] = [];
  let weight = 0;
  for await (const rows of parts) {
    for (const row of rows) {
      events.push({ ...toEvent(row), version: row.version });
      weight += weightOf(row);
      if (events.length < pageSize && weight < pageWeight) continue;
      yield { op, events };
      [events, weight] = [[], 0];
    }
  }
  if (events.length > 0) yield { op, events };
}
