import { AbiCoder, EventFragment, getAddress, hexlify, type ParamType } from 'ethers';
import fc from 'fast-check';
import type { AbiFragment, AbiParameter } from '../../../src/model/pipeline.js';

/** A type with the values it may take, as ethers reads them. */
interface TypeAndValues {
  readonly parameter: AbiParameter;
  readonly values: fc.Arbitrary<unknown>;
}

/** An event with a log of it. */
export interface EventAndLog {
  readonly event: AbiFragment & { readonly inputs: readonly AbiParameter[] };
  /** Behind the first topic, where there is one. */
  readonly indexedTopics: readonly string[];
  readonly data: string;
}

const coder = AbiCoder.defaultAbiCoder();

const hexBytes = (size: { minLength: number; maxLength: number }): fc.Arbitrary<string> =>
  fc.uint8Array(size).map((bytes) => hexlify(bytes));

const exactly = (length: number): fc.Arbitrary<string> => hexBytes({ minLength: length, maxLength: length });

const wordTypes: fc.Arbitrary<TypeAndValues> = fc.oneof(
  fc.integer({ min: 1, max: 32 }).map((bytes) => integerType(`uint${bytes * 8}`, 0n, (1n << BigInt(bytes * 8)) - 1n)),
  fc.integer({ min: 1, max: 32 }).map((bytes) => {
    const limit = 1n << BigInt(bytes * 8 - 1);
    return integerType(`int${bytes * 8}`, -limit, limit - 1n);
  }),
  fc.integer({ min: 1, max: 32 }).map((size) => ({ parameter: { type: `bytes${size}` }, values: exactly(size) })),
  fc.constant({ parameter: { type: 'address' }, values: exactly(20).map(getAddress) }),
  fc.constant({ parameter: { type: 'bool' }, values: fc.boolean() }),
);

function integerType(type: string, min: bigint, max: bigint): TypeAndValues {
  const small = (value: bigint): bigint => (value < min ? min : value > max ? max : value);
  const near = fc.bigInt({ min: -(1n << 54n), max: 1n << 54n }).map(small);
  return { parameter: { type }, values: fc.oneof(fc.bigInt({ min, max }), near, fc.constantFrom(min, max)) };
}

const tailTypes: fc.Arbitrary<TypeAndValues> = fc.constantFrom(
  { parameter: { type: 'bytes' }, values: hexBytes({ minLength: 0, maxLength: 70 }) },
  { parameter: { type: 'string' }, values: fc.string({ unit: 'binary', maxLength: 40 }) },
);

/** Honest names and none, few enough to be repeated, and names that JavaScript, JSON or a code generator trips over. */
const names = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('', 'a', 'b', 'value', 'a_1', '1') },
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    '"',
    "'",
    '`${x}`',
    '\\',
    '\n',
    '\u2028',
    '*/',
    '"]);throw 1;//',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

function typesOfDepth(depth: number): fc.Arbitrary<TypeAndValues> {
  if (depth === 0) return fc.oneof(wordTypes, tailTypes);
  const inner = typesOfDepth(depth - 1);
  return fc.oneof({ weight: 3, arbitrary: inner }, arraysOf(inner), tuplesOf(inner));
}

function arraysOf(inner: fc.Arbitrary<TypeAndValues>): fc.Arbitrary<TypeAndValues> {
  return fc.tuple(inner, fc.option(fc.integer({ min: 1, max: 3 }))).map(([{ parameter, values }, length]) => ({
    parameter: { ...parameter, type: `${parameter.type}[${length ?? ''}]` },
    values: fc.array(values, { minLength: length ?? 0, maxLength: length ?? 3 }),
  }));
}

function tuplesOf(inner: fc.Arbitrary<TypeAndValues>): fc.Arbitrary<TypeAndValues> {
  return fc.array(fc.tuple(inner, names), { minLength: 1, maxLength: 3 }).map((members) => ({
    parameter: { type: 'tuple', components: members.map(([{ parameter }, name]) => ({ ...parameter, name })) },
    values: fc.tuple(...members.map(([{ values }]) => values)),
  }));
}

/** Says whether an indexed value of this type is only there as its hash. */
export function isHashed({ type }: Pick<AbiParameter, 'type'>): boolean {
  return type === 'bytes' || type === 'string' || type.startsWith('tuple') || type.endsWith(']');
}

/** Events of all kinds of types, anonymous ones among them, with a log as a contract emits it. */
export const eventsAndLogs: fc.Arbitrary<EventAndLog> = fc
  .tuple(fc.array(fc.tuple(typesOfDepth(2), fc.boolean(), names), { maxLength: 6 }), fc.boolean())
  .chain(([members, anonymous]) => {
    const inputs = indexSome(members, anonymous ? 4 : 3);
    const values = members.map(([{ values }], position) =>
      inputs[position]!.indexed === true && isHashed(inputs[position]!) ? exactly(32) : values,
    );
    return fc.tuple(...values).map((args) => encodeLog({ type: 'event', name: 'Made', anonymous, inputs }, args));
  });

function indexSome(members: readonly (readonly [TypeAndValues, boolean, string])[], limit: number): AbiParameter[] {
  let left = limit;
  return members.map(([{ parameter }, wish, name]) => ({ ...parameter, name, indexed: wish && left-- > 0 }));
}

/** Encodes a log of an event; an indexed argument that is hashed is given as its hash. */
export function encodeLog(event: EventAndLog['event'], args: readonly unknown[]): EventAndLog {
  const inputs = ethersEvent(event).inputs.map((type, position) => ({ type, value: args[position] }));
  const indexed = inputs.filter(({ type }) => type.indexed === true);
  const others = inputs.filter(({ type }) => type.indexed !== true);
  const types = others.map(({ type }) => type);
  return {
    event,
    indexedTopics: indexed.map(({ type, value }) => encodeTopic(type, value)),
    data: coder.encode(
      types,
      others.map(({ value }) => value),
    ),
  };
}

/** An event as ethers takes it: without its names, of which ethers refuses many. */
export function ethersEvent(event: AbiFragment): EventFragment {
  return EventFragment.from({ ...event, inputs: (event.inputs ?? []).map(withoutName) });
}

function withoutName(parameter: AbiParameter): AbiParameter {
  const { components } = parameter;
  return { ...parameter, name: '', ...(components && { components: components.map(withoutName) }) };
}

function encodeTopic(type: ParamType, value: unknown): string {
  return isHashed(type) ? (value as string) : coder.encode([type], [value]);
}
