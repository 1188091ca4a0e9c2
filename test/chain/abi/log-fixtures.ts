import { createDecoder, type Decoded, type DecoderSpec, type LogDecoder } from '../../../src/chain/abi/decoder.js';
import type { RawLog } from '../../../src/model/event.js';
import type { AbiFragment, AbiParameter } from '../../../src/model/pipeline.js';

/** Makes a log of what matters to a decoder. */
export function rawLog(topics: readonly string[], data = '0x', address = `0x${'11'.repeat(20)}`): RawLog {
  return {
    address: address.toLowerCase(),
    topics,
    data,
    blockNumber: 1,
    blockHash: `0x${'22'.repeat(32)}`,
    transactionHash: `0x${'33'.repeat(32)}`,
    transactionIndex: 0,
    logIndex: 0,
    blockTimestamp: undefined,
    removed: false,
  };
}

/** A 32-byte word with its 0x. */
export function word(value: number | bigint | string): string {
  return `0x${wordDigits(value)}`;
}

/** The 64 digits of a word. */
export function wordDigits(value: number | bigint | string): string {
  const digits = typeof value === 'string' ? value.slice(2).toLowerCase() : value.toString(16);
  return digits.padStart(64, '0');
}

/** An event whose inputs are written `uint256 indexed x`. */
export function event(name: string, ...inputs: (string | AbiParameter)[]): AbiFragment {
  return { type: 'event', name, inputs: inputs.map(parameter) };
}

/** `uint256 indexed x` as a parameter. */
function parameter(input: string | AbiParameter): AbiParameter {
  if (typeof input !== 'string') return input;
  const words = input.split(' ');
  return { type: words[0]!, indexed: words[1] === 'indexed', name: words.filter((w) => w !== 'indexed')[1] ?? '' };
}

/** An anonymous event whose inputs are written `uint256 indexed x`. */
export function anonymous(name: string, ...inputs: string[]): AbiFragment {
  return { ...event(name, ...inputs), anonymous: true };
}

/** A decoder of one ABI for any address. */
export function decoderOf(abi: readonly AbiFragment[], spec: Partial<DecoderSpec> = {}): LogDecoder {
  const contracts = [{ addresses: null, abi }];
  return createDecoder({ contracts, eventsToMonitor: null, addressFilters: [], keepUnknown: false, ...spec });
}

/** The arguments of an event as they are stored. */
export function argsText(decoded: Decoded): string {
  if (decoded.kind !== 'event') throw new Error(JSON.stringify(decoded));
  return decoded.argsJson;
}

/** The arguments of an event. */
export function argsOf(decoded: Decoded): unknown {
  return JSON.parse(argsText(decoded));
}

/** The name of the event that a log became. */
export function nameOf(decoded: Decoded): string | undefined {
  return decoded.kind === 'event' ? decoded.eventName : undefined;
}

/** Why a log became no event. */
export function reasonOf(decoded: Decoded): string | undefined {
  return decoded.kind === 'undecoded' ? decoded.reason : undefined;
}
