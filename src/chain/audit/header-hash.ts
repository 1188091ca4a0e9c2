import { keccak_256 } from 'js-sha3';
import type { BlockHeader } from '../../model/block.js';
import { encodeRlp, rlpNumber } from './rlp.js';
import type { Rlp } from './rlp.js';

type Fields = Readonly<Record<string, unknown>>;
type Read = (value: unknown) => Rlp;

/** What every header holds, in the order in which it is hashed (Yellow Paper, 4.3). */
const always: readonly (readonly [name: string, read: Read])[] = [
  ['parentHash', bytesIn],
  ['sha3Uncles', bytesIn],
  ['miner', bytesIn],
  ['stateRoot', bytesIn],
  ['transactionsRoot', bytesIn],
  ['receiptsRoot', bytesIn],
  ['logsBloom', bytesIn],
  ['difficulty', numberIn],
  ['number', numberIn],
  ['gasLimit', numberIn],
  ['gasUsed', numberIn],
  ['timestamp', numberIn],
  ['extraData', bytesIn],
  ['mixHash', bytesIn],
  ['nonce', bytesIn],
];

/** What later rules have added, each behind all of those before it (EIP-1559, 4895, 4844, 4788, 7685). */
const later: readonly (readonly [name: string, read: Read])[] = [
  ['baseFeePerGas', numberIn],
  ['withdrawalsRoot', bytesIn],
  ['blobGasUsed', numberIn],
  ['excessBlobGas', numberIn],
  ['parentBeaconBlockRoot', bytesIn],
  ['requestsHash', bytesIn],
];

const hashedNames = [...always, ...later].map(([name]) => name);

/** What goes into the hashes of headers, or whether it gave them: a hash is computed once, and only if somebody asks. */
const known = new WeakMap<BlockHeader, Fields | boolean>();

/** Remembers of a header, as a node shows it, what goes into its hash. */
export function rememberFields(header: BlockHeader, fields: Fields): void {
  known.set(header, Object.fromEntries(['hash', ...hashedNames].map((name) => [name, fields[name]])));
}

/**
 * Says whether a header gives the hash that it bears: then its bloom filter and its receipts' root are the block's. Where a
 * chain hashes headers in a way of its own, none does.
 */
export function isHashed(header: BlockHeader): boolean {
  const found = known.get(header) ?? false;
  if (typeof found === 'boolean') return found;
  const is = giveHash(found);
  known.set(header, is);
  return is;
}

function giveHash(fields: Fields): boolean {
  try {
    return headerHash(fields) === String(fields['hash']).toLowerCase();
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** Returns the hash of a header as a node shows it, 0x-hex; throws TypeError where it lacks what goes into it. */
export function headerHash(header: Fields): string {
  const added = later.filter(([name]) => header[name] !== undefined && header[name] !== null);
  return `0x${keccak_256(encodeRlp([...always, ...added].map(([name, read]) => read(header[name]))))}`;
}

function bytesIn(value: unknown): Buffer {
  if (typeof value === 'string' && value.startsWith('0x')) return Buffer.from(value.slice(2), 'hex');
  throw new TypeError('no bytes');
}

function numberIn(value: unknown): Buffer {
  if (typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value)) return rlpNumber(BigInt(value));
  throw new TypeError('no number');
}
