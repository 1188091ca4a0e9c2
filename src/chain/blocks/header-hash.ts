import type { BlockHeader } from '../../model/block.js';
import { keccakHex } from '../abi/keccak.js';
import { RlpWriter } from './rlp-writer.js';

type Fields = Readonly<Record<string, unknown>>;
type Field = readonly [name: string, kind: 'hex' | 'number'];

/** What every header holds, in the order in which it is hashed (Yellow Paper, 4.3). */
const always: readonly Field[] = [
  ['parentHash', 'hex'],
  ['sha3Uncles', 'hex'],
  ['miner', 'hex'],
  ['stateRoot', 'hex'],
  ['transactionsRoot', 'hex'],
  ['receiptsRoot', 'hex'],
  ['logsBloom', 'hex'],
  ['difficulty', 'number'],
  ['number', 'number'],
  ['gasLimit', 'number'],
  ['gasUsed', 'number'],
  ['timestamp', 'number'],
  ['extraData', 'hex'],
  ['mixHash', 'hex'],
  ['nonce', 'hex'],
];

/** What later rules have added, each behind all of those before it (EIP-1559, 4895, 4844, 4788, 7685). */
const later: readonly Field[] = [
  ['baseFeePerGas', 'number'],
  ['withdrawalsRoot', 'hex'],
  ['blobGasUsed', 'number'],
  ['excessBlobGas', 'number'],
  ['parentBeaconBlockRoot', 'hex'],
  ['requestsHash', 'hex'],
];

/** Enough for nearly all of them, in bytes. */
const headerRoom = 1_024;
const hashedNames = ['hash', ...[...always, ...later].map(([name]) => name)];

/** What goes into the hashes of headers, or whether it gave them: a hash is computed once, and only if somebody asks. */
const known = new WeakMap<BlockHeader, Fields | boolean>();

/** Remembers of a header, as a node shows it, what goes into its hash. */
export function rememberFields(header: BlockHeader, fields: Fields): void {
  const kept: Record<string, unknown> = {};
  for (const name of hashedNames) kept[name] = fields[name];
  known.set(header, kept);
}

/**
 * Says whether a header gives the hash that it bears: then its bloom filter and its receipts' root are the block's. Where a
 * chain hashes headers in a way of its own, none does.
 */
export function givesItsHash(header: BlockHeader): boolean {
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
  const writer = new RlpWriter(headerRoom);
  for (const [name, kind] of [...always, ...added].reverse()) writer[kind](header[name]);
  writer.list(0);
  return keccakHex(writer.since(0));
}
