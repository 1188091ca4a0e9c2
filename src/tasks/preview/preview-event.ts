import { MessageData } from '../../model/event-message.js';
import type { EventMessage, JsonValue } from '../../model/event-message.js';
import type { BlockRef } from '../../model/block.js';
import { UsageError } from '../../runtime/errors.js';

const noHash = `0x${'0'.repeat(64)}`;

/** What an event that was written by hand need not say. */
export interface PreviewDefaults {
  readonly chainId: number;
  /** The block of an event that names none; asked for only then. */
  readonly block: () => Promise<BlockRef>;
}

/** Makes an event's JSON, as exports and sinks write it, the message of an insert; throws UsageError where it is none. */
export async function previewMessage(text: string, { chainId, block }: PreviewDefaults): Promise<EventMessage> {
  const data = readData(text);
  const { fields } = data;
  const word = (key: string, otherwise: string): string => wordOf(fields.get(key), otherwise);
  const number = (key: string, otherwise: number): number => Number(fields.get(key) ?? otherwise);
  const at = fields.has('block_hash') && fields.has('block_number') ? null : await block();
  const place = {
    chainId: number('chain_id', chainId),
    blockNumber: at?.number ?? number('block_number', 0),
    blockHash: at?.hash ?? word('block_hash', noHash),
    timestamp: number('timestamp', 0),
    transactionHash: word('transaction_hash', noHash),
    transactionIndex: number('transaction_index', 0),
    logIndex: number('log_index', 0),
    contractAddress: word('contract_address', ''),
  };
  const id = `${place.chainId}:${place.blockHash}:${place.transactionHash}:${place.logIndex}`;
  const name = word('event_name', '');
  return { id, op: 'insert', seq: 0, place, eventName: name, eventSignature: word('event_signature', ''), data };
}

function readData(text: string): MessageData {
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch (error) {
    throw new UsageError('the event is not JSON', { cause: error, hint: 'give one as events export writes it' });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError('the event is no JSON object', { hint: 'give one as events export writes it' });
  }
  return MessageData.ofText(text);
}

function wordOf(value: JsonValue | undefined, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
