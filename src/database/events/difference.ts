import { setImmediate } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { BlockRange } from '../../model/block.js';
import type { StoredEvent } from '../../model/stored-event.js';
import type { Database } from '../database.js';
import { changedBlocks } from './changed-blocks.js';
import type { Versions } from './changed-blocks.js';
import { beyond, comparePositions, keyColumns, toPosition } from './event-key.js';
import type { EventPlace, Position } from './event-key.js';
import { nextSize, pageWeight, toEvent } from './event-rows.js';
import type { EventRow } from './event-rows.js';
import type { NarrowRows } from './journal.js';
import type { StoredStretch } from './stored-stretch.js';

/** An event that a version brought, or took away. */
export interface VersionedEvent extends StoredEvent {
  readonly version: number;
  /** The version that had brought it. */
  readonly added: number;
}

export type DifferenceOp = 'remove' | 'insert';

/** Some events of a difference, in the order in which they must be told. */
export interface DifferencePage {
  readonly op: DifferenceOp;
  /** In the order of the chain. */
  readonly events: readonly VersionedEvent[];
  /** Where they lie; left out: the table need not have them as they are. */
  readonly stored?: StoredStretch;
}

export interface DifferenceOptions {
  /** The last event that has been told of; undefined: from the beginning. */
  readonly after?: { readonly op: DifferenceOp; readonly place: EventPlace } | undefined;
  /** Events of a page at most. */
  readonly pageSize?: number | undefined;
  /** The last block that counts at either version: rows above it are as if they were not there. */
  readonly reach?: Reach | undefined;
  /** Rows of this version, up to this block, are left out: they are neither told nor taken away. */
  readonly base?: { readonly version: number; readonly block: number } | undefined;
  /** Only events of these names, or full signatures. */
  readonly eventNames?: readonly string[] | undefined;
  /** What has gone is told of events of these names, or full signatures, in place of those; none: of all. */
  readonly toldEvents?: readonly string[] | undefined;
}

/** Blocks up to which rows count; infinite: all. */
export interface Reach {
  readonly from: number;
  readonly to: number;
}

interface VersionedRow extends EventRow {
  readonly version: number;
  readonly added: number;
}

/** A part of a difference: of one pipeline, behind a position. */
interface Part {
  readonly pipelineId: number;
  readonly versions: Versions;
  readonly reach: Reach;
  readonly after: Position | undefined;
  /** Narrows to the rows of which is told at all. */
  readonly told: NarrowRows;
}

/** Blocks of which rows are told, where versions brought them. */
interface Stretch {
  readonly range: BlockRange;
  readonly versions: Versions;
}

const defaultPageSize = 500;
/** Rows that one question asks for, at least: small pages are cut of larger answers. */
const leastRows = 2_000;
/** All rows count. */
export const everywhere: Reach = { from: Infinity, to: Infinity };

/**
 * Walks over what changed between two versions, `from` 0: all that there was at `to`. First what was there at `from` and was
 * taken away, then what has been added and was there at `to`, each in the order of the chain. Where only blocks up to some
 * one count, what lies between that of `from` and that of `to` comes last. The same versions give the same pages whenever
 * they are asked for, as long as the journal is kept from `from` on, and the pipeline has had sinks since `from`. Keeps a
 * few pages in memory.
 */
export async function* readDifference(
  database: Database,
  pipelineId: number,
  versions: Versions,
  {
    after,
    pageSize = defaultPageSize,
    reach = everywhere,
    base,
    eventNames,
    toldEvents = eventNames,
  }: DifferenceOptions = {},
): AsyncGenerator<DifferencePage, void, undefined> {
  const place = after === undefined ? undefined : toPosition(after.place);
  const part = (op: DifferenceOp): Part => {
    const told = narrowTo(base, op === 'remove' ? toldEvents : eventNames);
    return { pipelineId, versions, reach, told, after: after?.op === op ? place : undefined };
  };
  if (after?.op !== 'insert') yield* cutPages('remove', removes(database, part('remove'), pageSize), pageSize);
  yield* cutPages('insert', inserts(database, part('insert'), pageSize), pageSize);
}

async function* removes(
  database: Database,
  part: Part,
  pageSize: number,
): AsyncGenerator<readonly VersionedEvent[], void, undefined> {
  const { pipelineId, versions, reach } = part;
  if (reach.from < 0 || versions.from === versions.to) return;
  const inVersions = (query: Knex.QueryBuilder): Knex.QueryBuilder =>
    upTo(between(query, 'removed', versions), reach.from);
  // By the index on versions: by the primary key alone each page would read what earlier versions have removed.
  const [bounds] = await database.read<{ from: number | null; to: number | null }[]>((knex) =>
    inVersions(knex('event_removed').where({ pipeline_id: pipelineId }))
      .min({ from: 'block_number' })
      .max({ to: 'block_number' }),
  );
  if (bounds === undefined || bounds.from === null || bounds.to === null) return;
  const range = { from: bounds.from, to: bounds.to };
  let { after } = part;
  for (let size = Math.max(leastRows, pageSize); ;) {
    const rows = await readRows(database, 'event_removed', 'removed', { ...part, after }, range, size, (query) =>
      inVersions(query).where('added', '<=', versions.from),
    );
    yield rows.map(toVersioned);
    if (rows.length < size) return;
    after = rows.at(-1);
    size = nextSize(rows, Math.max(leastRows, pageSize));
  }
}

