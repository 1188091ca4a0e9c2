import { BatchStore } from '../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../src/database/events/checkpoint-store.js';
import type { Database } from '../../src/database/database.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import type { ChainEvent, LogPosition, UndecodedLog } from '../../src/model/event.js';

/** Returns a hash that ends with a number. */
export function hashOf(number: number): string {
  return `0x${number.toString(16).padStart(64, '0')}`;
}

function makePosition(blockNumber: number): LogPosition {
  return {
    blockNumber,
    blockHash: hashOf(blockNumber),
    timestamp: 1_693_066_895,
    transactionHash: hashOf(0xabc),
    transactionIndex: 12,
    logIndex: 0,
    contractAddress: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
  };
}

/** Returns an event that differs from others in what is given. */
export function makeEvent(given: Partial<ChainEvent> & { readonly blockNumber: number }): ChainEvent {
  return {
    ...makePosition(given.blockNumber),
    eventName: 'Transfer',
    eventSignature: 'Transfer(address,address,uint256)',
    argsJson: '{"from":"0x00","to":"0x01","value":"1000000"}',
    ...given,
  };
}

/** Returns a log that could not be decoded. */
export function makeUndecoded(given: Partial<UndecodedLog> & { readonly blockNumber: number }): UndecodedLog {
  const position = makePosition(given.blockNumber);
  return { ...position, topics: [hashOf(1), hashOf(2)], data: '0xc0ffee', reason: 'unknown_event', ...given };
}

/** Claims a pipeline and commits logs for it, as a run does; returns the task's id. */
export async function storeLogs(
  database: Database,
  pipelineId: number,
  logs: { readonly events?: readonly ChainEvent[]; readonly undecoded?: readonly UndecodedLog[] },
  chainId = 1,
): Promise<number> {
  const { taskId: holder, version } = await new CheckpointStore(database).get(pipelineId);
  const taskId = await claim(database, pipelineId, holder);
  const { events = [], undecoded = [] } = logs;
  await new BatchStore(database).commit({
    pipelineId,
    taskId,
    version,
    chainId,
    startBlock: 0,
    replaces: false,
    forgets: false,
    batch: { ...noBlocks, events, undecoded },
    progress: { mode: 'realtime', nextBlock: 11, targetBlock: null, headBlock: 13, events: events.length },
  });
  return taskId;
}

const noBlocks = {
  kind: 'events',
  fromBlock: 0,
  toBlock: 10,
  toHash: hashOf(10),
  recentBlocks: [],
  finalizedBlock: 10,
} as const;

function claim(database: Database, pipelineId: number, holder: number | null): Promise<number> {
  return new TaskStore(database).claim({
    pipelineId,
    holder,
    replaces: null,
    worker: 'host-1:4711',
    workerIdentity: null,
    heartbeatIntervalSeconds: 30,
    timeoutMinutes: null,
    logPathPrefix: 'logs/pipeline_',
  });
}
