import type { LogPosition, UndecodedReason } from '../../model/event.js';
import type { StoredEvent, StoredUndecodedLog } from '../../model/stored-event.js';
import { toHex } from '../../runtime/hex-bytes.js';

/** What the tables `event` and `undecoded_log` have in common. */
export interface PositionRow {
  readonly block_number: number;
  readonly log_index: number;
  readonly transaction_hash: Buffer;
  readonly chain_id: number;
  readonly block_hash: Buffer;
  readonly block_timestamp: number;
  readonly transaction_index: number;
  readonly contract_address: Buffer;
}

export interface EventRow extends PositionRow {
  readonly event_name: string;
  readonly event_signature: string;
  readonly args: string;
}

export interface UndecodedRow extends PositionRow {
  readonly reason: UndecodedReason;
  /** JSON. */
  readonly topics: string;
  readonly data: string;
}

/** Characters and bytes of a page, about, above which the next one gets fewer rows: arguments may be of any length. */
export const pageWeight = 8_000_000;

/** Returns the length of what may be long in a row. */
function weightOf(row: PositionRow & Partial<EventRow & UndecodedRow>): number {
  return (row.args?.length ?? 0) + (row.data?.length ?? 0);
}

/** How many rows to read next, of which each is about as long as those that were read. */
export function nextSize(rows: readonly PositionRow[], mostRows: number): number {
  let weight = 1;
  for (const row of rows) weight += weightOf(row);
  return Math.max(1, Math.min(mostRows, Math.floor((pageWeight * rows.length) / weight)));
}

/** Returns a row of `event` as an event. */
export function toEvent(row: EventRow): StoredEvent {
  return Object.assign(toPosition(row), {
    eventName: row.event_name,
    eventSignature: row.event_signature,
    argsJson: row.args,
  });
}

/** Returns a row of `undecoded_log` as a log. */
export function toUndecodedLog(row: UndecodedRow): StoredUndecodedLog {
  return {
    ...toPosition(row),
    topics: JSON.parse(row.topics) as readonly string[],
    data: row.data,
    reason: row.reason,
  };
}

function toPosition(row: PositionRow): LogPosition & { readonly chainId: number } {
  return {
    blockNumber: row.block_number,
    blockHash: toHex(row.block_hash),
    timestamp: row.block_timestamp,
    transactionHash: toHex(row.transaction_hash),
    transactionIndex: row.transaction_index,
    logIndex: row.log_index,
    contractAddress: toHex(row.contract_address),
    chainId: row.chain_id,
  };
}
