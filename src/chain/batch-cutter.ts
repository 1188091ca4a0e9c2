import type { EventBatch } from '../model/batch.js';
import type { BlockRef } from '../model/block.js';
import type { ChainEvent, LogPosition, RawLog, UndecodedLog } from '../model/event.js';
import type { Clock } from '../runtime/clock.js';
import { toChecksumAddress } from './checksum.js';
import type { LogDecoder } from './decoder.js';
import type { FetchedRange } from './log-source.js';

/** How many events a batch holds at most, unless one block holds more. */
const eventsPerBatch = 5_000;
/** How many logs are decoded before the time is looked at, and how long it may go on without a pause. */
const logsPerLook = 256;
const busyMs = 25;

interface Slice {
  fromBlock: number;
  events: ChainEvent[];
  undecoded: UndecodedLog[];
}

/** Decodes a range and cuts it, between blocks, into batches of a size that commits well. */
export async function* cutBatches(
  range: FetchedRange,
  decoder: LogDecoder,
  finalizedBlock: number,
  clock: Clock,
): AsyncGenerator<EventBatch, void, undefined> {
  let slice: Slice = { fromBlock: range.from, events: [], undecoded: [] };
  let restedAt = clock.monotonic();
  const close = (to: BlockRef): EventBatch => closeSlice(slice, to, range, finalizedBlock);
  for (const [index, log] of range.logs.entries()) {
    const before = range.logs[index - 1];
    if (before !== undefined && before.blockNumber !== log.blockNumber && isFull(slice)) {
      yield close({ number: before.blockNumber, hash: before.blockHash });
      slice = { fromBlock: before.blockNumber + 1, events: [], undecoded: [] };
    }
    decodeInto(slice, log, range, decoder);
    if (index % logsPerLook === 0 && clock.monotonic() - restedAt > busyMs) {
      // Heartbeats and signals get their turn.
      await clock.sleep(0);
      restedAt = clock.monotonic();
    }
  }
  yield close(range.last);
}

function isFull({ events, undecoded }: Slice): boolean {
  return events.length + undecoded.length >= eventsPerBatch;
}

function decodeInto(slice: Slice, log: RawLog, range: FetchedRange, decoder: LogDecoder): void {
  const decoded = decoder.decode(log);
  if (decoded.kind === 'ignored') return;
  const position = positionOf(log, range.timestamps.get(log.blockNumber) ?? range.last.timestamp);
  if (decoded.kind === 'undecoded') {
    slice.undecoded.push({ ...position, topics: log.topics, data: log.data, reason: decoded.reason });
    return;
  }
  const { eventName, eventSignature, argsJson } = decoded;
  slice.events.push({ ...position, eventName, eventSignature, argsJson });
}

function positionOf(log: RawLog, timestamp: number): LogPosition {
  const { blockNumber, blockHash, transactionHash, transactionIndex, logIndex } = log;
  const contractAddress = toChecksumAddress(log.address);
  return { blockNumber, blockHash, timestamp, transactionHash, transactionIndex, logIndex, contractAddress };
}

function closeSlice(slice: Slice, to: BlockRef, { headers }: FetchedRange, finalizedBlock: number): EventBatch {
  const { fromBlock, events, undecoded } = slice;
  const recentBlocks = headers
    .filter(({ number }) => number >= fromBlock && number <= to.number && number > finalizedBlock)
    .map(({ number, hash }) => ({ number, hash }));
  const { number: toBlock, hash: toHash } = to;
  return { kind: 'events', fromBlock, toBlock, toHash, events, undecoded, recentBlocks, finalizedBlock };
}
