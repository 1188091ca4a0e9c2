import type { BlockHeader, BlockTime } from '../../model/block.js';
import { logBounds } from '../../model/log-bounds.js';
import { MalformedValue, fieldsOf, readHash, readQuantity } from '../transport/rpc/rpc-values.js';
import { rememberFields } from './header-hash.js';

/** The fields of a block that its time is read from. */
export const timeFields = ['number', 'hash', 'timestamp'] as const;

/** Reads a block's time, of the number that was asked for; null stays null: the node has no such block. */
export function readBlockTime(value: unknown, asked: number): BlockTime | null {
  if (value === null) return null;
  const fields = fieldsOf(value, 'a block');
  const number = readQuantity(fields['number'], "a block's number", logBounds.blockNumber);
  if (number !== asked) throw new MalformedValue(`block ${number} came for block ${asked}`);
  const hash = readHash(fields['hash'], "a block's hash");
  return { number, hash, timestamp: readQuantity(fields['timestamp'], "a block's timestamp", logBounds.timestamp) };
}

/** Reads a block's header, of the number that was asked for; null stays null: the node has no such block. */
export function readHeader(value: unknown, asked?: number): BlockHeader | null {
  if (value === null) return null;
  const fields = fieldsOf(value, 'a block');
  const number = readQuantity(fields['number'], "a block's number", logBounds.blockNumber);
  if (asked !== undefined && number !== asked) throw new MalformedValue(`block ${number} came for block ${asked}`);
  const header = {
    number,
    hash: readHash(fields['hash'], "a block's hash"),
    parentHash: readHash(fields['parentHash'], "a block's parentHash"),
    timestamp: readQuantity(fields['timestamp'], "a block's timestamp", logBounds.timestamp),
    logsBloom: readBloom(fields['logsBloom']),
    receiptsRoot: readRoot(fields['receiptsRoot']),
  };
  rememberFields(header, fields);
  return header;
}

function readBloom(value: unknown): string | undefined {
  return typeof value === 'string' && /^0x[0-9a-f]{512}$/i.test(value) ? value.toLowerCase() : undefined;
}

function readRoot(value: unknown): string | undefined {
  return typeof value === 'string' && /^0x[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : undefined;
}
