import type { ChainClient } from '../../chain/blocks/chain-client.js';
import type { PipelineSource } from '../../components/source-of.js';
import type { Database } from '../../database/database.js';
import { EventStore } from '../../database/events/event-store.js';
import { eventToJson } from '../../model/event-json.js';
import { originOf } from '../../model/event-origin.js';
import type { StoredEvent } from '../../model/stored-event.js';
import type { Clock } from '../../runtime/clock.js';
import { UsageError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { AuditReader } from '../verify/audit-reader.js';
import { ChainReading } from '../verify/chain-reading.js';
import { withChecksum } from '../views/stored-events.js';

/** Which events are wanted: all of a block, or the last ones. */
export type WantedEvents = { readonly block: number } | { readonly last: number };

/** How many ranges of the source's batch size are read back from the head for the last events. */
const mostRanges = 50;

interface FindOptions {
  /** 0: the pipeline is not stored. */
  readonly pipelineId: number;
  readonly source: PipelineSource;
  /** Reached only where what is wanted is not stored. */
  readonly chain: () => ChainClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Returns the JSON of events of a pipeline, in the order of the chain: those that are stored, else what the chain holds. */
export async function findEvents(
  wanted: WantedEvents,
  database: Database | null,
  options: FindOptions,
): Promise<readonly string[]> {
  const { pipelineId, source } = options;
  const stored = database === null ? [] : await storedEvents(wanted, new EventStore(database), pipelineId);
  const events = stored.length > 0 ? stored : await readEvents(wanted, options);
  const origin = originOf(pipelineId, source.chain);
  return events.map((event) => eventToJson(withChecksum(event), origin));
}

async function storedEvents(
  wanted: WantedEvents,
  store: EventStore,
  pipelineId: number,
): Promise<readonly StoredEvent[]> {
  if ('last' in wanted) return (await store.latest({ pipelineId }, wanted.last)).toReversed();
  const events: StoredEvent[] = [];
  const range = { pipelineId, fromBlock: wanted.block, toBlock: wanted.block };
  for await (const page of store.pages(range)) events.push(...page);
  return events;
}

async function readEvents(wanted: WantedEvents, options: FindOptions): Promise<readonly StoredEvent[]> {
  const { source, logger, signal } = options;
  const chain = options.chain();
  const reader = new AuditReader(chain, chain, logger);
  const decoder = await source.decoder();
  const { batchSize } = source;
  const reading = new ChainReading({ ...options, chain, reader, decoder, batchSize, receipts: false });
  const read = (from: number, to: number): Promise<readonly StoredEvent[]> => readRange(reading, { from, to }, options);
  const { number: newest } = await chain.head(signal);
  if ('block' in wanted) {
    const { block } = wanted;
    // A reader would wait for it: nodes lag.
    if (block > newest) throw new UsageError(`block ${block} is not there yet: the chain is at ${newest}`);
    return read(block, block);
  }
  let found: readonly StoredEvent[] = [];
  for (let range = 0, to = newest; range < mostRanges && to >= 0; range++, to -= batchSize) {
    found = [...(await read(Math.max(0, to - batchSize + 1), to)), ...found];
    if (found.length >= wanted.last) break;
  }
  return found.slice(-wanted.last);
}

async function readRange(
  reading: ChainReading,
  range: { readonly from: number; readonly to: number },
  { source, signal }: FindOptions,
): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const { batch } of reading.read(range, signal)) {
    events.push(...batch.events.map((event) => ({ ...event, chainId: source.chain.id })));
  }
  return events;
}
