import type { AbiFragment, AbiParameter } from '../../model/pipeline.js';
import type { RawLog } from '../../model/event.js';
import { headDigits, parseMembers, typeName, type AbiMember, type AbiType } from './abi-type.js';
import { compileType, joinReaders, type KeyedReader } from './decode-value.js';
import { fixedBytesReader, malformed, type DecodeState, type DecodeValue, type ValueReader } from './decode-word.js';
import { isHexWord } from './hex.js';
import { keccakHex } from './keccak.js';

/** An event of an ABI, ready to decode logs. */
export interface CompiledEvent {
  readonly name: string;
  /** The canonical signature, tuples expanded: `Transfer(address,address,uint256)`. */
  readonly signature: string;
  /** Null for an anonymous event. */
  readonly topic0: string | null;
  readonly indexedCount: number;
  /**
   * Returns a log's arguments as the text of one JSON object; throws `malformed` where they don't decode. The log has
   * as many topics as the event asks for, and its data and topics are hex in lower case.
   */
  readonly decode: (log: Pick<RawLog, 'topics' | 'data'>, state: DecodeState) => string;
}

interface Argument extends KeyedReader {
  /** The position among the topics; null where the argument stands in the data. */
  readonly topic: number | null;
  /** Where the argument's head stands in the data. */
  readonly head: number;
}

/** Behind the `0x` of data and topics. */
const firstDigit = 2;

/** Returns the canonical signature of an event of an ABI. */
export function eventSignature(event: AbiFragment): string {
  return signatureOf(event, parseMembers(event.inputs ?? [], `event ${event.name ?? ''}: inputs`));
}

/** A value of an event as `args` names it; its type is `hash` where the log holds only that. */
export interface NamedType {
  readonly name: string;
  readonly type: string;
  /** Of a tuple, or of the tuples of an array: what each holds. */
  readonly members?: readonly NamedType[];
}

/** Returns the arguments of an event of an ABI. */
export function eventArguments(event: AbiFragment): readonly NamedType[] {
  const inputs = event.inputs ?? [];
  return parseMembers(inputs, `event ${event.name ?? ''}: inputs`).map((member, position) =>
    isIndexed(inputs[position]) && isHashed(member.type) ? { name: member.key, type: 'hash' } : namedType(member),
  );
}

function namedType({ key, type }: AbiMember): NamedType {
  const members = membersOf(type);
  return { name: key, type: typeName(type), ...(members === null ? {} : { members: members.map(namedType) }) };
}

function membersOf(type: AbiType): readonly AbiMember[] | null {
  if (type.kind === 'array') return membersOf(type.item);
  return type.kind === 'tuple' ? type.members : null;
}

/**
 * Compiles an event of an ABI; addresses of `filter` (EIP-55) are noted in the state when decoding meets them. Throws a
 * UsageError that begins with `where` for a type that is none.
 */
export function compileEvent(
  event: AbiFragment,
  filter: ReadonlySet<string> | null,
  where = `event ${event.name ?? ''}`,
): CompiledEvent {
  const members = parseMembers(event.inputs ?? [], `${where}: inputs`);
  const inputs = event.inputs ?? [];
  const signature = signatureOf(event, members);
  return {
    name: event.name ?? '',
    signature,
    topic0: event.anonymous === true ? null : keccakHex(signature),
    indexedCount: inputs.filter(isIndexed).length,
    decode: compileArguments(members, inputs, event.anonymous === true ? 0 : 1, filter),
  };
}

const shared = new Map<string, WeakRef<CompiledEvent>>();
const unused = new FinalizationRegistry<string>((key) => {
  // Another may have been compiled since.
  if (shared.get(key)?.deref() === undefined) shared.delete(key);
});

/**
 * Compiles an event without a filter once for all who hold it: thousands of pipelines of a process may decode the same
 * events, each of a contract of its own. Throws as `compileEvent` does.
 */
export function sharedEvent(event: AbiFragment): CompiledEvent {
  const key = JSON.stringify(event);
  const known = shared.get(key)?.deref();
  if (known !== undefined) return known;
  const compiled = compileEvent(event, null);
  shared.set(key, new WeakRef(compiled));
  unused.register(compiled, key);
  return compiled;
}

function signatureOf(event: AbiFragment, members: readonly AbiMember[]): string {
  return `${event.name ?? ''}(${members.map((member) => typeName(member.type)).join(',')})`;
}

function isIndexed(input: AbiParameter | undefined): boolean {
  return input?.indexed === true;
}

function compileArguments(
  members: readonly AbiMember[],
  inputs: readonly AbiParameter[],
  firstTopic: number,
  filter: ReadonlySet<string> | null,
): CompiledEvent['decode'] {
  let topic = firstTopic;
  let headEnd = firstDigit;
  const readers = members.map(({ key, type }, position): Argument => {
    if (isIndexed(inputs[position])) return { key, topic: topic++, head: 0, ...compileTopic(type, filter) };
    const head = headEnd;
    headEnd += headDigits(type);
    return { key, topic: null, head, ...compileType(type, filter) };
  });
  const { steps, end } = joinReaders(readers);
  // Joined, not added up: until it is written an event is one text then, not a tree of a dozen, through all of which the
  // collector of garbage would go.
  const pieces = [...steps.flatMap(({ before }) => [before, '']), end];
  return ({ topics, data }, state) => {
    if (headEnd > data.length) throw malformed;
    for (let at = 0; at < steps.length; at++) {
      const { topic, head, decode } = steps[at] as (typeof steps)[number];
      pieces[2 * at + 1] =
        topic === null
          ? decode(data, head, firstDigit, state)
          : decode(topics[topic] ?? '', firstDigit, firstDigit, state);
    }
    return pieces.join('');
  };
}

/** Compiles an indexed argument: the reader of a whole topic. */
function compileTopic(type: AbiType, filter: ReadonlySet<string> | null): ValueReader {
  const reader = isHashed(type) ? hashReader : compileType(type, filter);
  const { decode } = reader;
  // The reader of addresses looks at each digit itself.
  const isWord = type.kind === 'address' ? hasWordLength : isHexWord;
  const decodeTopic: DecodeValue = (topic, at, base, state) => {
    if (!isWord(topic)) throw malformed;
    return decode(topic, at, base, state);
  };
  return { ...reader, decode: decodeTopic };
}

function hasWordLength(topic: string): boolean {
  return topic.length === 66 && topic.startsWith('0x');
}

/** Says whether a log holds only the hash of an indexed value, which may not fit a topic. */
export function isHashed({ kind }: AbiType): boolean {
  return kind === 'bytes' || kind === 'string' || kind === 'array' || kind === 'tuple';
}

const wordReader = fixedBytesReader(32);
const hashReader: ValueReader = { ...wordReader, open: `{"hash":${wordReader.open}`, close: `${wordReader.close}}` };
