import { listRoot } from './list-root.js';
import { encodeRlp, rlpNumber } from './rlp.js';
import type { Rlp } from './rlp.js';

type Fields = Readonly<Record<string, unknown>>;

/** The type of the receipts of an OP stack's deposits, which hold two numbers more. */
const depositType = 0x7e;

/**
 * Returns the root that receipts, as eth_getBlockReceipts gives them, give a block's header (Yellow Paper, 4.3.1; EIP-2718), as
 * 0x-hex; null where they lack what goes into it. Some chains have receipts of their own, for which it is another.
 */
export function receiptsRoot(receipts: readonly unknown[]): string | null {
  try {
    return listRoot(receipts.map((receipt) => encodeReceipt(receipt as Fields)));
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return null;
    throw error;
  }
}

function encodeReceipt(receipt: Fields): Buffer {
  const type = Number(numberIn(receipt['type'] ?? '0x0'));
  const outcome = receipt['status'] === undefined ? bytesIn(receipt['root']) : rlpNumber(numberIn(receipt['status']));
  const gas = rlpNumber(numberIn(receipt['cumulativeGasUsed']));
  const logs = (receipt['logs'] as readonly Fields[]).map(toRlp);
  const deposit = type === depositType ? [receipt['depositNonce'], receipt['depositReceiptVersion']] : [];
  const more = deposit.filter((value) => value !== undefined && value !== null);
  const body = encodeRlp([
    outcome,
    gas,
    bytesIn(receipt['logsBloom']),
    logs,
    ...more.map((value) => rlpNumber(numberIn(value))),
  ]);
  return type === 0 ? body : Buffer.concat([Buffer.from([type]), body]);
}

function toRlp({ address, topics, data }: Fields): Rlp {
  return [bytesIn(address), (topics as readonly unknown[]).map(bytesIn), bytesIn(data)];
}

function bytesIn(value: unknown): Buffer {
  if (typeof value === 'string' && value.startsWith('0x')) {
    // What is no hex ends it: a look at each digit beforehand would take longer.
    const bytes = Buffer.from(value.slice(2), 'hex');
    if (2 + 2 * bytes.length === value.length) return bytes;
  }
  throw new TypeError('no bytes');
}

function numberIn(value: unknown): bigint {
  if (typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value)) return BigInt(value);
  throw new TypeError('no number');
}
