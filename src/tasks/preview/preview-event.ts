import { MessageData } from '../../model/event-message.js';
import type { EventMessage, JsonValue } from '../../model/event-message.js';
import type { BlockRef } from '../../model/block.js';
import { UsageError } from '../../runtime/errors.js';
import { checkEvent } from './check-event.js';
import type { KnownEvents } from './check-event.js';

const noHash = `0x${'0'.repeat(64)}`;

/** Stands for the block of an event where nobody knows it. */
export const noBlock: BlockRef = { number: 0, hash: noHash };

/** What an event that was written by hand need not say. */
export interface PreviewDefaults {
  readonly chainId: number;
  /** The block of an event that names none, or only its number; asked for only then. */
  readonly block: (number?: number) => Promise<BlockRef>;
}

/**
 * Makes the JSON of an event that somebody has written the message of an insert; throws UsageError where it is none, and
 * ProblemsError where it is none of those that are known: `key` names it in what is wrong.
 */
export async function givenMessage(
  { key, text }: { readonly key: string; readonly text: string },
  known: KnownEvents,
  defaults: PreviewDefaults,
): Promise<EventMessage> {
  const data = readData(text);
  const { eventSignature } = checkEvent(key, data.fields, known);
  const message = await messageOf(withDigits(data), defaults);
  return { ...message, eventSignature };
}

/** Makes an event's JSON, as exports and sinks write it, the message of an insert. */
export function previewMessage(text: string, defaults: PreviewDefaults): Promise<EventMessage> {
  return messageOf(MessageData.ofText(text), defaults);
}

async function messageOf(data: MessageData, { chainId, block }: PreviewDefaults): Promise<EventMessage> {
  const { fields } = data;
  const word = (key: string, otherwise: string): string => wordOf(fields.get(key), otherwise);
  const number = (key: string, otherwise: number): number => Number(fields.get(key) ?? otherwise);
  const given = fields.get('block_number');
  const at = fields.has('block_hash') ? null : await block(given === undefined ? undefined : Number(given));
  const place = {
    chainId: number('chain_id', chainId),
    blockNumber: number('block_number', at?.number ?? 0),
    blockHash: at?.hash ?? word('block_hash', noHash),
    timestamp: number('timestamp', 0),
    transactionHash: word('transaction_hash', noHash),
    transactionIndex: number('transaction_index', 0),
    logIndex: number('log_index', 0),
    contractAddress: word('contract_address', ''),
  };
  const id = `${place.chainId}:${place.blockHash}:${place.transactionHash}:${place.logIndex}`;
  const name = word('event_name', '');
  return {
    id,
    op: 'insert',
    seq: 0,
    rank: 0,
    place,
    eventName: name,
    eventSignature: word('event_signature', ''),
    data,
  };
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

/** A number among the arguments is what somebody writes for its digits. */
function withDigits(data: MessageData): MessageData {
  const args = data.fields.get('args');
  if (args === undefined) return data;
  const toText = (_key: string, value: unknown): unknown => (typeof value === 'number' ? String(value) : value);
  const written = JSON.parse(JSON.stringify(args, toText)) as JsonValue;
  return JSON.stringify(written) === JSON.stringify(args)
    ? data
    : MessageData.ofFields(new Map([...data.fields, ['args', written]]));
}

function wordOf(value: JsonValue | undefined, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
