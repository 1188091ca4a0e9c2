const { EvmBatchProcessor } = require('@subsquid/evm-processor');
const { TypeormDatabase } = require('@subsquid/typeorm-store');
const { Transfer } = require('./model');

const topic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';

const processor = new EvmBatchProcessor()
  // Without a gateway (SQD Network can't be simulated here) blocks come from the node, ten at a time and five such at once: fixed in its source.
  .setRpcEndpoint({ url: process.env.PEER_RPC_URL, capacity: 100, maxBatchCallSize: 1000 })
  .setFinalityConfirmation(75)
  .setFields({ log: { transactionHash: true } })
  .addLog({
    address: [process.env.PEER_CONTRACT],
    topic0: [topic],
    range: { from: 1, to: Number(process.env.PEER_BLOCKS) },
  });

// History alone, whose blocks are final.
const database = new TypeormDatabase({ supportHotBlocks: false, isolationLevel: 'READ COMMITTED' });

processor.run(database, async (context) => {
  const transfers = [];
  for (const { header, logs } of context.blocks) {
    for (const log of logs) {
      if (log.topics[0] !== topic) continue;
      transfers.push(
        new Transfer({
          id: `${header.height}-${log.logIndex}`,
          blockNumber: header.height,
          blockTimestamp: Math.floor(header.timestamp / 1000),
          blockHash: header.hash,
          transactionHash: log.transactionHash,
          transactionIndex: log.transactionIndex,
          logIndex: log.logIndex,
          contract: log.address,
          // By hand: faster than by its own decoder.
          sender: `0x${log.topics[1].slice(26)}`,
          receiver: `0x${log.topics[2].slice(26)}`,
          value: BigInt(log.data),
        }),
      );
    }
  }
  await context.store.insert(transfers);
});
