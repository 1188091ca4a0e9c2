import type { RawLog } from '../../../model/event.js';
import { logBounds } from '../../../model/log-bounds.js';
import { isHexDigits } from '../../abi/hex.js';

/** An answer that does not hold what its method promises. */
export class MalformedValue extends Error {}

export type RpcFields = Readonly<Record<string, unknown>>;

/** Reads a hex quantity (or a plain number) as a safe integer, of which some are too large. */
export function readQuantity(value: unknown, what: string, largest = Number.MAX_SAFE_INTEGER): number {
  const number = typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || number < 0 || !(Number.isInteger(number) || number === Infinity)) {
    throw new MalformedValue(`${what} is ${shown(value)}, which is no quantity`);
  }
  if (number > largest) throw new MalformedValue(`${what} is ${shown(value)}, which is too large`);
  return number;
}

/** Reads the answer of eth_getLogs. */
export function readLogs(value: unknown): RawLog[] {
  if (!Array.isArray(value)) throw new MalformedValue(`the logs are ${shown(value)}, which is no array`);
  const logs = new Array<RawLog>(value.length);
  for (let at = 0; at < logs.length; at++) logs[at] = readLog((value as readonly unknown[])[at], logs[at - 1]);
  return logs;
}

/** Reads a log. What is the same as in the log before it need not be looked at again, nor held twice: most share much. */
export function readLog(value: unknown, before: RawLog | undefined): RawLog {
  const fields = fieldsOf(value, 'a log');
  return {
    address: readHex(fields['address'], "a log's address", 42, before?.address),
    topics: readTopics(fields['topics'], before?.topics[0]),
    data: readHex(fields['data'] ?? '0x', "a log's data"),
    blockNumber: readQuantity(fields['blockNumber'], "a log's blockNumber", logBounds.blockNumber),
    blockHash: readHash(fields['blockHash'], "a log's blockHash", before?.blockHash),
    transactionHash: readHash(fields['transactionHash'], "a log's transactionHash", before?.transactionHash),
    // Some chains' own logs belong to no transaction's place in the block.
    transactionIndex: readQuantity(
      fields['transactionIndex'] ?? 0,
      "a log's transactionIndex",
      logBounds.transactionIndex,
    ),
    logIndex: readQuantity(fields['logIndex'], "a log's logIndex", logBounds.logIndex),
    blockTimestamp: readTimestamp(fields['blockTimestamp']),
    removed: fields['removed'] === true,
  };
}

/** A topic of the wrong length is kept: it makes that log undecodable, and must not hide the others. */
function readTopics(value: unknown, first: string | undefined): string[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new MalformedValue(`a log's topics are ${shown(value)}`);
  return value.map((topic, at) => readHex(topic, "a log's topic", undefined, at === 0 ? first : undefined));
}

function readTimestamp(value: unknown): number | undefined {
  if (value === null || value === undefined) return undefined;
  const timestamp = readQuantity(value, "a log's blockTimestamp", logBounds.timestamp);
  return timestamp === 0 ? undefined : timestamp;
}

/** Reads 32 bytes as hex in lower case. */
export function readHash(value: unknown, what: string, known?: string): string {
  return readHex(value, what, 66, known);
}

/** Reads hex of any case, as lower case; `known` is what was read for such a value before. */
function readHex(value: unknown, what: string, length?: number, known?: string): string {
  if (known !== undefined && value === known) return known;
  if (typeof value === 'string' && (length === undefined || value.length === length)) {
    // Nearly all nodes write lower case, and what need not be changed need not be copied.
    if (isHexDigits(value)) return value;
    const lower = value.toLowerCase();
    if (isHexDigits(lower)) return lower;
  }
  throw new MalformedValue(`${what} is ${shown(value)}`);
}

/** Reads an object. */
export function fieldsOf(value: unknown, what: string): RpcFields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as RpcFields;
  throw new MalformedValue(`${what} is ${shown(value)}`);
}

function shown(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}
