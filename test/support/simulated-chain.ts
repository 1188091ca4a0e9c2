import { createHash } from 'node:crypto';
import { keccak_256 } from 'js-sha3';

/** An event to put into a block; what is left out is made up. */
export interface SimEvent {
  readonly address?: string;
  readonly topics?: readonly string[];
  readonly data?: string;
}

/** A log as a node sends it. */
export interface SimLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly transactionIndex: string;
  readonly logIndex: string;
  readonly removed: boolean;
}

export interface SimBlock {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly timestamp: number;
  readonly logsBloom: string;
  readonly logs: readonly SimLog[];
}

/** keccak-256 of `Transfer(address,address,uint256)`. */
export const transferTopic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
/** The contract whose events a simulated chain holds unless another is named. */
export const simContract = '0x5fbdb2315678afecb367f032d93f642f64180aa3';

/** Returns a transfer of an amount, between addresses that follow from it. */
export function transferOf(amount: number): SimEvent {
  const pad = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;
  return { topics: [transferTopic, pad(0xa000 + (amount % 7)), pad(0xb000 + (amount % 5))], data: pad(amount) };
}

/** Returns the child of a block; `salt` tells apart children of the same parent. */
export function makeBlock(parent: SimBlock | undefined, salt: string, events: readonly SimEvent[]): SimBlock {
  const number = parent === undefined ? 0 : parent.number + 1;
  const parentHash = parent?.hash ?? `0x${'0'.repeat(64)}`;
  const hash = hashOf(`block ${number} ${parentHash} ${salt}`);
  const logs = events.map((event, index) => makeLog(event, index, number, hash));
  return { number, hash, parentHash, timestamp: 1_700_000_000 + number * 12, logsBloom: bloomOf(logs), logs };
}

function makeLog(event: SimEvent, index: number, blockNumber: number, blockHash: string): SimLog {
  const transaction = Math.floor(index / 2);
  const made = transferOf(blockNumber * 1_000 + index);
  return {
    address: event.address ?? simContract,
    topics: event.topics ?? made.topics ?? [],
    data: event.data ?? made.data ?? '0x',
    blockNumber: toHex(blockNumber),
    blockHash,
    transactionHash: hashOf(`transaction ${blockHash} ${transaction}`),
    transactionIndex: toHex(transaction),
    logIndex: toHex(index),
    removed: false,
  };
}

/** Returns a number as a node writes it. */
export function toHex(number: number): string {
  return `0x${number.toString(16)}`;
}

/** What a block's hash is made of is nobody's business here, and this one costs a tenth of Keccak. */
function hashOf(text: string): string {
  return `0x${createHash('sha256').update(text).digest('hex')}`;
}

function bloomOf(logs: readonly SimLog[]): string {
  if (logs.length === 0) return noBloom;
  const bloom = Buffer.alloc(256);
  for (const bit of logs.flatMap((log) => [log.address, ...log.topics].flatMap(bitsOf))) {
    const byte = 255 - (bit >> 3);
    bloom[byte] = (bloom[byte] ?? 0) | (1 << (bit & 7));
  }
  return `0x${bloom.toString('hex')}`;
}

const noBloom = `0x${'0'.repeat(512)}`;
const bits = new Map<string, readonly number[]>();

/** The bits of an address or a topic: those of a simulated chain are few. */
function bitsOf(item: string): readonly number[] {
  const known = bits.get(item);
  if (known !== undefined) return known;
  const hash = Buffer.from(keccak_256(Buffer.from(item.slice(2), 'hex')), 'hex');
  const found = [0, 2, 4].map((at) => hash.readUInt16BE(at) & 2047);
  bits.set(item, found);
  return found;
}
