import type { Knex } from 'knex';
import {
  ClaimedLaterError,
  ConflictError,
  DatabaseUnreachableError,
  LeaseLostError,
  RuntimeFailure,
  UsageError,
} from '../../runtime/errors.js';
import type { Database } from '../database.js';
import { FenceError } from '../script.js';
import type { BulkDelete, BulkInsert, Statement } from '../script.js';
import { asFound, checkTable, isRequired } from './check-table.js';
import { copyEvents } from './copy-events.js';
import type { EventCopy } from './copy-events.js';
import { sinkColumns, sinkKey, sinkTableName } from './sink-table.js';
import { askTarget, otherOwner, sinksIn } from './target-owner.js';
import type { NamedTable, TargetOwner } from './target-owner.js';
import type {
  FoundColumn,
  FoundRelation,
  TargetColumn,
  TargetPlace,
  TargetQuestion,
  TargetTable,
} from '../target-dialect.js';

/** Who may write: of one epoch the highest claim. */
export interface TargetClaim {
  readonly epoch: string;
  readonly claim: number;
}

/** How far a sink has come; it moves with the rows. */
export interface TargetCursor extends TargetClaim {
  readonly place: string;
}

/** A table by the name that a person gave it, and what must be in it. */
export interface WantedTable extends NamedTable, Omit<TargetTable, 'place' | 'unique'> {
  /** Columns that are filled where the table has them, and no row without a value in them. */
  readonly ifRequired: readonly TargetColumn[];
}

/** A sink of a stored pipeline. */
type StoredOwner = TargetOwner & { readonly pipelineId: number };

/** What becomes of a table's rows. */
export interface TargetChange {
  readonly inserts: readonly Pick<BulkInsert, 'columns' | 'count'>[];
  readonly remove: Pick<BulkDelete, 'match' | 'count'>;
}

interface SinkRow {
  readonly installation: string;
  readonly pipeline_id: number;
  readonly sink: string;
  readonly table_name: string;
  readonly epoch: string;
  readonly claim: number;
  readonly cursor_epoch: string | null;
  readonly cursor_claim: number | null;
  readonly cursor_place: string | null;
}

const noCursor = { cursor_epoch: null, cursor_claim: null, cursor_place: null };

/** What a claim found. */
export interface Claimed {
  /** Null where the table is to be filled from the beginning. */
  readonly cursor: TargetCursor | null;
  /** The table was made just now. */
  readonly isNew: boolean;
  /** The columns that the table has. */
  readonly found: readonly FoundColumn[];
  /** Those of `ifRequired` that are filled. */
  readonly ifRequired: readonly TargetColumn[];
}

/** A table's database holds less than was written there: a standby that lacked it was promoted, or a backup brought back. */
export class TargetSetBackError extends RuntimeFailure {}

/** A table that a sink fills, and its row of `chainparse_sink` in the same schema. */
export class TargetStore {
  readonly #database: Database;
  readonly #owner: StoredOwner;
  readonly #wanted: WantedTable;
  #place: TargetPlace | null = null;
  /** Where the cursor stood when it was read or moved last. */
  #stands: string | null = null;

  constructor(database: Database, owner: StoredOwner, wanted: WantedTable) {
    this.#database = database;
    this.#owner = owner;
    this.#wanted = wanted;
  }

