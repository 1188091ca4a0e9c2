import { setImmediate } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { StoredEvent, StoredUndecodedLog } from '../../model/stored-event.js';
import type { Database } from '../database.js';
import { beyond, keyColumns, toPosition } from './event-key.js';
import type { EventPlace, Position } from './event-key.js';
import { joinedRows } from './joined-rows.js';
import { nextSize, toEvent, toUndecodedLog } from './event-rows.js';
import type { EventRow, PositionRow, UndecodedRow } from './event-rows.js';
import { RowWatch } from './row-watch.js';
import { toBytes } from '../../runtime/hex-bytes.js';

/** Which of a pipeline's rows are wanted; what is left out narrows nothing. Blocks are inclusive. */
export interface EventFilter {
  readonly pipelineId: number;
  readonly fromBlock?: number | undefined;
  readonly toBlock?: number | undefined;
  /** A name, or a full signature: what has a parenthesis. */
  readonly event?: string | undefined;
  /** Addresses as 0x-hex; undefined: whichever. */
  readonly contracts?: readonly string[] | undefined;
}

type UndecodedFilter = Omit<EventFilter, 'event'>;

interface PageOptions {
  /** Rows of a page at most. */
  readonly pageSize?: number | undefined;
  /** Throws RowsChangedError where rows that were passed on change before the walk ends: its pages are of one state, or it fails. */
  readonly ofOneState?: boolean | undefined;
  /** Only so many rows, the latest there are when the walk begins; left out: all. */
  readonly latest?: number | undefined;
}

/** Which part of the events a page holds. */
export interface EventPart {
  /** The last event of the page before; undefined: from the beginning. */
  readonly after?: EventPlace | undefined;
  /** From the newest on. */
  readonly descending: boolean;
  readonly limit: number;
}

const defaultPageSize = 500;
/** Of so many rows the number is told: some milliseconds of reading. */
export const mostCounted = 10_000;

/** Reads the events and undecoded logs of pipelines: the tables `event` and `undecoded_log`. */
export class EventStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Walks over events in pages, in the order of the chain, in constant memory; a page is never empty. */
  async *pages(filter: EventFilter, options: PageOptions = {}): AsyncGenerator<readonly StoredEvent[]> {
    const { latest, pageSize = defaultPageSize } = options;
    if (latest !== undefined && latest <= pageSize) {
      // In one statement: to find where they begin reads as much as they do, all events where few are of a name.
      const events = await this.latest(filter, latest);
      if (events.length > 0) yield events.toReversed();
      return;
    }
    for await (const rows of this.#pages<EventRow>('event', filter, options)) yield rows.map(toEvent);
  }

  /** Walks over undecoded logs as `pages` does over events. */
  async *undecodedPages(
    filter: UndecodedFilter,
    options: PageOptions = {},
  ): AsyncGenerator<readonly StoredUndecodedLog[]> {
    for await (const rows of this.#pages<UndecodedRow>('undecoded_log', filter, options)) {
      yield rows.map(toUndecodedLog);
    }
  }

  /** Returns the latest events, newest first. */
  async latest(filter: EventFilter, limit: number): Promise<readonly StoredEvent[]> {
    const rows = await this.#database.read<EventRow[]>(() => newestFirst(this.#database, 'event', filter).limit(limit));
    return rows.map(toEvent);
  }

  /** Returns one part of the events, in the order of the chain or from the newest on. */
  async part(filter: EventFilter, { after: place, descending, limit }: EventPart): Promise<readonly StoredEvent[]> {
    const order = descending ? 'desc' : 'asc';
    const rows = await this.#database.read<EventRow[]>(() =>
      narrowBeyond(this.#database, 'event', filter, place && toPosition(place), descending ? '<' : '>')
        .select('*')
        .orderBy(keyColumns.map((column) => ({ column, order })))
        .limit(limit),
    );
    return rows.map(toEvent);
  }

  /** Counts events; null where there are more than `most`, since a count goes through all that it counts. */
  count(filter: EventFilter, most = mostCounted): Promise<number | null> {
    return this.#count('event', filter, most);
  }

  /** Counts undecoded logs as `count` does events. */
  countUndecoded(filter: UndecodedFilter): Promise<number | null> {
    return this.#count('undecoded_log', filter, mostCounted);
  }

  async *#pages<R extends PositionRow>(table: string, filter: EventFilter, options: PageOptions): AsyncGenerator<R[]> {
    const mostRows = options.pageSize ?? defaultPageSize;
    let missing = options.latest ?? Infinity;
    const begin = missing === Infinity ? undefined : await this.#before(table, filter, missing);
    const watched = { ...filter, fromBlock: begin?.block_number ?? filter.fromBlock };
    const watch = options.ofOneState === true ? new RowWatch(this.#database, table, watched) : undefined;
    let size = mostRows;
    let last: R | undefined;
    for (;;) {
      size = Math.min(size, missing);
      const rows = await this.#page<R>(table, filter, last ?? begin, size, watch);
      await watch?.take(rows, last);
      missing -= rows.length;
      const isLast = rows.length < size || missing === 0;
      last = rows.at(-1);
      size = nextSize(rows, mostRows);
      if (rows.length > 0) yield rows;
      if (isLast) return;
      // SQLite answers without a turn of the event loop, and signals would wait for the last page.
      await setImmediate();
    }
  }

  /** Returns where the row before so many of the latest stands; undefined where there are no more than those. */
  async #before(table: string, filter: EventFilter, latest: number): Promise<Position | undefined> {
    const rows = await this.#database.read<Position[]>(() =>
      newestFirst(this.#database, table, filter).clearSelect().select(keyColumns).offset(latest).limit(1),
    );
    return rows[0];
  }

  #page<R>(
    table: string,
    filter: EventFilter,
    last: Position | undefined,
    pageSize: number,
    watch: RowWatch | undefined,
  ): Promise<R[]> {
    return this.#database.read<R[]>(() =>
      narrowBeyond(this.#database, table, filter, last, '>')
        .select('*', ...(watch?.columns() ?? []))
        .orderBy([...keyColumns])
        .limit(pageSize),
    );
  }

  async #count(table: string, filter: EventFilter, most: number): Promise<number | null> {
    const [row] = await this.#database.read<{ total: number }[]>((knex) => {
      const first = narrow(this.#database, table, filter)
        .select('block_number')
        .limit(most + 1);
      return knex.count({ total: '*' }).from(first.as('counted'));
    });
    const total = row?.total ?? 0;
    return total > most ? null : total;
  }
}

