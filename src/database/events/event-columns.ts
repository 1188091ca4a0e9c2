import type { BlockRef } from '../../model/block.js';
import type { ChainEvent, LogPosition, UndecodedLog } from '../../model/event.js';
import type { BulkInsert, InsertColumn, SqlValue } from '../script.js';

/** Whose rows they are. */
export interface RowOwner {
  readonly pipelineId: number;
  readonly chainId: number;
}

/** Returns the insert of a pipeline's events, which the version `added` of its checkpoint adds; none where there are none. */
export function insertEvents(owner: RowOwner, events: readonly ChainEvent[], added: number): readonly BulkInsert[] {
  return insert('event', { ...rowOwner(owner), added }, events, [
    column('event_name', events, nameOf),
    column('event_signature', events, signatureOf),
    ...positionColumns(events),
    { ...column('args', events, argsOf), distinct: true },
  ]);
}

// Functions that stay: what V8 has compiled for one that is made anew for each batch goes with it.
const nameOf = (event: ChainEvent): string => event.eventName;
const signatureOf = (event: ChainEvent): string => event.eventSignature;
const argsOf = (event: ChainEvent): string => event.argsJson;

/** Returns the insert of logs that could not be decoded. */
export function insertUndecoded(owner: RowOwner, logs: readonly UndecodedLog[]): readonly BulkInsert[] {
  return insert('undecoded_log', rowOwner(owner), logs, [
    ...positionColumns(logs),
    column('reason', logs, (log) => log.reason),
    column('topics', logs, (log) => JSON.stringify(log.topics)),
    { ...column('data', logs, (log) => log.data), distinct: true },
  ]);
}

/** Returns the insert of blocks to be remembered. */
export function insertRecentBlocks(pipelineId: number, blocks: readonly BlockRef[]): readonly BulkInsert[] {
  return insert('recent_block', { pipeline_id: pipelineId }, blocks, [
    column('block_number', blocks, (block) => block.number),
    { ...column('block_hash', blocks, (block) => block.hash), hex: true },
  ]);
}

function rowOwner({ pipelineId, chainId }: RowOwner): Shared {
  return { pipeline_id: pipelineId, chain_id: chainId };
}

function positionColumns(logs: readonly LogPosition[]): readonly InsertColumn[] {
  const numbers = (): number[] => new Array<number>(logs.length);
  const texts = (): string[] => new Array<string>(logs.length);
  const [blockNumber, timestamp, transactionIndex, logIndex] = [numbers(), numbers(), numbers(), numbers()];
  const [blockHash, contractAddress, transactionHash] = [texts(), texts(), texts()];
  // One walk for all: a function for each value of each row takes as long as decoding it.
  for (let row = 0; row < logs.length; row++) {
    const log = logs[row] as LogPosition;
    blockNumber[row] = log.blockNumber;
    blockHash[row] = log.blockHash;
    timestamp[row] = log.timestamp;
    contractAddress[row] = log.contractAddress;
    transactionIndex[row] = log.transactionIndex;
    transactionHash[row] = log.transactionHash;
    logIndex[row] = log.logIndex;
  }
  // What is the same in row after row comes first: it is written once for all of them.
  return [
    { name: 'block_number', values: blockNumber },
    { name: 'block_hash', values: blockHash, hex: true },
    { name: 'block_timestamp', values: timestamp },
    { name: 'contract_address', values: contractAddress, hex: true },
    { name: 'transaction_index', values: transactionIndex },
    { name: 'transaction_hash', values: transactionHash, hex: true },
    { name: 'log_index', values: logIndex },
  ];
}

function column<T>(name: string, items: readonly T[], toValue: (item: T) => SqlValue): InsertColumn {
  return { name, values: items.map(toValue) };
}

type Shared = NonNullable<BulkInsert['shared']>;

function insert(
  table: string,
  shared: Shared,
  { length: count }: readonly unknown[],
  columns: readonly InsertColumn[],
): readonly BulkInsert[] {
  return count === 0 ? [] : [{ table, shared, columns, count }];
}
