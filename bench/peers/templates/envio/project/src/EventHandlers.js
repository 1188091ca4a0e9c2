const { Token } = require('generated');

Token.Transfer.handler(async ({ event, context }) => {
  const { block, transaction, params } = event;
  context.Transfer.set({
    id: `${block.number}-${event.logIndex}`,
    blockNumber: block.number,
    blockTimestamp: block.timestamp,
    blockHash: block.hash,
    transactionHash: transaction.hash,
    transactionIndex: transaction.transactionIndex,
    logIndex: event.logIndex,
    contract: event.srcAddress,
    sender: params.from,
    receiver: params.to,
    value: params.value,
  });
});
