import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { logBounds } from '../../model/log-bounds.js';
import { MalformedValue, fieldsOf, readHash, readLog, readQuantity } from '../transport/rpc/rpc-values.js';
import { malformed } from './portal-error.js';

/** One line of an answer. */
export interface PortalBlock {
  readonly header: BlockHeader;
  readonly logs: readonly RawLog[];
}

/** Reads a line of an answer; throws PortalError where it holds something else. */
export function readPortalBlock(line: string): PortalBlock {
  try {
    const fields = fieldsOf(parse(line), 'a line');
    const header = readHeader(fields['header']);
    return { header, logs: readLogs(fields['logs'] ?? [], header) };
  } catch (error) {
    if (error instanceof MalformedValue) throw malformed(error.message);
    throw error;
  }
}

/** Reads a block's header from its JSON; null where it is none. */
export function readBlockHeader(text: string): BlockHeader | null {
  try {
    return readHeader(JSON.parse(text));
  } catch {
    return null;
  }
}

function readHeader(value: unknown): BlockHeader {
  const fields = fieldsOf(value, "a block's header");
  return {
    number: readQuantity(fields['number'], "a block's number", logBounds.blockNumber),
    hash: readHash(fields['hash'], "a block's hash"),
    parentHash: readHash(fields['parentHash'], "a block's parentHash"),
    timestamp: readQuantity(fields['timestamp'], "a block's timestamp", logBounds.timestamp),
    logsBloom: undefined,
  };
}

function readLogs(value: unknown, header: BlockHeader): readonly RawLog[] {
  if (!Array.isArray(value)) throw new MalformedValue("a block's logs are no array");
  let before: RawLog | undefined;
  return value.map((each) => (before = readLogOf(header, each, before)));
}

/** A log names its block by the header of its line alone. */
function readLogOf({ number, hash, timestamp }: BlockHeader, value: unknown, before?: RawLog): RawLog {
  const own = { blockNumber: number, blockHash: hash, blockTimestamp: timestamp };
  return readLog({ ...fieldsOf(value, 'a log'), ...own }, before);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    throw malformed('a line of the answer is no JSON');
  }
}
