import { foldWith } from '../../database/targets/check-table.js';
import type { InsertColumn, SqlValue } from '../../database/script.js';
import type { ColumnType, FoundColumn, TargetDialect } from '../../database/target-dialect.js';
import type { EventMessage, JsonValue, MessageData } from '../../model/event-message.js';
import type { Members } from './arguments-reader.js';
import { isHash, toColumnOf } from './column-value.js';
import { Losses } from './losses.js';
import type { Loss } from './losses.js';
import { eventsOwn } from './plan-table.js';
import type { TablePlan } from './plan-table.js';

type Column = Pick<FoundColumn, 'name' | 'type'> & {
  /** It is the plan's: in every row that is written. */
  readonly isOwn: boolean;
};

/** A field of an event's data, with its value. */
type Given = readonly [key: string, isArg: boolean, isBeside: boolean, value: JsonValue];

/**
 * Makes what is in rows of events that the plan does not know: of those that an earlier definition wanted, which stay stored. A value goes
 * into the column that a plan with its event would give it, where the table has one of a type that the sink makes, in the form that this takes.
 */
export class UnplannedColumns {
  readonly #dialect: TargetDialect;
  readonly #plan: TablePlan;
  readonly #fold: (name: string) => string;
  /** How long a text of a column may be; null: no limit. */
  readonly #mostBytes: (column: string) => number | null;
  /** Those that rows may lack, by the names that the database tells apart, each of a type as it writes it. */
  readonly #columns: ReadonlyMap<string, Column>;

  constructor(
    dialect: TargetDialect,
    plan: TablePlan,
    found: readonly FoundColumn[],
    mostBytes: (column: string) => number | null,
  ) {
    this.#dialect = dialect;
    this.#plan = plan;
    this.#fold = foldWith(dialect);
    this.#mostBytes = mostBytes;
    const own = plan.own.map(({ name, type }) => ({ name, type: dialect.typeName(type) }));
    const free = found.filter(({ nullable }) => nullable);
    const owned = new Set(own.map(({ name }) => this.#fold(name)));
    const columns = [...own, ...free].map(({ name, type }): [string, Column] => {
      const folded = this.#fold(name);
      return [folded, { name, type, isOwn: owned.has(folded) }];
    });
    this.#columns = new Map(columns);
  }

  /** Returns the plan's columns, and what others of the table the messages fill. */
  make(messages: readonly EventMessage[]): {
    readonly columns: readonly InsertColumn[];
    readonly losses: readonly Loss[];
  } {
    const losses = new Losses();
    const filled = new Map<string, SqlValue[]>();
    const none = (): SqlValue[] => new Array<SqlValue>(messages.length).fill(null);
    for (const { name } of this.#plan.own) filled.set(this.#fold(name), none());
    for (const [row, { data, id }] of messages.entries()) {
      for (const [key, isArg, isBeside, value] of givenOf(data, this.#plan.mapped)) {
        const name = this.#plan.nameOf({ isArg, key }, isBeside);
        const folded = this.#fold(name);
        const column = this.#columns.get(folded);
        const stored = column === undefined ? undefined : this.#stored(column, value);
        if (stored === undefined) {
          losses.add(name, id, column?.isOwn === true);
          continue;
        }
        const values = filled.get(folded) ?? none();
        values[row] = stored;
        filled.set(folded, values);
      }
    }
    const columns = [...filled].map(([folded, values]) => {
      const { name, type } = this.#columns.get(folded) as Column;
      return { name, type, values, distinct: true };
    });
    return { columns, losses: losses.all };
  }

  /** Undefined where a column can't hold a value. */
  #stored({ name, type, isOwn }: Column, value: JsonValue): string | null | undefined {
    const types = typesFor(value);
    const exact = types.filter((each) => this.#dialect.typeName(each) === type);
    // Whoever made the plan's column may have made it wider; another's of such a type is none of the sink's.
    const isWider = isOwn && exact.length === 0;
    for (const each of isWider ? types.filter((wanted) => this.#dialect.fits(type, wanted)) : exact) {
      const stored = toColumnOf(each, this.#mostBytes(name))(value);
      if (stored !== undefined) return stored;
    }
    return undefined;
  }
}

/** The fields of an event's data that have a value. */
function givenOf(data: MessageData, mapped: boolean): readonly Given[] {
  // Of an event as it is stored nothing but the arguments is parsed.
  const isStored = data.argsJson !== undefined;
  const fields = isStored ? [] : [...data.fields].filter(([key]) => mapped || !eventsOwn.has(key));
  const args = mapped ? {} : isStored ? (JSON.parse(data.argsJson) as Members) : argumentsOf(data);
  const names = new Set(fields.map(([key]) => key));
  return [
    ...fields.map(([key, value]): Given => [key, false, false, value]),
    ...Object.entries(args).map(([key, value = null]): Given => [key, true, names.has(key), value]),
  ].filter(([, , , value]) => value !== null);
}

/** Returns an event's arguments by their names. */
export function argumentsOf({ fields }: MessageData): Members {
  return (fields.get('args') ?? {}) as Members;
}

const integers: readonly ColumnType[] = [
  { kind: 'int64' },
  ...[78, 65].map((digits): ColumnType => ({ kind: 'number', digits })),
];

/** What a column may be that is meant for such a value, the likeliest first. */
function typesFor(value: JsonValue): readonly ColumnType[] {
  const text: ColumnType = { kind: 'text' };
  if (typeof value === 'string') return [text, { kind: 'ascii', length: value.length }, ...integers];
  if (typeof value === 'boolean') return [{ kind: 'bool' }, text];
  if (typeof value !== 'object') return [...integers, text];
  // What looks like a hash alone may be a tuple with a member of that name.
  return [...(isHash(value) ? [{ kind: 'ascii', length: 66 } as const] : []), { kind: 'json' }, text];
}
