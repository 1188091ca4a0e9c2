import { isAmong } from '../../model/event-choice.js';
import { eventFields } from '../../model/event-fields.js';
import { databaseKinds } from '../../database/open/database-url.js';
import type { DatabaseKind } from '../../database/open/database-url.js';
import type { TargetColumn } from '../../database/target-dialect.js';
import { UsageError } from '../../runtime/errors.js';
import type { EventFields, Field, Remark } from '../seam/component.js';
import { columnName, freeColumnName } from './column-name.js';
import type { TableSinkConfig } from './schema.js';
import { columnTypeOf, joinTypes, widerTypes } from './solidity-types.js';

/** Where an event's data has a column's value: a member of its arguments, or a field of its own. */
export interface FieldPlace {
  readonly column: number;
  readonly isArg: boolean;
  readonly key: string;
}

/** Where an event's data has the values of its columns. */
export interface EventPlaces {
  readonly places: readonly FieldPlace[];
  /** Some of them are arguments. */
  readonly inArgs: boolean;
  /** All of them are arguments, which a database reads out of their JSON as it stands. */
  readonly isPlain: boolean;
}

/** The columns of a sink's table, and what of each event goes into them. */
export interface TablePlan {
  /** Those that every row has, whatever the event. */
  readonly fixed: readonly TargetColumn[];
  /** Those that every row has where the table asks for them: it may have been made for more events. */
  readonly ifRequired: readonly TargetColumn[];
  /** Those of the events' own. */
  readonly own: readonly TargetColumn[];
  /** By the event's signature. */
  readonly events: ReadonlyMap<string, EventPlaces>;
  /** A stage makes all fields of events: none are arguments. */
  readonly mapped: boolean;
  /** Names the column of a field, as a plan would that has another event with it; `isBeside`: that has an argument and another field of the name. */
  readonly nameOf: (field: Omit<FieldPlace, 'column'>, isBeside: boolean) => string;
}

/** What identifies a row: some nodes number the logs of a block twice, so that the transaction belongs to it. */
export const tableKey = ['chain_id', 'block_number', 'log_index', 'transaction_hash'] as const;

const hash = { kind: 'ascii', length: 66 } as const;

const fixedColumns: readonly TargetColumn[] = [
  { name: 'chain_id', type: { kind: 'int64' }, nullable: false },
  { name: 'block_number', type: { kind: 'int64' }, nullable: false },
  { name: 'log_index', type: { kind: 'int32' }, nullable: false },
  { name: 'transaction_hash', type: hash, nullable: false },
  { name: 'block_hash', type: hash, nullable: false },
  // A node may name an instant beyond what a date can be.
  { name: 'block_time', type: { kind: 'time' }, nullable: true },
  { name: 'contract_address', type: { kind: 'ascii', length: 42 }, nullable: false },
];

/** Only where there is more than one event, or an index asks for it: which of them a row is. */
const eventNameColumn: TargetColumn = { name: 'event_name', type: { kind: 'name', length: 255 }, nullable: false };

/** What a source says of an event beside its arguments: the fixed columns hold what matters of it. */
export const eventsOwn = new Set(eventFields.map(({ name }) => name));

const args = 'args.';

/** Names and types whose JSON has nothing to be escaped: every database reads the same out of it. */
const plainArgument = /^args\.[A-Za-z_][A-Za-z0-9_]*$/;
const plainType = /^(?:address|bool|u?int\d+|bytes\d+)$/;

