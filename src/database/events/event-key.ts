import type { Knex } from 'knex';
import type { PositionRow } from './event-rows.js';
import { toBytes } from '../../runtime/hex-bytes.js';

/** What tells one event of a pipeline from all others, in the order of the chain. */
export interface EventPlace {
  readonly blockNumber: number;
  readonly logIndex: number;
  /** 0x-hex. */
  readonly transactionHash: string;
}

/** The primary key of a row, the pipeline aside. */
export type Position = Pick<PositionRow, 'block_number' | 'log_index' | 'transaction_hash'>;

/** The columns of a position, in the order of the chain. */
export const keyColumns = ['block_number', 'log_index', 'transaction_hash'] as const;

export function toPosition({ blockNumber, logIndex, transactionHash }: EventPlace): Position {
  return { block_number: blockNumber, log_index: logIndex, transaction_hash: toBytes(transactionHash) };
}

/** Says which of two positions comes first: negative where `a` does. */
export function comparePositions(a: Position, b: Position): number {
  return (
    a.block_number - b.block_number ||
    a.log_index - b.log_index ||
    Buffer.compare(a.transaction_hash, b.transaction_hash)
  );
}

/**
 * Narrows to what lies beyond a position. The bound on the block alone is what every server seeks in the primary key by; what
 * follows only filters there.
 */
export function beyond(query: Knex.QueryBuilder, last: Position, than: '<' | '>'): Knex.QueryBuilder {
  return query.where('block_number', `${than}=`, last.block_number).where((later) => {
    void later.where('block_number', than, last.block_number);
    void later.orWhere('log_index', than, last.log_index);
    void later.orWhere((sameIndex) => {
      void sameIndex.where('log_index', last.log_index).where('transaction_hash', than, last.transaction_hash);
    });
  });
}
