import { ponder } from 'ponder:registry';
import { transfer } from 'ponder:schema';

ponder.on('Token:Transfer', async ({ event, context }) => {
  const { block, log, args } = event;
  await context.db.insert(transfer).values({
    id: `${block.number}-${log.logIndex}`,
    blockNumber: Number(block.number),
    blockTimestamp: Number(block.timestamp),
    blockHash: block.hash,
    transactionHash: event.transaction.hash,
    transactionIndex: event.transaction.transactionIndex,
    logIndex: log.logIndex,
    contract: log.address,
    sender: args.from,
    receiver: args.to,
    value: args.value,
  });
});
