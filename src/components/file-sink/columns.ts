import { eventFields } from '../../model/event-fields.js';
import { blockTime } from '../../model/event-json.js';
import { jsonText } from '../../model/event-message.js';
import type { EventMessage, JsonValue } from '../../model/event-message.js';
import type { RowCell, CellType, Column } from '../../runtime/rows/row-writer.js';
import type { EventFields, Field } from '../seam/component.js';
import { valueAt } from '../seam/field-path.js';
import { freeName } from '../seam/free-name.js';
import { messageValues } from '../seam/message-values.js';
import { argumentsText } from './arguments-text.js';
import type { FileSinkConfig } from './config.js';

type ValueOf = (message: EventMessage) => JsonValue | undefined;

/** A column before it is known what else shares its name. */
interface Plan {
  readonly name: string;
  /** What of an event it holds. */
  readonly source: string;
  readonly type: CellType;
  readonly valueOf: ValueOf;
}

/**
 * Returns the columns of a sink's files: below a mapper what that makes, else an event's fields as exports have them, with
 * the arguments as one column of JSON or one each.
 */
export function columnsOf(
  events: readonly EventFields[],
  form: FileSinkConfig['arguments'],
): readonly Column<EventMessage>[] {
  const plans = new Map<string, Plan>();
  // Of all events: what is an argument of one may be beside the arguments of the next.
  const whole = events.filter(({ mapped: isMapped }) => !isMapped);
  const others = new Set(whole.flatMap(({ fields }) => fields.map(({ name }) => name)).filter(isBesideArguments));
  for (const event of events) {
    for (const plan of event.mapped ? event.fields.map(mapped) : ofEvent(event, form, { plans, others })) {
      const known = plans.get(plan.name);
      plans.set(plan.name, known === undefined ? plan : joined(known, plan));
    }
  }
  return toldApart([...plans.values()]).map(toColumn);
}

/**
 * Many readers take names that differ in case alone for one: of such the first one keeps its own. Arguments give way to
 * what else there is.
 */
function toldApart(plans: readonly Plan[]): readonly Plan[] {
  const isArgument = ({ source }: Plan): boolean => !isBesideArguments(source);
  const keepers = new Map<string, Plan>();
  for (const plan of [...plans].sort((a, b) => Number(isArgument(a)) - Number(isArgument(b)))) {
    const folded = plan.name.toLowerCase();
    if (!keepers.has(folded)) keepers.set(folded, plan);
  }
  const taken = new Set(keepers.keys());
  return plans.map((plan) => {
    if (keepers.get(plan.name.toLowerCase()) === plan) return plan;
    const name = freeName(plan.name, (each) => taken.has(each.toLowerCase()));
    taken.add(name.toLowerCase());
    return { ...plan, name };
  });
}

/** Of several events' fields of one name: what can hold all of them. */
function joined(known: Plan, plan: Plan): Plan {
  const type = known.type === plan.type ? plan.type : 'text';
  if (known.source === plan.source) return { ...plan, type };
  return { ...plan, type, valueOf: (message) => known.valueOf(message) ?? plan.valueOf(message) };
}

function mapped({ name, type }: Field): Plan {
  return { name, source: name, type: cellTypeOf(type), valueOf: fieldOf(name) };
}

function fieldOf(name: string): ValueOf {
  return ({ data }) => data.fields.get(name);
}

/** What the message of an event says of it, too: as long as no stage has made other data its text need not be parsed. */
function fixedValueOf(name: string): ValueOf {
  const [known, parsed] = [name === 'block_time' ? oncePerBlock() : knownValues[name], fieldOf(name)];
  // The same in all messages of a chain.
  if (name === 'pipeline_id' || name === 'chain') return oncePerChain(parsed);
  return known === undefined ? parsed : (message) => (isUnchanged(message) ? known(message) : parsed(message));
}

const knownValues: Readonly<Record<string, ValueOf | undefined>> = messageValues;

function oncePerChain(parsed: ValueOf): ValueOf {
  const values = new Map<number, JsonValue | undefined>();
  return (message) => {
    if (!isUnchanged(message)) return parsed(message);
    const { chainId } = message.place;
    if (!values.has(chainId)) values.set(chainId, parsed(message));
    return values.get(chainId);
  };
}

