import type { AbiFragment } from '../../model/pipeline.js';
import { parseMembers } from './abi-type.js';
import type { AbiMember, AbiType } from './abi-type.js';
import { isHashed } from './compile-event.js';

/** Where a value of an event stands. */
export interface ArgumentPlace {
  readonly type: AbiType;
  /** The position among the topics; null where it stands in the data. */
  readonly topic: number | null;
  /** The log holds only the hash of the value. */
  readonly hashed: boolean;
  /** The path inside of the decoded arguments. */
  readonly keys: readonly string[];
}

const prefix = 'args.';
/** The position of an item, as components below the source have it in their paths. */
const item = /\[(\d+)\]/g;
const word: AbiType = { kind: 'fixedBytes', size: 32 };

/**
 * Finds the value of an event that a path names (`args.value`, `args.order.maker`, `args.path[0]` or `args.path.0`); undefined
 * where it has none.
 */
export function findArgument(event: AbiFragment, path: string): ArgumentPlace | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const [name = '', ...rest] = path.slice(prefix.length).replaceAll(item, '.$1').split('.');
  const { members, topics } = argumentsOf(event);
  const at = members.findIndex(({ key }) => key === name);
  const member = members[at];
  if (member === undefined) return undefined;
  const topic = topics[at] ?? null;
  if (topic !== null && isHashed(member.type)) return hashedPlace(member, topic, rest);
  const type = typeBehind(member.type, rest);
  return type && { type, topic, hashed: false, keys: [name, ...rest] };
}

/** Returns the paths of an event's arguments, and of what their tuples hold. */
export function argumentPaths(event: AbiFragment): readonly string[] {
  return argumentsOf(event).members.flatMap((member) => pathsOf(member).map((path) => prefix + path));
}

function argumentsOf(event: AbiFragment): { members: readonly AbiMember[]; topics: readonly (number | null)[] } {
  const inputs = event.inputs ?? [];
  let next = event.anonymous === true ? 0 : 1;
  const topics = inputs.map(({ indexed }) => (indexed === true ? next++ : null));
  return { members: parseMembers(inputs, `event ${event.name ?? ''}: inputs`), topics };
}

/** Texts and bytes are compared by the hash of what is given; of arrays and tuples only the hash itself can be given. */
function hashedPlace({ key, type }: AbiMember, topic: number, rest: readonly string[]): ArgumentPlace | undefined {
  const isHash = rest.length === 1 && rest[0] === 'hash';
  if (isHash) return { type: word, topic, hashed: false, keys: [key, 'hash'] };
  return rest.length === 0 ? { type, topic, hashed: true, keys: [key, 'hash'] } : undefined;
}

function typeBehind(type: AbiType, [key, ...rest]: readonly string[]): AbiType | undefined {
  if (key === undefined) return type;
  if (type.kind === 'array') {
    const isItem = /^(0|[1-9]\d*)$/.test(key) && Number(key) < (type.length ?? Number.POSITIVE_INFINITY);
    return isItem ? typeBehind(type.item, rest) : undefined;
  }
  const member = type.kind === 'tuple' ? type.members.find((each) => each.key === key) : undefined;
  return member && typeBehind(member.type, rest);
}

function pathsOf({ key, type }: AbiMember): readonly string[] {
  const inner = type.kind === 'tuple' ? type.members.flatMap(pathsOf) : [];
  return [key, ...inner.map((path) => `${key}.${path}`)];
}
