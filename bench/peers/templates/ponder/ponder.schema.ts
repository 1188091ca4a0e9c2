import { onchainTable } from 'ponder';

export const transfer = onchainTable('transfer', (t) => ({
  id: t.text().primaryKey(),
  blockNumber: t.integer().notNull(),
  blockTimestamp: t.integer().notNull(),
  blockHash: t.hex().notNull(),
  transactionHash: t.hex().notNull(),
  transactionIndex: t.integer().notNull(),
  logIndex: t.integer().notNull(),
  contract: t.hex().notNull(),
  sender: t.hex().notNull(),
  receiver: t.hex().notNull(),
  value: t.bigint().notNull(),
}));