/** The rows of a block follow on one another, and to write its time takes longer than all else of a row. */
function oncePerBlock(): ValueOf {
  let [seconds, text] = [NaN, blockTime(0)];
  return ({ place: { timestamp } }) => {
    if (timestamp !== seconds) [seconds, text] = [timestamp, blockTime(timestamp)];
    return text;
  };
}

function isUnchanged({ data }: EventMessage): boolean {
  return data.argsJson !== undefined;
}

const argumentPrefix = 'args.';

function isBesideArguments(name: string): boolean {
  return !name.startsWith(argumentPrefix);
}

/** What the names of an event's arguments meet. */
interface Known {
  readonly plans: ReadonlyMap<string, Plan>;
  /** The names of all that is no argument. */
  readonly others: ReadonlySet<string>;
}

function ofEvent({ fields }: EventFields, form: FileSinkConfig['arguments'], known: Known): readonly Plan[] {
  const fixed = eventFields.map(({ name, type }): Plan => ({ name, source: name, type, valueOf: fixedValueOf(name) }));
  const names = new Set(fixed.map(({ name }) => name));
  const args = fields.filter(({ name }) => !isBesideArguments(name));
  const others = fields.filter((field) => !args.includes(field) && !names.has(field.name)).map(mapped);
  if (form === 'json') {
    return [...fixed.map((plan) => (plan.name === 'args' ? { ...plan, valueOf: argumentsText } : plan)), ...others];
  }
  // Arguments of one name share a column, whichever their events are.
  const given = [...known.plans.values()].filter(({ source }) => source.startsWith(argumentPrefix));
  const taken = new Map([...given, ...fixed].map((plan) => [plan.name, plan.source]));
  for (const name of known.others) taken.set(name, name);
  const columns = args.map((arg) => {
    const plan = ofArgument(arg, (name) => (taken.get(name) ?? arg.name) !== arg.name);
    taken.set(plan.name, plan.source);
    return plan;
  });
  return [...fixed.filter(({ name }) => name !== 'args'), ...columns, ...others];
}

/** An argument that is called like another column is told from it. */
function ofArgument({ name: source, type }: Field, isTaken: (name: string) => boolean): Plan {
  const argument = source.slice(argumentPrefix.length);
  const valueOf: ValueOf = ({ data }) => valueAt(data.fields, ['args', argument]);
  return { name: freeName(argument, isTaken), source, type: cellTypeOf(type), valueOf };
}

/** Integers that always fit 64 bits are numbers; larger ones stay exact as texts. */
function cellTypeOf(type: string): CellType {
  if (type === 'bool') return 'boolean';
  if (type === 'int64') return type;
  const [, unsigned, bits] = /^(u?)int(\d+)$/.exec(type) ?? [];
  return bits !== undefined && Number(bits) + (unsigned === 'u' ? 1 : 0) <= 64 ? 'int64' : 'text';
}

/** Hashes and texts of JSON. */
const opaque: ReadonlySet<string> = new Set(['block_hash', 'transaction_hash', 'args']);

function toColumn({ name, type, valueOf }: Plan): Column<EventMessage> {
  const toCell = cells[type];
  let [last, cell]: [JsonValue | undefined, RowCell] = [null, null];
  return {
    ...{ name, type, nullable: true, isOpaque: opaque.has(name) },
    of: (message) => {
      const value = valueOf(message);
      // Objects are compared by what they are, not by what they say: those are made anew for each row.
      if (value !== last) [last, cell] = [value, value === undefined || value === null ? null : toCell(value)];
      return cell;
    },
  };
}

/** What does not fit its column leaves it empty: no single value may keep the others back. */
const cells: Readonly<Record<CellType, (value: Exclude<JsonValue, null>) => RowCell>> = {
  boolean: (value) => (typeof value === 'boolean' ? value : null),
  int32: (value) => wholeNumber(value, 32),
  int64: (value) => wholeNumber(value, 64),
  text: (value) => (typeof value === 'string' ? value : jsonText(value)),
  time: (value) => (typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? value : null),
};

function wholeNumber(value: Exclude<JsonValue, null>, bits: number): bigint | null {
  const isWhole =
    typeof value === 'bigint' ||
    (typeof value === 'number' && Number.isInteger(value)) ||
    (typeof value === 'string' && /^-?\d{1,20}$/.test(value));
  if (!isWhole) return null;
  const number = BigInt(value);
  return BigInt.asIntN(bits, number) === number ? number : null;
}
