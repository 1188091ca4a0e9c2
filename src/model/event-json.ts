import type { EventOrigin } from './event-origin.js';
import type { LogPosition } from './event.js';
import type { StoredEvent, StoredUndecodedLog } from './stored-event.js';

/**
 * Returns an event as one line of JSON, without a line break: CONTRACT's "An event, in exports, sinks and the API". The
 * arguments are spliced in as the text that they are; the contract's address is written as it is given.
 */
export function eventToJson(event: StoredEvent, origin: EventOrigin): string {
  const name = `"event_name":${JSON.stringify(event.eventName)}`;
  const signature = `"event_signature":${JSON.stringify(event.eventSignature)}`;
  return `{${positionFields(event, origin)},${name},${signature},"args":${event.argsJson}}`;
}

/** Returns a log that could not be decoded as one line of JSON, without a line break. */
export function undecodedToJson(log: StoredUndecodedLog, origin: EventOrigin): string {
  const topics = `"topics":${JSON.stringify(log.topics)}`;
  return `{${positionFields(log, origin)},${topics},"data":"${log.data}","reason":"${log.reason}"}`;
}

function positionFields(log: LogPosition & { readonly chainId: number }, origin: EventOrigin): string {
  return (
    `"pipeline_id":${origin.pipelineId},"chain":${JSON.stringify(origin.chainName(log.chainId))},"chain_id":${log.chainId},` +
    `"block_number":${log.blockNumber},"block_hash":"${log.blockHash}",` +
    `"block_time":${JSON.stringify(blockTime(log.timestamp))},"timestamp":${log.timestamp},` +
    `"transaction_hash":"${log.transactionHash}","transaction_index":${log.transactionIndex},` +
    `"log_index":${log.logIndex},"contract_address":"${log.contractAddress}"`
  );
}

/** Returns seconds since the Unix epoch as `2023-08-26T16:21:35Z`; null beyond what a date can be. */
export function blockTime(timestamp: number): string | null {
  const date = new Date(timestamp * 1000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().replace('.000Z', 'Z');
}
