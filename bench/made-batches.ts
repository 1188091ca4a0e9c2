import { createHash } from 'node:crypto';
import type { EventBatch } from '../src/model/batch.js';
import type { ChainEvent } from '../src/model/event.js';

export const eventsPerBlock = 200;
const sender = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';
const eventSignature = 'Transfer(address,address,uint256)';

/** Makes batches of transfers, 200 a block, from a block on. */
export function makeBatches(firstBlock: number, rows: number, size: number): readonly EventBatch[] {
  const blocks = size / eventsPerBlock;
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => makeBatch(firstBlock + i * blocks, blocks));
}

function makeBatch(fromBlock: number, blocks: number): EventBatch {
  const numbers = Array.from({ length: blocks }, (_, i) => fromBlock + i);
  const toBlock = fromBlock + blocks - 1;
  return {
    kind: 'events',
    fromBlock,
    toBlock,
    toHash: hashOf(`block ${toBlock}`),
    events: numbers.flatMap(makeEvents),
    undecoded: [],
    recentBlocks: [],
    finalizedBlock: toBlock,
  };
}

function makeEvents(blockNumber: number): ChainEvent[] {
  const blockHash = hashOf(`block ${blockNumber}`);
  return Array.from({ length: eventsPerBlock }, (_, logIndex) => {
    const transactionHash = hashOf(`${blockNumber} ${logIndex}`);
    const [from, to] = [transactionHash.slice(0, 42), `0x${transactionHash.slice(26)}`];
    return {
      blockNumber,
      blockHash,
      timestamp: 1_693_066_895 + 12 * blockNumber,
      transactionHash,
      transactionIndex: logIndex,
      logIndex,
      contractAddress: sender,
      eventName: 'Transfer',
      eventSignature,
      argsJson: `{"from":"${from}","to":"${to}","value":"${1_000_000 + logIndex}"}`,
    };
  });
}

function hashOf(text: string): string {
  return `0x${createHash('sha256').update(text).digest('hex')}`;
}
