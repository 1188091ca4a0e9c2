import { parseDatabaseUrls } from '../../database/open/database-url.js';
import { openDatabase } from '../../database/open/open-database.js';
import type { Database } from '../../database/database.js';
import { sinkTableName } from '../../database/targets/sink-table.js';
import { asFound } from '../../database/targets/check-table.js';
import { TargetSetBackError, TargetStore } from '../../database/targets/target-store.js';
import type { Claimed } from '../../database/targets/target-store.js';
import {
  DatabaseUnreachableError,
  DatabaseUnusableError,
  messageOf,
  NotMigratedError,
  RuntimeFailure,
  UsageError,
} from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import type { SinkOpening } from '../seam/component.js';
import type { Sink, SinkBatch, SinkContext, SinkCursor, StoredBatch } from '../seam/sink.js';
import {
  MessageRefusedError,
  ReceiverAwayError,
  TargetChangedError,
  UnfitReceiverError,
} from '../seam/delivery-errors.js';
import type { TableSinkConfig } from './schema.js';
import { copyOf } from './copy-plan.js';
import { indexProblems, planTableOf, tableKey } from './plan-table.js';
import type { TablePlan } from './plan-table.js';
import type { Loss } from './losses.js';
import { RowMaker } from './row-maker.js';
import { namedTable } from './table-owner.js';

/** How long a server may take for one statement before it counts as away, in milliseconds. */
const statementTimeoutMs = 60_000;

/** How often in a row events that can't be copied are tried to be: in vain that costs as much as writing their rows. */
const mostFailedCopies = 3;

/** Opens a sink's table; throws UsageError where it can't be what the config says. Connects when it is claimed. */
export function openTableSink(config: TableSinkConfig, opening: SinkOpening): Sink {
  const { database: url } = config;
  const kind = url === undefined ? opening.database.dialect.name : parseDatabaseUrls(url).kind;
  const plan = planTableOf(config, opening.events, kind);
  const [problem] = indexProblems(plan, config.indexes);
  if (problem !== undefined) throw new UsageError(`indexes ${problem.message}`, { hint: problem.hint });
  return new TableSink(config, opening, plan);
}

/** What it has opened. */
interface Target {
  readonly database: Database;
  readonly store: TargetStore;
  /** What becomes of events in the table as it was when it was claimed. */
  filling: Filling;
}

interface Filling {
  readonly plan: TablePlan;
  readonly rows: RowMaker;
}

/** Writes rows and the cursor in one transaction of the table's database. */
class TableSink implements Sink {
  readonly #config: TableSinkConfig;
  readonly #opening: SinkOpening;
  readonly #plan: TablePlan;
  #target: Target | null = null;
  #failedCopies = 0;

  constructor(config: TableSinkConfig, opening: SinkOpening, plan: TablePlan) {
    this.#config = config;
    this.#opening = opening;
    this.#plan = plan;
  }

