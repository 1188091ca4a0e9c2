import { blockTime } from './event-json.js';
import type { EventOrigin } from './event-origin.js';
import type { StoredEvent } from './stored-event.js';

/** A field of an event in formats with columns; names and order are those of its JSON. */
export interface EventField {
  readonly name: string;
  readonly type: 'int32' | 'int64' | 'text' | 'time';
  readonly of: (event: StoredEvent, origin: EventOrigin) => string | number | null;
}

/** Every field of an event, in order. */
export const eventFields: readonly EventField[] = [
  { name: 'pipeline_id', type: 'int64', of: (_, origin) => origin.pipelineId },
  { name: 'chain', type: 'text', of: ({ chainId }, origin) => origin.chainName(chainId) },
  { name: 'chain_id', type: 'int64', of: ({ chainId }) => chainId },
  { name: 'block_number', type: 'int64', of: ({ blockNumber }) => blockNumber },
  { name: 'block_hash', type: 'text', of: ({ blockHash }) => blockHash },
  { name: 'block_time', type: 'time', of: ({ timestamp }) => blockTime(timestamp) },
  { name: 'timestamp', type: 'int64', of: ({ timestamp }) => timestamp },
  { name: 'transaction_hash', type: 'text', of: ({ transactionHash }) => transactionHash },
  { name: 'transaction_index', type: 'int32', of: ({ transactionIndex }) => transactionIndex },
  { name: 'log_index', type: 'int32', of: ({ logIndex }) => logIndex },
  { name: 'contract_address', type: 'text', of: ({ contractAddress }) => contractAddress },
  { name: 'event_name', type: 'text', of: ({ eventName }) => eventName },
  { name: 'event_signature', type: 'text', of: ({ eventSignature }) => eventSignature },
  { name: 'args', type: 'text', of: ({ argsJson }) => argsJson },
];
