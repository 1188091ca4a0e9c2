import type { EventStore } from '../../database/events/event-store.js';
import type { EventBatch } from '../../model/batch.js';
import type { ChainEvent, LogPosition, UndecodedLog } from '../../model/event.js';
import type { BlockRange } from '../../model/block.js';
import { RowComparison } from './compare-rows.js';
import type { ComparedRow } from './compare-rows.js';
import type { Finding } from './finding.js';

/** What was compared. */
export interface Comparison {
  readonly findings: readonly Finding[];
  readonly events: number;
  readonly undecoded: number;
}

/** Compares the stored rows of blocks with what those blocks hold; keeps no more in memory than that and a page of rows. */
export async function compareStored(
  store: EventStore,
  { pipelineId, chainId }: { readonly pipelineId: number; readonly chainId: number },
  { from, to }: BlockRange,
  held: Pick<EventBatch, 'events' | 'undecoded'>,
): Promise<Comparison> {
  const filter = { pipelineId, fromBlock: from, toBlock: to };
  const events = new RowComparison(
    'event',
    held.events.map((event) => eventRow({ ...event, chainId })),
  );
  for await (const page of store.pages(filter)) for (const event of page) events.take(eventRow(event));
  const undecoded = new RowComparison(
    'undecoded_log',
    held.undecoded.map((log) => undecodedRow({ ...log, chainId })),
  );
  for await (const page of store.undecodedPages(filter)) for (const log of page) undecoded.take(undecodedRow(log));
  events.end();
  undecoded.end();
  return {
    findings: [...events.findings, ...undecoded.findings],
    events: held.events.length,
    undecoded: held.undecoded.length,
  };
}

type OfChain = { readonly chainId: number };

function eventRow(event: ChainEvent & OfChain): ComparedRow {
  const { eventName, eventSignature, argsJson } = event;
  const columns = { event_name: eventName, event_signature: eventSignature, args: argsJson };
  return { position: event, columns: { ...positionColumns(event), ...columns } };
}

function undecodedRow(log: UndecodedLog & OfChain): ComparedRow {
  const columns = { reason: log.reason, topics: log.topics.join(), data: log.data };
  return { position: log, columns: { ...positionColumns(log), ...columns } };
}

function positionColumns(position: LogPosition & OfChain): Readonly<Record<string, string>> {
  return {
    chain_id: String(position.chainId),
    block_hash: position.blockHash,
    block_timestamp: String(position.timestamp),
    transaction_index: String(position.transactionIndex),
    contract_address: position.contractAddress.toLowerCase(),
  };
}