/** Plans the table that holds some events; throws UsageError where a field's name can be none of a column. */
function planTable(events: readonly EventFields[], database: DatabaseKind): Omit<TablePlan, 'mapped'> {
  const fixed = events.length > 1 ? [...fixedColumns, eventNameColumn] : fixedColumns;
  const own: TargetColumn[] = [];
  const positions = new Map<string, number>();
  const taken = new Set(fixed.map(({ name }) => name));
  const beside = namesBesideArguments(events);
  const positionOf = (field: Field, key: string): number => {
    const givesWay = field.name !== key && beside.has(key);
    // Fields of one name share a column, whichever their events are.
    const source = givesWay ? field.name : key;
    const at = positions.get(source);
    const type = columnTypeOf(field.type);
    if (at === undefined) {
      positions.set(source, own.length);
      const name = columnName(key, givesWay ? new Set([...taken, key.toLowerCase()]) : taken, database);
      taken.add(name.toLowerCase());
      return own.push({ name, type, nullable: true }) - 1;
    }
    const known = own[at];
    if (known !== undefined) own[at] = { ...known, type: joinTypes(known.type, type) };
    return at;
  };
  const planned = events.map(({ eventSignature, fields, mapped }) => {
    const kept = mapped ? fields : fields.filter(({ name }) => !eventsOwn.has(name));
    const isPlain = !mapped && kept.every(({ name, type }) => plainArgument.test(name) && plainType.test(type));
    const places = kept.map((field): FieldPlace => {
      const isArg = !mapped && field.name.startsWith(args);
      const key = isArg ? field.name.slice(args.length) : field.name;
      return { column: positionOf(field, key), isArg, key };
    });
    return [eventSignature, { places, inArgs: places.some(({ isArg }) => isArg), isPlain }] as const;
  });
  const ifRequired = events.length > 1 || taken.has(eventNameColumn.name) ? [] : [eventNameColumn];
  const others = new Set([...taken, ...ifRequired.map(({ name }) => name)]);
  const nameOf: TablePlan['nameOf'] = ({ isArg, key }, isBeside) => {
    const givesWay = isArg && (isBeside || beside.has(key));
    const at = positions.get(givesWay ? args + key : key);
    if (at !== undefined) return own[at]?.name ?? key;
    return freeColumnName(key, givesWay ? new Set([...others, key.toLowerCase()]) : others, database);
  };
  const widened = own.map((column) => ({ ...column, wider: widerTypes(column.type) }));
  return { fixed, ifRequired, own: widened, events: new Map(planned), nameOf };
}

/** The names of what stages add to events that have an argument of that name, too: both are told apart, in every event. */
function namesBesideArguments(events: readonly EventFields[]): ReadonlySet<string> {
  const both = events.flatMap(({ fields, mapped }) => {
    const names = new Set(mapped ? [] : fields.map(({ name }) => name));
    return [...names].filter((name) => !eventsOwn.has(name) && names.has(args + name));
  });
  return new Set(both);
}

/** Plans the table of a sink, of the events that it wants, in a database of some kind. */
export function planTableOf(
  { event_name: wanted, indexes }: TableSinkConfig,
  events: readonly EventFields[],
  database: DatabaseKind,
): TablePlan {
  const { fixed, ifRequired, ...plan } = planTable(
    events.filter((event) => isAmong(wanted, event)),
    database,
  );
  const isIndexed = ({ name }: TargetColumn): boolean => indexes.some((index) => index.includes(name));
  return {
    ...plan,
    fixed: [...fixed, ...ifRequired.filter(isIndexed)],
    ifRequired: ifRequired.filter((column) => !isIndexed(column)),
    mapped: events.some(({ mapped }) => mapped),
  };
}

/**
 * Says what would keep a sink's table from being opened, as far as the definition and its events tell; of a database that is not
 * known yet (null) what would on every kind.
 */
export function tableProblems(
  config: TableSinkConfig,
  events: readonly EventFields[],
  database: DatabaseKind | null,
): readonly Remark[] {
  const found = (database === null ? databaseKinds : [database]).map((kind) => problemsOn(kind, config, events));
  return found.reduce((least, each) => (each.length < least.length ? each : least));
}

function problemsOn(
  database: DatabaseKind,
  config: TableSinkConfig,
  events: readonly EventFields[],
): readonly Remark[] {
  try {
    return indexProblems(planTableOf(config, events, database), config.indexes);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [{ at: ['table'], message: error.message, hint: error.hint }];
  }
}

/** Says where indexes name what is no column, or what can't be sorted. */
export function indexProblems({ fixed, own }: TablePlan, indexes: TableSinkConfig['indexes']): readonly Remark[] {
  const columns = new Map([...fixed, ...own].map((column) => [column.name, column]));
  const hint = `the columns are ${[...columns.keys()].join(', ')}`;
  const texts = indexes.map((index) => JSON.stringify(index));
  return indexes.flatMap((index, i): readonly Remark[] => {
    const isTold = texts.indexOf(texts[i] ?? '') < i;
    if (isTold) return [{ at: ['indexes', i], message: `names the same columns twice: ${index.join(', ')}` }];
    return index.flatMap((name, j): readonly Remark[] => {
      const at = ['indexes', i, j];
      const column = columns.get(name);
      if (column === undefined) return [{ at, message: `names '${name}', which is no column`, hint }];
      if (column.type.kind !== 'json') return [];
      return [{ at, message: `names '${name}', which holds nested values: those have no order` }];
    });
  });
}