/**
 * Narrows to what lies beyond a position. Of two lower bounds on the block SQLite seeks by the one that stands first: where the
 * filter's own stood there, too, each page would read all pages before it.
 */
function narrowBeyond(
  database: Database,
  table: string,
  filter: EventFilter,
  last: Position | undefined,
  than: '<' | '>',
): Knex.QueryBuilder {
  if (last === undefined) return narrow(database, table, filter);
  const { fromBlock = 0, toBlock = Infinity } = filter;
  const block = last.block_number;
  const rest = than === '>' ? { fromBlock: Math.max(fromBlock, block) } : { toBlock: Math.min(toBlock, block) };
  return beyond(narrow(database, table, { ...filter, ...rest }), last, than);
}

function newestFirst(database: Database, table: string, filter: EventFilter): Knex.QueryBuilder {
  const order = keyColumns.map((column) => ({ column, order: 'desc' }));
  return narrow(database, table, filter).select('*').orderBy(order);
}

function narrow({ knex, dialect }: Database, table: string, filter: EventFilter): Knex.QueryBuilder {
  const query = knex(table).where({ pipeline_id: filter.pipelineId });
  if (filter.fromBlock !== undefined) void query.where('block_number', '>=', filter.fromBlock);
  if (filter.toBlock !== undefined) void query.where('block_number', '<=', filter.toBlock);
  if (filter.contracts !== undefined) {
    const addresses = filter.contracts.map(toBytes);
    // None is no contract's.
    const list = addresses.map(() => '?').join(', ') || 'NULL';
    void query.whereRaw(dialect.sieve(`contract_address IN (${list})`), addresses);
  }
  if (filter.event !== undefined) {
    const isSignature = filter.event.includes('(');
    void query.whereRaw(dialect.sieve(`${isSignature ? 'event_signature' : 'event_name'} = ?`), [filter.event]);
  }
  return joinedRows(query, knex, filter.pipelineId);
}
