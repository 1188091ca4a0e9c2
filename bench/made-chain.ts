import { simContract, transferTopic } from '../test/support/simulated-chain.js';

const pad = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;

/** Returns the hash of a block of the chain that benchmarks read. */
export function hashOf(number: number): string {
  return pad(0xb10c00000000 + number);
}

/** Returns the time of a block, in seconds. */
export function timeOf(number: number): number {
  return 1_700_000_000 + number * 12;
}

/** What a transfer of the chain holds beside its numbers. */
export interface MadeTransfer {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly transactionHash: string;
}

/** Returns a transfer of a block by its place there; two share a transaction. */
export function transferAt(number: number, index: number): MadeTransfer {
  const transaction = (0x1234 + Math.floor(index / 2)).toString(16).padStart(6, '0');
  return {
    address: simContract,
    topics: [transferTopic, pad(0xa000 + (index % 97)), pad(0xb000 + (index % 89))],
    data: pad(1_000_000 + index),
    transactionHash: `0x${hashOf(number).slice(8)}${transaction}`,
  };
}
