import type { InsertColumn, SqlValue } from '../../database/script.js';
import type { FoundColumn, TargetColumn, TargetDialect } from '../../database/target-dialect.js';
import type { TargetChange } from '../../database/targets/target-store.js';
import type { EventMessage } from '../../model/event-message.js';
import { messageValues } from '../seam/message-values.js';
import { ArgumentsReader, memberOf } from './arguments-reader.js';
import { toColumnOf } from './column-value.js';
import type { ToColumn } from './column-value.js';
import { finalMessages } from './final-messages.js';
import { Losses } from './losses.js';
import type { Loss } from './losses.js';
import type { EventPlaces, FieldPlace, TablePlan } from './plan-table.js';
import { argumentsOf, UnplannedColumns } from './unplanned-columns.js';

/** Seconds of the last instant of the year 9999: what lies beyond is no date on every database. */
export const lastSecond = 253_402_300_799;

/** What is to be written for messages, and what of them is not. */
interface MadeRows {
  readonly change: TargetChange;
  readonly losses: readonly Loss[];
}

/** Makes the rows of a sink's table out of messages. */
export class RowMaker {
  readonly #dialect: TargetDialect;
  readonly #plan: TablePlan;
  readonly #toColumn: readonly ToColumn[];
  readonly #instants: Instants;
  readonly #readings: ReadonlyMap<string, Reading>;
  readonly #unplanned: UnplannedColumns;

  /** `found`: the columns that the table has. */
  constructor(
    dialect: TargetDialect,
    plan: TablePlan,
    indexes: readonly (readonly string[])[],
    found: readonly FoundColumn[],
  ) {
    this.#dialect = dialect;
    this.#plan = plan;
    const mostBytes = (name: string): number | null => longestText(dialect, plan, indexes, name);
    this.#toColumn = plan.own.map(({ name, type }) => toColumnOf(type, mostBytes(name)));
    this.#instants = new Instants(dialect.utcMark);
    this.#readings = new Map([...plan.events].map(([signature, places]) => [signature, readingOf(places)]));
    this.#unplanned = new UnplannedColumns(dialect, plan, found, mostBytes);
  }

  /** Returns what is to be written for messages; a value that a column can't hold is NULL, and told. */
  make(messages: readonly EventMessage[]): MadeRows {
    const { inserts, removes } = finalMessages(messages);
    const isPlanned = ({ eventSignature }: EventMessage): boolean => this.#readings.has(eventSignature);
    const areAll = inserts.every(isPlanned);
    const planned = areAll ? inserts : inserts.filter(isPlanned);
    const { values, losses } = this.#ownValues(planned);
    const own = this.#plan.own.map((column, i) => this.#column(column, values[i] ?? []));
    const insert = { columns: [...this.#fixedColumns(planned), ...own], count: planned.length };
    const match = this.#fixedColumns(removes).filter(({ name }) => matched.has(name));
    const remove = { match, count: removes.length };
    if (areAll) return { change: { inserts: [insert], remove }, losses };
    const unplanned = inserts.filter((message) => !isPlanned(message));
    const others = this.#unplanned.make(unplanned);
    const columns = [...this.#fixedColumns(unplanned), ...others.columns];
    const beside = { columns, count: unplanned.length };
    return { change: { inserts: [insert, beside], remove }, losses: [...losses, ...others.losses] };
  }

  #fixedColumns(messages: readonly EventMessage[]): readonly InsertColumn[] {
    const blockTime = ({ place }: EventMessage): SqlValue => this.#instants.write(place.timestamp);
    return insertOrder.flatMap((name) => {
      const column = this.#plan.fixed.find((each) => each.name === name);
      const valueOf = name === 'block_time' ? blockTime : messageValues[name];
      return column === undefined ? [] : [this.#column(column, messages.map(valueOf))];
    });
  }

  #column({ name, type }: TargetColumn, values: readonly SqlValue[]): InsertColumn {
    const isLong = type.kind === 'text' || type.kind === 'json';
    return { name, values, type: this.#dialect.typeName(type), ...(isLong ? { distinct: true } : {}) };
  }

  #ownValues(messages: readonly EventMessage[]): {
    readonly values: readonly (readonly SqlValue[])[];
    readonly losses: readonly Loss[];
  } {
    const values = this.#plan.own.map(() => new Array<SqlValue>(messages.length).fill(null));
    const losses = new Losses();
    for (let row = 0; row < messages.length; row++) {
      const message = messages[row] as EventMessage;
      const { data, eventSignature } = message;
      const { places, reader } = this.#readings.get(eventSignature) as Reading;
      // Where they are known by themselves, nothing else of an event is parsed.
      const known = reader === null || data.argsJson === undefined ? null : reader.read(data.argsJson);
      const args = reader === null || known !== null ? {} : argumentsOf(data);
      for (let i = 0; i < places.length; i++) {
        const { column, isArg, key } = places[i] as FieldPlace;
        const value = isArg ? (known === null ? memberOf(args, key) : known[i]) : data.fields.get(key);
        if (value === null || value === undefined) continue;
        const stored = (this.#toColumn[column] as ToColumn)(value);
        if (stored === undefined) losses.add(this.#plan.own[column]?.name ?? '', message.id);
        else (values[column] as SqlValue[])[row] = stored;
      }
    }
    return { values, losses: losses.all };
  }
}

/** Where an event's data has the values of its columns, and what reads its arguments; null: none are columns. */
interface Reading {
  readonly places: readonly FieldPlace[];
  readonly reader: ArgumentsReader | null;
}

function readingOf({ inArgs, places }: EventPlaces): Reading {
  return { places, reader: inArgs ? new ArgumentsReader(places.map(({ key }) => key)) : null };
}

/** Writes instants of UTC. The block of most rows is that of the row before. */
class Instants {
  readonly #mark: string;
  #seconds = NaN;
  #text: string | null = null;

  constructor(mark: string) {
    this.#mark = mark;
  }

  write(seconds: number): string | null {
    if (seconds === this.#seconds) return this.#text;
    this.#seconds = seconds;
    const isDate = seconds >= 0 && seconds <= lastSecond;
    this.#text = isDate ? new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ') + this.#mark : null;
    return this.#text;
  }
}

/** What a row is found by before it is deleted: a block's rows may have been replaced by those of another. */
const matched = new Set(['chain_id', 'block_number', 'log_index', 'transaction_hash', 'block_hash']);

/** What repeats from row to row comes first: a statement is shorter for it. */
const insertOrder = [
  ...(['chain_id', 'block_number', 'block_hash', 'block_time', 'contract_address', 'event_name'] as const),
  ...(['transaction_hash', 'log_index'] as const),
];

/** The texts of an index share what it takes. */
function longestText(
  { longestIndexed }: TargetDialect,
  { own }: TablePlan,
  indexes: readonly (readonly string[])[],
  name: string,
): number | null {
  if (longestIndexed === null) return null;
  const isText = (column: string): boolean => own.find((each) => each.name === column)?.type.kind === 'text';
  const bounds = indexes
    .filter((index) => index.includes(name))
    .map((index) => Math.floor(longestIndexed / Math.max(1, index.filter(isText).length)));
  return bounds.length === 0 ? null : Math.min(...bounds);
}
