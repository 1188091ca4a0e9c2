import { AbiCoder, Indexed, getAddress, type ParamType, type Result } from 'ethers';
import type { AbiFragment, AbiParameter } from '../../../src/model/pipeline.js';
import { ethersEvent, isHashed } from './arbitrary-event.js';

const coder = AbiCoder.defaultAbiCoder();

/** What ethers makes of a log: the arguments' JSON text, undefined where it refuses the log. */
export function decodeByEthers(event: AbiFragment, indexedTopics: readonly string[], data: string): string | undefined {
  const { inputs } = ethersEvent(event);
  const stored = inputs.filter((input) => input.indexed !== true);
  try {
    const rest = coder.decode(stored, data, true).toArray() as unknown[];
    const topics = [...indexedTopics];
    const values = inputs.map((input) => (input.indexed === true ? topicValue(input, topics.shift()!) : rest.shift()));
    return objectText(inputs, event.inputs!, values);
  } catch {
    return undefined;
  }
}

/** Says whether the data are just what an encoder makes of the values in them. */
export function isCanonical(event: AbiFragment, data: string): boolean {
  const inputs = ethersEvent(event).inputs.filter((input) => input.indexed !== true);
  try {
    return coder.encode(inputs, coder.decode(inputs, data, true).toArray()) === data;
  } catch {
    return false;
  }
}

/** Writes the arguments that ethers' parseLog gives as their JSON text. */
export function argsText(types: readonly ParamType[], event: AbiFragment, args: Result): string {
  return objectText(types, event.inputs!, args.toArray());
}

function topicValue(type: ParamType, topic: string): unknown {
  return isHashed(type) ? new Indexed(topic) : coder.decode([type], topic)[0];
}

/** Values of a tuple, or an event's arguments. */
function objectText(types: readonly ParamType[], named: readonly AbiParameter[], values: readonly unknown[]): string {
  const keys = new Set<string>();
  const texts = types.map((type, position) => {
    let key = named[position]!.name || String(position);
    while (keys.has(key)) key = `${key}_${position}`;
    keys.add(key);
    return `${JSON.stringify(key)}:${valueText(type, named[position]!, values[position])}`;
  });
  return `{${texts.join(',')}}`;
}

function valueText(type: ParamType, named: AbiParameter, value: unknown): string {
  if (Indexed.isIndexed(value)) return JSON.stringify({ hash: value.hash });
  if (type.arrayChildren !== null) {
    const items = [...(value as Iterable<unknown>)];
    return `[${items.map((item) => valueText(type.arrayChildren!, named, item)).join(',')}]`;
  }
  if (type.components !== null)
    return objectText(type.components, named.components!, [...(value as Iterable<unknown>)]);
  if (type.type === 'address') return JSON.stringify(getAddress(value as string));
  return typeof value === 'bigint' ? `"${value.toString()}"` : JSON.stringify(value);
}