  /**
   * Claims the table: whoever had a lower claim of the same epoch, or one of another, writes no more. Makes the table where
   * there is none; its cursor is forgotten with that, for what was delivered is gone. Throws UsageError, with the SQL to run,
   * where the table differs or is another sink's, and ClaimedLaterError where a higher claim of the same epoch stands.
   */
  async claim(claim: TargetClaim): Promise<Claimed> {
    const { targets } = this.#database.dialect;
    const { schema, name, columns, key, indexes } = this.#wanted;
    const place = await this.#ask((knex) => targets.place(knex, schema, name));
    const taken = await this.#ask((knex) => targets.takenNames(knex, place));
    const before = await this.#find(place);
    const ifRequired = this.#wanted.ifRequired.filter((column) => isRequired(targets, before, column));
    const own = columns.map((column) => asFound(targets, before?.columns ?? [], column));
    const table = { place, columns: [...own, ...ifRequired], key, indexes, taken };
    if (before !== null) await this.#check(table, before);
    await this.#makeSinkTable(place);
    await this.#raise(place, claim);
    this.#place = place;
    if (before === null) await this.#makeAnew(table, claim);
    const { columns: found = [] } = before ?? (await this.#find(place)) ?? {};
    const cursor = toCursor(await this.#readRow(place));
    this.#stands = cursor?.place ?? null;
    return { cursor, isNew: before === null, found, ifRequired };
  }

  /**
   * Changes rows and moves the cursor, both or neither. Throws LeaseLostError where the cursor's claim is not the one that
   * stands, and TargetSetBackError where the cursor is not where this store left it.
   */
  async write({ inserts, remove }: TargetChange, cursor: TargetCursor): Promise<void> {
    const place = this.#claimedPlace();
    const path = { table: place.name, schema: place.schema ?? undefined };
    try {
      await this.#database.write([
        this.#moved(place, cursor),
        ...(remove.count > 0 ? [{ ...path, ...remove }] : []),
        ...inserts.filter(({ count }) => count > 0).map((insert) => ({ ...path, key: this.#wanted.key, ...insert })),
      ]);
      this.#stands = cursor.place;
    } catch (error) {
      throw error instanceof FenceError ? await this.#explain(place, cursor) : error;
    }
  }

  /**
   * Adds the rows of events of the same database and moves the cursor, both or neither. Returns false, with nothing written,
   * where the events are not those that are meant any more, a row can't be added as it is, or the cursor is not where this store
   * left it, or another claim's: whoever has the events then writes their rows.
   */
  async copy(events: EventCopy, cursor: TargetCursor): Promise<boolean> {
    const place = this.#claimedPlace();
    try {
      await this.#database.write([this.#moved(place, cursor), ...copyEvents(this.#database, place, events)]);
      this.#stands = cursor.place;
      return true;
    } catch (error) {
      if (error instanceof FenceError || this.#database.dialect.targets.refusesRow(error)) return false;
      throw error;
    }
  }

  #claimedPlace(): TargetPlace {
    if (this.#place !== null) return this.#place;
    throw new ConflictError(`the table ${this.#wanted.name} was not claimed`);
  }

  #find(place: TargetPlace): Promise<FoundRelation | null> {
    return this.#ask((knex) => this.#database.dialect.targets.relation(knex, place));
  }

  /** Throws UsageError where what is there is not as the sink needs it. */
  async #check(table: TargetTable, found: FoundRelation): Promise<void> {
    const { targets } = this.#database.dialect;
    const { name } = this.#wanted;
    if (!found.isTable)
      throw new UsageError(`'${name}' is no table that rows could be written into: write another table`);
    const indexes = await this.#ask((knex) => targets.indexes(knex, table.place));
    const differences = checkTable(targets, table, found, indexes);
    if (differences.length === 0) return;
    const texts = differences.map(({ text }) => text).join('; ');
    throw new UsageError(`the table ${name} in ${this.#database.label} is not what the sink fills: ${texts}`, {
      hint: `run, or write another table: ${differences.map(({ sql }) => `${sql};`).join(' ')}`,
    });
  }

  async #makeSinkTable(place: TargetPlace): Promise<void> {
    const table: TargetTable = {
      place: { schema: place.schema, name: sinkTableName, folded: sinkTableName },
      columns: sinkColumns,
      key: sinkKey,
      unique: ['table_name'],
      indexes: [],
    };
    if ((await this.#find(table.place)) === null) await this.#make(table);
  }

  async #make(table: TargetTable, ...others: readonly Statement[]): Promise<void> {
    const statements = this.#database.dialect.targets.create(table);
    await this.#database.write([...others, ...statements.map((sql) => ({ sql, bindings: [] }))]);
  }

  /** Makes the table and forgets its cursor, both or neither: a table that was renamed may come back. */
  async #makeAnew(table: TargetTable, claim: TargetClaim): Promise<void> {
    try {
      if (this.#database.dialect.targets.makesInTransaction) await this.#make(table, this.#forgetting(table, claim));
      else await this.#forgetAndMake(table, claim);
    } catch (error) {
      throw error instanceof FenceError ? await this.#explain(table.place, claim) : error;
    }
  }

  /**
   * The same where no transaction has both. Forgotten first: a table that was made just now must not be taken for one that is
   * filled. Where it is known that none was made the cursor is put back.
   */
  async #forgetAndMake(table: TargetTable, { epoch, claim }: TargetClaim): Promise<void> {
    const { cursor_epoch, cursor_claim, cursor_place } = (await this.#readRow(table.place)) ?? noCursor;
    await this.#database.write([this.#forgetting(table, { epoch, claim })]);
    try {
      await this.#make(table);
    } catch (error) {
      const own = this.#row(table.place).where({ epoch, claim });
      const isUnknown = error instanceof DatabaseUnreachableError;
      if (!isUnknown) await this.#database.write([own.update({ cursor_epoch, cursor_claim, cursor_place })]);
      throw error;
    }
  }

  #forgetting({ place }: TargetTable, { epoch, claim }: TargetClaim): Statement {
    return this.#database.fenced(this.#row(place).where({ epoch, claim }).update(noCursor));
  }

  async #raise(place: TargetPlace, { epoch, claim }: TargetClaim): Promise<void> {
    const table_name = place.folded;
    const row = { ...this.#key, table_name, epoch, claim };
    try {
      await this.#database.write([
        sinksIn(this.#database, place).insert(row).onConflict().ignore(),
        this.#database.fenced(
          this.#row(place)
            .where((may) => void may.whereNot({ epoch }).orWhere('claim', '<=', claim))
            .update({ epoch, claim }),
        ),
        // Of another table.
        this.#row(place)
          .whereNot({ table_name })
          .update({ table_name, ...noCursor }),
      ]);
    } catch (error) {
      const isTaken = error instanceof FenceError || this.#database.dialect.targets.refusesRow(error);
      throw isTaken ? await this.#explain(place, { epoch, claim }) : error;
    }
  }

  #moved(place: TargetPlace, cursor: TargetCursor): ReturnType<Database['fenced']> {
    const { epoch, claim } = cursor;
    const { knex, dialect } = this.#database;
    const changes = {
      ...{ cursor_epoch: epoch, cursor_claim: claim, cursor_place: cursor.place },
      update_time: dialect.now(knex),
    };
    // Where the answer to the same write was lost, it may stand there already.
    const stands = [this.#stands, cursor.place].map((place) => ({ cursor_place: place }));
    const asLeft = (may: Knex.QueryBuilder): void => stands.forEach((where) => void may.orWhere(where));
    return this.#database.fenced(this.#row(place).where({ epoch, claim }).where(asLeft).update(changes));
  }

  /** Says why a claim or a write matched nothing. */
  async #explain(place: TargetPlace, { epoch, claim }: TargetClaim): Promise<Error> {
    const { name } = this.#wanted;
    const other = await otherOwner(this.#database, this.#owner, { place, name });
    if (other !== null) return other;
    const own = await this.#readRow(place);
    const where = `${sinkTableName} in ${this.#database.label}`;
    if (own === undefined) {
      return new ConflictError(`the table ${name} has no row in ${where} any more`, {
        hint: 'start the pipeline again',
      });
    }
    if (own.epoch === epoch && own.claim === claim) {
      return new TargetSetBackError(
        `the table ${name} is not as this run left it: ${this.#database.label} was set back`,
        {
          hint: 'a standby that lacked the last commits was promoted, or a backup was brought back: what the table lacks is delivered again',
        },
      );
    }
    const message = `the table ${name} is another run's to write: claim ${own.claim} of ${own.epoch} stands in ${where}`;
    const isLater = own.epoch === epoch && own.claim > claim;
    return isLater ? new ClaimedLaterError(message, own.claim) : new LeaseLostError(message);
  }

  async #readRow(place: TargetPlace): Promise<SinkRow | undefined> {
    const [row] = await this.#database.read<SinkRow[]>(() => this.#row(place).select('*'));
    return row;
  }

  get #key(): { readonly installation: string; readonly pipeline_id: number; readonly sink: string } {
    const { installation, pipelineId, sink } = this.#owner;
    return { installation, pipeline_id: pipelineId, sink };
  }

  #row(place: TargetPlace): Knex.QueryBuilder {
    return sinksIn(this.#database, place).where(this.#key);
  }

  #ask<T>(question: (knex: Knex) => TargetQuestion<T>): Promise<T> {
    return askTarget(this.#database, question);
  }
}

function toCursor(row: SinkRow | undefined): TargetCursor | null {
  const { cursor_epoch: epoch = null, cursor_claim: claim = null, cursor_place: place = null } = row ?? {};
  return epoch === null || claim === null || place === null ? null : { epoch, claim, place };
}
