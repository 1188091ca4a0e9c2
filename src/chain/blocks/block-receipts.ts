import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { logsBloomOf } from './bloom.js';
import { Inconsistency } from './consistency.js';
import { receiptsRoot } from './receipts-root.js';
import { MalformedValue, readLogs } from '../transport/rpc/rpc-values.js';

/** Reads the answer of eth_getBlockReceipts: every log of a block. */
export function readReceiptLogs(value: unknown): RawLog[] {
  if (!Array.isArray(value)) throw new MalformedValue('the receipts are no array');
  return (value as readonly unknown[]).flatMap((receipt) =>
    readLogs((receipt as { readonly logs?: unknown } | null)?.logs),
  );
}

/** Says whether receipts give the root in the header of their block. */
export function giveRoot(receipts: unknown, { receiptsRoot: root }: BlockHeader): boolean {
  return root !== undefined && receiptsRoot(receipts as readonly unknown[]) === root;
}

/**
 * Throws Inconsistency where logs are not all and the only ones of a block: they name it, are numbered without a gap, and
 * give the bloom filter of its header (where the chain computes one; Yellow Paper, 4.3.1).
 */
export function checkBlockLogs(logs: readonly RawLog[], header: BlockHeader): void {
  const what = `the receipts of block ${header.number}`;
  if (logs.some((log) => log.blockHash !== header.hash)) throw new Inconsistency(`${what} are those of another block`);
  // Some chains number the logs of each transaction anew.
  const indexes = [...new Set(logs.map((log) => log.logIndex))].sort((a, b) => a - b);
  if (indexes.some((logIndex, place) => logIndex !== place)) throw new Inconsistency(`${what} lack logs`);
  const { logsBloom } = header;
  if (logsBloom === undefined || /^0x(0*|f*)$/.test(logsBloom)) return;
  if (logsBloomOf(logs) !== logsBloom) throw new Inconsistency(`${what} do not fit its bloom filter`);
}
