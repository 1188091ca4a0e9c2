import type { EventBatch } from '../../model/batch.js';
import type { BlockRange } from '../../model/block.js';
import type { ChainEvent, LogPosition, UndecodedLog } from '../../model/event.js';
import type { EventStore } from './event-store.js';
import type { Finding } from './finding.js';
import { RowComparison } from './row-comparison.js';
import type { ComparedRow, RowChange } from './row-comparison.js';

/** What must be done to the rows of blocks that they be right. */
export interface BlockChange {
  readonly events: RowChange<ChainEvent>;
  readonly undecoded: RowChange<UndecodedLog>;
}

/** What was compared, and what would put it right. */
export interface Comparison {
  readonly findings: readonly Finding[];
  readonly change: BlockChange;
  readonly events: number;
  readonly undecoded: number;
}

/** Whose rows are compared, and may be changed; left out: everybody's. */
export interface Compared {
  /** 0x-hex; what blocks hold must be theirs alone. */
  readonly contracts?: readonly string[];
  /** 0x-hex in lower case. */
  readonly except?: ReadonlySet<string> | undefined;
}

/** Compares the stored rows of blocks with what those blocks hold; keeps no more in memory than that and a page of rows. */
export async function compareStored(
  store: EventStore,
  { pipelineId, chainId }: { readonly pipelineId: number; readonly chainId: number },
  { from, to }: BlockRange,
  held: Pick<EventBatch, 'events' | 'undecoded'>,
  { contracts, except = new Set() }: Compared = {},
): Promise<Comparison> {
  const counts = ({ contractAddress }: LogPosition): boolean =>
    except.size === 0 || !except.has(contractAddress.toLowerCase());
  const filter = { pipelineId, fromBlock: from, toBlock: to, contracts };
  const events = new RowComparison(
    'event',
    held.events.filter(counts).map((event) => eventRow(event, chainId)),
  );
  for await (const page of store.pages(filter)) {
    for (const event of page) {
      const isCounted = counts(event);
      if (isCounted) events.take(eventRow(event, event.chainId));
      if (!isCounted || contracts !== undefined) events.pass();
    }
  }
  const undecoded = new RowComparison(
    'undecoded_log',
    held.undecoded.filter(counts).map((log) => undecodedRow(log, chainId)),
  );
  for await (const page of store.undecodedPages(filter)) {
    for (const log of page) {
      const isCounted = counts(log);
      if (isCounted) undecoded.take(undecodedRow(log, log.chainId));
      if (!isCounted || contracts !== undefined) undecoded.pass();
    }
  }
  const change = { events: events.end(), undecoded: undecoded.end() };
  return {
    findings: [...events.findings, ...undecoded.findings],
    change,
    events: held.events.length,
    undecoded: held.undecoded.length,
  };
}

function eventRow<T extends ChainEvent>(event: T, chainId: number): ComparedRow<T> {
  const { eventName, eventSignature, argsJson } = event;
  const columns = { event_name: eventName, event_signature: eventSignature, args: argsJson };
  return { item: event, columns: { ...positionColumns(event, chainId), ...columns } };
}

function undecodedRow<T extends UndecodedLog>(log: T, chainId: number): ComparedRow<T> {
  const columns = { reason: log.reason, topics: log.topics.join(), data: log.data };
  return { item: log, columns: { ...positionColumns(log, chainId), ...columns } };
}

function positionColumns(position: LogPosition, chainId: number): Readonly<Record<string, string>> {
  return {
    chain_id: String(chainId),
    block_hash: position.blockHash,
    block_timestamp: String(position.timestamp),
    transaction_index: String(position.transactionIndex),
    contract_address: position.contractAddress.toLowerCase(),
  };
}
