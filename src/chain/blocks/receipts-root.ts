import { listRoot } from './list-root.js';
import type { RlpWriter } from './rlp-writer.js';

type Fields = Readonly<Record<string, unknown>>;

/** The type of the receipts of an OP stack's deposits, which hold two numbers more. */
const depositType = 0x7e;

/**
 * Returns the root that receipts, as eth_getBlockReceipts gives them, give a block's header (Yellow Paper, 4.3.1; EIP-2718), as
 * 0x-hex; null where they lack what goes into it. Some chains have receipts of their own, for which it is another.
 */
export function receiptsRoot(receipts: readonly unknown[]): string | null {
  try {
    return listRoot(receipts.length, (writer, index) => writeReceipt(writer, receipts[index] as Fields));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** From its end to its beginning, as all that is written. */
function writeReceipt(writer: RlpWriter, receipt: Fields): void {
  const since = writer.length;
  const type = Number(receipt['type'] ?? 0);
  if (!(type >= 0 && type < 0x80)) throw new TypeError('no type');
  if (type === depositType) writeDeposit(writer, receipt);
  writeItems(writer, receipt['logs'], writeLog);
  writer.hex(receipt['logsBloom']);
  writer.number(receipt['cumulativeGasUsed']);
  if (receipt['status'] === undefined) writer.hex(receipt['root']);
  else writer.number(receipt['status']);
  writer.list(since);
  if (type !== 0) writer.raw(Buffer.from([type]));
}

function writeDeposit(writer: RlpWriter, { depositReceiptVersion, depositNonce }: Fields): void {
  for (const value of [depositReceiptVersion, depositNonce]) {
    if (value !== undefined && value !== null) writer.number(value);
  }
}

function writeLog(writer: RlpWriter, log: unknown): void {
  const { address, topics, data } = log as Fields;
  const since = writer.length;
  writer.hex(data);
  writeItems(writer, topics, (_writer, topic) => writer.hex(topic));
  writer.hex(address);
  writer.list(since);
}

function writeItems(writer: RlpWriter, items: unknown, write: (writer: RlpWriter, item: unknown) => void): void {
  if (!Array.isArray(items)) throw new TypeError('no list');
  const since = writer.length;
  for (let at = items.length - 1; at >= 0; at--) write(writer, items[at]);
  writer.list(since);
}
