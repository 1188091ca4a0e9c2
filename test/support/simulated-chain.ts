import { createHash } from 'node:crypto';
import { keccak256 } from '../../src/chain/abi/keccak.js';
import { headerHash } from '../../src/chain/blocks/header-hash.js';
import { receiptsRoot as rootOf } from '../../src/chain/blocks/receipts-root.js';

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
  /** What its header holds beside that, where its hash is that of its header. */
  readonly header?: Readonly<Record<string, string>>;
}

/** A receipt as a node sends it. */
export type SimReceipt = Readonly<Record<string, unknown>> & { readonly logs: readonly SimLog[] };

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

/** Returns the child of a block as `makeBlock` does, made at a time of its own where one is given, with a header that gives its hash, and its receipts' root. */
export function sealBlock(
  parent: SimBlock | undefined,
  salt: string,
  events: readonly SimEvent[],
  at?: number,
): SimBlock {
  const { number, parentHash, logs: made, logsBloom, ...other } = makeBlock(parent, salt, events);
  const timestamp = at ?? other.timestamp;
  const receiptsRoot = rootOf(receiptsOf({ hash: '', logsBloom, logs: made })) ?? '';
  const header = {
    ...{ sha3Uncles: zeroHash, miner: simContract, stateRoot: zeroHash, transactionsRoot: hashOf(salt), receiptsRoot },
    ...{ difficulty: '0x0', gasLimit: '0x1c9c380', gasUsed: toHex(21_000 * made.length), extraData: '0x' },
    ...{ mixHash: zeroHash, nonce: '0x0000000000000000', baseFeePerGas: '0x7', withdrawalsRoot: zeroHash },
  };
  const whole = { ...header, parentHash, logsBloom, number: toHex(number), timestamp: toHex(timestamp) };
  const hash = headerHash(whole);
  const logs = events.map((event, index) => makeLog(event, index, number, hash));
  return { number, hash, parentHash, timestamp, logsBloom, logs, header };
}

/** Returns the receipts of a block as a node sends them. */
export function receiptsOf({ hash, logsBloom, logs }: Pick<SimBlock, 'hash' | 'logsBloom' | 'logs'>): SimReceipt[] {
  const transactions = [...new Set(logs.map((log) => log.transactionIndex))];
  return transactions.map((transactionIndex) => {
    const own = logs.filter((log) => log.transactionIndex === transactionIndex);
    const { transactionHash = '' } = own[0] ?? {};
    const fields = { transactionHash, blockHash: hash, status: '0x1', type: '0x2', cumulativeGasUsed: '0x5208' };
    return { ...fields, logsBloom, logs: own };
  });
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

const zeroHash = `0x${'0'.repeat(64)}`;
const noBloom = `0x${'0'.repeat(512)}`;
const bits = new Map<string, readonly number[]>();

/** The bits of an address or a topic: those of a simulated chain are few. */
function bitsOf(item: string): readonly number[] {
  const known = bits.get(item);
  if (known !== undefined) return known;
  const hash = Buffer.from(keccak256(Buffer.from(item.slice(2), 'hex')));
  const found = [0, 2, 4].map((at) => hash.readUInt16BE(at) & 2047);
  bits.set(item, found);
  return found;
}
