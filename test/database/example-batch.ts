import type { BatchCommit } from '../../src/database/events/batch-store.js';
import type { EventBatch } from '../../src/model/batch.js';
import type { ChainEvent, LogPosition, UndecodedLog } from '../../src/model/event.js';
import type { Progress } from '../../src/model/task.js';

/** Returns a 32-byte hash, 0x-hex, that tells `seed`. */
export function hashOf(seed: number | string): string {
  return `0x${Buffer.from(String(seed)).toString('hex').padStart(64, '0')}`;
}

/** Where an example's log stands. */
function position(blockNumber: number, logIndex: number): LogPosition {
  return {
    blockNumber,
    blockHash: hashOf(`block ${blockNumber}`),
    timestamp: 1_700_000_000 + blockNumber,
    transactionHash: hashOf(`tx ${blockNumber}`),
    transactionIndex: 1,
    logIndex,
    contractAddress: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
  };
}

export function exampleEvent(blockNumber: number, logIndex: number): ChainEvent {
  const argsJson = `{"value":"${blockNumber}${logIndex}"}`;
  return { ...position(blockNumber, logIndex), eventName: 'Transfer', eventSignature: 'Transfer(uint256)', argsJson };
}

export function exampleLog(blockNumber: number, logIndex: number): UndecodedLog {
  return { ...position(blockNumber, logIndex), topics: [hashOf('topic')], data: '0xC0ffee', reason: 'unknown_event' };
}

/** Returns a batch with an event in every block, an undecoded log in its last, and all of its blocks to be remembered. */
export function exampleBatch(fromBlock: number, toBlock: number, changes: Partial<EventBatch> = {}): EventBatch {
  const numbers = Array.from({ length: toBlock - fromBlock + 1 }, (_, i) => fromBlock + i);
  return {
    kind: 'events',
    fromBlock,
    toBlock,
    toHash: hashOf(`block ${toBlock}`),
    events: numbers.map((number) => exampleEvent(number, 0)),
    undecoded: [exampleLog(toBlock, 1)],
    recentBlocks: numbers.map((number) => ({ number, hash: hashOf(`block ${number}`) })),
    finalizedBlock: 0,
    ...changes,
  };
}

/** Returns how a task commits a batch first; `given` says which, and beats the rest. */
export function exampleCommit(
  given: Pick<BatchCommit, 'pipelineId' | 'taskId' | 'batch'> & Partial<BatchCommit>,
): BatchCommit {
  return {
    ...{ version: 0, chainId: 1, startBlock: 1, replaces: false, forgets: false },
    progress: noProgress,
    ...given,
  };
}

export const noProgress: Progress = {
  mode: 'historical',
  nextBlock: null,
  targetBlock: null,
  headBlock: null,
  events: 0,
};
