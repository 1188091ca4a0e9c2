import { AbiCoder, EventFragment, getAddress, type ParamType } from 'ethers';
import type { AbiFragment } from '../../src/model/pipeline.js';
import { isHashed } from './arbitrary-event.js';

const coder = AbiCoder.defaultAbiCoder();

/** What ethers makes of a log: the arguments' JSON text, undefined where it refuses the log. */
export function decodeByEthers(event: AbiFragment, indexedTopics: readonly string[], data: string): string | undefined {
  const { inputs } = EventFragment.from(event);
  try {
    const rest = coder.decode(
      inputs.filter((input) => input.indexed !== true),
      data,
      true,
    );
    let topic = 0;
    let position = 0;
    const texts = inputs.map((input) => {
      const text =
        input.indexed === true
          ? topicText(input, indexedTopics[topic++]!)
          : valueText(input, rest[position++] as unknown);
      return `${JSON.stringify(input.name)}:${text}`;
    });
    return `{${texts.join(',')}}`;
  } catch {
    return undefined;
  }
}

/** Says whether the data are just what an encoder makes of the values in them. */
export function isCanonical(event: AbiFragment, data: string): boolean {
  const inputs = EventFragment.from(event).inputs.filter((input) => input.indexed !== true);
  try {
    return coder.encode(inputs, coder.decode(inputs, data, true).toArray()) === data;
  } catch {
    return false;
  }
}

function topicText(input: ParamType, topic: string): string {
  if (isHashed(input)) return `{"hash":"${topic}"}`;
  return valueText(input, coder.decode([input], topic)[0] as unknown);
}

function valueText(type: ParamType, value: unknown): string {
  if (type.arrayChildren !== null) {
    const items = [...(value as Iterable<unknown>)];
    return `[${items.map((item) => valueText(type.arrayChildren!, item)).join(',')}]`;
  }
  if (type.components !== null) {
    const members = [...(value as Iterable<unknown>)];
    const texts = type.components.map((part, i) => `${JSON.stringify(part.name)}:${valueText(part, members[i])}`);
    return `{${texts.join(',')}}`;
  }
  if (type.type === 'address') return JSON.stringify(getAddress(value as string));
  return typeof value === 'bigint' ? `"${value.toString()}"` : JSON.stringify(value);
}