async function* inserts(
  database: Database,
  part: Part,
  pageSize: number,
): AsyncGenerator<readonly VersionedEvent[], void, undefined> {
  for (const { range, versions } of await stretchesOf(database, part)) {
    let { after } = part;
    if (after !== undefined && after.block_number > range.to) continue;
    for (let size = Math.max(leastRows, pageSize); ;) {
      const { rows, end } = await insertsOf(database, { ...part, versions, after }, range, size);
      yield rows.map(toVersioned);
      if (end === undefined) break;
      after = end;
      size = nextSize(rows, Math.max(leastRows, pageSize));
    }
  }
}

/** Up to the block that counted before, what has been added since; above it all that is there. */
async function stretchesOf(database: Database, { pipelineId, versions, reach }: Part): Promise<readonly Stretch[]> {
  const changed =
    reach.from < 0 || versions.from === versions.to ? [] : await changedBlocks(database, pipelineId, versions);
  const before = changed
    .filter(({ from }) => from <= reach.from)
    .map(({ from, to }) => ({ range: { from, to: Math.min(to, reach.from) }, versions }));
  if (reach.to <= reach.from) return before;
  const above = { from: reach.from + 1, to: Math.min(reach.to, Number.MAX_SAFE_INTEGER) };
  return [...before, { range: above, versions: { from: 0, to: versions.to } }];
}

/** Returns the next rows of a range, and where to go on behind them. */
async function insertsOf(
  database: Database,
  part: Part,
  range: BlockRange,
  size: number,
): Promise<{ readonly rows: readonly VersionedRow[]; readonly end: Position | undefined }> {
  const { versions } = part;
  const added = (query: Knex.QueryBuilder): Knex.QueryBuilder => between(query, 'added', versions);
  const there = await readRows(database, 'event', 'added', part, range, size, added);
  // Asked second: what a commit takes away meanwhile has been seen where it was, or is seen where it is now.
  const gone = await readRows(database, 'event_removed', 'added', part, range, size, (query) =>
    added(query).where('removed', '>', versions.to),
  );
  const ends = [there, gone].flatMap((rows) => (rows.length < size ? [] : [rows.at(-1) as Position]));
  const end = ends.sort(comparePositions)[0];
  return { rows: gone.length === 0 ? there : inOrder([...there, ...gone], end), end };
}

async function readRows(
  database: Database,
  table: 'event' | 'event_removed',
  version: 'added' | 'removed',
  { pipelineId, after, told }: Part,
  { from, to }: BlockRange,
  limit: number,
  narrow: NarrowRows,
): Promise<readonly VersionedRow[]> {
  // SQLite answers without a turn of the event loop, and signals would wait for the last page.
  await setImmediate();
  // Of two lower bounds SQLite seeks by the one that it meets first: each page would read all pages before it.
  const first = Math.max(from, after?.block_number ?? from);
  return database.read<VersionedRow[]>((knex) => {
    const rows = told(narrow(knex(table).where({ pipeline_id: pipelineId })))
      .whereBetween('block_number', [first, to])
      .select('*', { version })
      .orderBy([...keyColumns])
      .limit(limit);
    return after === undefined ? rows : beyond(rows, after, '>');
  });
}

function between(query: Knex.QueryBuilder, column: string, { from, to }: Versions): Knex.QueryBuilder {
  return query.where(column, '>', from).where(column, '<=', to);
}

function upTo(query: Knex.QueryBuilder, block: number): Knex.QueryBuilder {
  return block === Infinity ? query : query.where('block_number', '<=', block);
}

/** Narrows to what a sink is told of. */
function narrowTo(base: DifferenceOptions['base'], eventNames: readonly string[] = []): NarrowRows {
  return (query) => {
    if (eventNames.length > 0) {
      void query.where((row) => {
        void row.whereIn('event_name', [...eventNames]).orWhereIn('event_signature', [...eventNames]);
      });
    }
    if (base === undefined || base.version === 0) return query;
    return query.where((row) => {
      void row.where('added', '>', base.version).orWhere('block_number', '>', base.block);
    });
  };
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

function toVersioned(row: VersionedRow): VersionedEvent {
  return Object.assign(toEvent(row), { version: row.version, added: row.added });
}

/** Cuts events into pages by what they are alone, so that they are cut the same way when they are read again. */
export async function* cutPages(
  op: DifferenceOp,
  parts: AsyncIterable<readonly VersionedEvent[]> | Iterable<readonly VersionedEvent[]>,
  pageSize = defaultPageSize,
): AsyncGenerator<DifferencePage, void, undefined> {
  let events: VersionedEvent[] = [];
  let weight = 0;
  for await (const part of parts) {
    for (const event of part) {
      events.push(event);
      weight += event.argsJson.length;
      if (events.length < pageSize && weight < pageWeight) continue;
      yield { op, events };
      [events, weight] = [[], 0];
    }
  }
  if (events.length > 0) yield { op, events };
}