  async claim(claim: Omit<SinkCursor, 'place'>, { logger }: SinkContext): Promise<SinkCursor | null> {
    return this.#with(async (target) => {
      const { cursor, isNew, ...there } = await target.store.claim(claim);
      target.filling = this.#fillingOf(target.database, there);
      if (isNew) logger.log('info', `${this.#opening.name}: made the table ${this.#config.table}, and fills it`);
      return cursor;
    });
  }

  async deliver({ messages, after }: SinkBatch, { logger }: SinkContext): Promise<void> {
    await this.#with(async ({ store, filling }) => {
      const { change, losses } = filling.rows.make(messages);
      await store.write(change, after);
      for (const loss of losses) this.#tell(logger, loss);
    });
  }

  /** Writes the rows of events of the same database without taking the events out of it. */
  async deliverStored({ events, after }: StoredBatch): Promise<boolean> {
    if (!this.#isOwn || this.#failedCopies >= mostFailedCopies) return false;
    return this.#with(async ({ store, filling }) => {
      const copy = copyOf(filling.plan, this.#opening.pipelineId, events);
      if (copy === null) return false;
      const isDone = await store.copy(copy, after);
      this.#failedCopies = isDone ? 0 : this.#failedCopies + 1;
      return isDone;
    });
  }

  get #isOwn(): boolean {
    return this.#config.database === undefined;
  }

  async close(): Promise<void> {
    await this.#letGo();
  }

  #tell(logger: Logger, { column, isThere, count, id }: Loss): void {
    const { name } = this.#opening;
    const rows = count === 1 ? 'a row' : `${count} rows`;
    const what = isThere
      ? `'${column}' can't hold the value of ${rows}, which is NULL there`
      : `${this.#config.table} has no column '${column}' that holds the value of ${rows}, of events that the definition names no more`;
    logger.log('warn', `${name}: ${what}: the first one is ${id}`);
  }

  async #with<T>(work: (target: Target) => Promise<T>): Promise<T> {
    try {
      this.#target ??= await this.#open();
      return await work(this.#target);
    } catch (error) {
      const translated = this.#translate(error);
      // Not what was opened any more: what is there by then is opened anew.
      if (error instanceof DatabaseUnusableError) await this.#letGo();
      throw translated;
    }
  }

  async #open(): Promise<Target> {
    const { database: url, table, indexes } = this.#config;
    const { ifRequired } = this.#plan;
    const { database: own, clock, installation, pipelineId, name: sink } = this.#opening;
    const database =
      url === undefined ? own : await openDatabase(url, { clock, create: true, statementTimeoutMs, poolSize: 1 });
    const columns = [...this.#plan.fixed, ...this.#plan.own];
    const wanted = { ...namedTable(table), columns, ifRequired, key: tableKey, indexes };
    const store = new TargetStore(database, { installation, pipelineId, sink }, wanted);
    return { database, store, filling: this.#fillingOf(database, { found: [], ifRequired: [] }) };
  }

  #fillingOf({ dialect }: Database, { found, ifRequired }: Pick<Claimed, 'found' | 'ifRequired'>): Filling {
    const { fixed, own } = this.#plan;
    const asThere = own.map((column) => asFound(dialect.targets, found, column));
    const plan = { ...this.#plan, fixed: [...fixed, ...ifRequired], own: asThere };
    return { plan, rows: new RowMaker(dialect.targets, plan, this.#config.indexes, found) };
  }

  async #letGo(): Promise<void> {
    const target = this.#target;
    this.#target = null;
    if (target !== null && !this.#isOwn) await target.database.close();
  }

  /** Returns what an error of the database means for whoever delivers. */
  #translate(error: unknown): unknown {
    const { cause } = error as { readonly cause?: unknown };
    if (this.#target?.database.dialect.targets.isTooWide(error) === true) return this.#tooWide(error);
    if (this.#refusesRow(error) || this.#refusesRow(cause)) {
      return new MessageRefusedError(`the table ${this.#config.table} takes no such row: ${messageOf(error)}`, {
        cause,
      });
    }
    if (error instanceof DatabaseUnreachableError) {
      return new ReceiverAwayError(error.message, { hint: error.hint, cause: error });
    }
    if (error instanceof TargetSetBackError) {
      return new TargetChangedError(error.message, { hint: error.hint, cause: error });
    }
    if (error instanceof NotMigratedError) {
      const { table } = this.#config;
      const missing = missingTable(messageOf(cause)) ?? namedTable(table).name;
      const isSinks = missing.toLowerCase() === sinkTableName;
      // Of the pipeline's own tables the error says what to do.
      if (this.#isOwn && !isSinks && missing.toLowerCase() !== namedTable(table).name.toLowerCase()) return error;
      const hint = 'CREATE SCHEMA, where that is missing; the next run makes a table that is missing';
      const what = `the table ${isSinks ? `${sinkTableName} beside ${table}` : table}`;
      return new RuntimeFailure(`${what} is not there as it was: ${messageOf(cause)}`, { hint, cause });
    }
    if (error instanceof RuntimeFailure && this.#target?.database.dialect.classify(cause) === 'forbidden') {
      const hint = `GRANT SELECT, INSERT, UPDATE, DELETE ON ${this.#config.table}, and on ${sinkTableName} beside it; who is to make them needs CREATE on their schema, and INDEX on MySQL`;
      return new RuntimeFailure(error.message, { hint, cause });
    }
    return error;
  }

  #tooWide(cause: unknown): UnfitReceiverError {
    const columns = this.#plan.fixed.length + this.#plan.own.length;
    const message = `the table ${this.#config.table} would have ${columns} columns, which are too many for its database: ${messageOf(cause)}`;
    const hint =
      'name fewer events by event_name, in several sinks with a table each, or keep fewer fields by a dict_mapper above the sink';
    return new UnfitReceiverError(message, { hint, cause });
  }

  #refusesRow(error: unknown): boolean {
    return error instanceof Error && this.#target?.database.dialect.targets.refusesRow(error) === true;
  }
}

/** Returns the name of the table that a database's error says is missing, without its schema; undefined where it says that of none. */
function missingTable(text: string): string | undefined {
  const [, name] =
    /(?:Table '|no such table: |relation ")(?:[^'"]*\.)?([^'".]+)(?:' doesn't exist|" does not exist|$)/.exec(text) ??
    [];
  return name;
}
