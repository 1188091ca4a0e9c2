import type { EventFields, SinkOpening } from '../../src/components/seam/component.js';
import type { SinkBatch, SinkContext } from '../../src/components/seam/sink.js';
import { MessageData } from '../../src/model/event-message.js';
import type { EventMessage } from '../../src/model/event-message.js';
import type { Clock } from '../../src/runtime/clock.js';
import { systemClock } from '../../src/runtime/clock.js';
import { silentLogger } from '../../src/runtime/logger.js';

const token = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';
const hash = (n: number): string => `0x${n.toString(16).padStart(64, '0')}`;

/** What a Transfer's data hold. */
const transferFields: readonly EventFields[] = [
  {
    eventName: 'Transfer',
    eventSignature: 'Transfer(address,address,uint256)',
    fields: ['chain', 'block_number', 'transaction_hash', 'event_name', 'args.from', 'args.to', 'args.value'].map(
      (name) => ({ name, type: 'text' }),
    ),
    mapped: false,
  },
];

/** Makes a message of a Transfer, the n-th of its block. */
export function transferMessage(n: number, by: Partial<EventMessage> = {}): EventMessage {
  const block = 18_000_000 + Math.floor(n / 10);
  const place = {
    ...{ chainId: 1, blockNumber: block, blockHash: hash(block), timestamp: 1_693_066_895 },
    ...{ transactionHash: hash(n), transactionIndex: n % 10, logIndex: n % 10, contractAddress: token },
  };
  const event = { eventName: 'Transfer', eventSignature: 'Transfer(address,address,uint256)' };
  const text =
    `{"pipeline_id":45,"chain":"ethereum","chain_id":1,"block_number":${block},"block_hash":"${place.blockHash}",` +
    `"block_time":"2023-08-26T16:21:35Z","timestamp":1693066895,"transaction_hash":"${place.transactionHash}",` +
    `"transaction_index":${n % 10},"log_index":${n % 10},"contract_address":"${token}","event_name":"Transfer",` +
    `"event_signature":"${event.eventSignature}","args":{"from":"${token}","to":"${token}","value":"${n}000000"}}`;
  const id = `1:${place.blockHash}:${place.transactionHash}:${place.logIndex}`;
  return { id, op: 'insert', seq: 4_711 + n, rank: 1, place, ...event, data: MessageData.ofText(text), ...by };
}

/** Makes so many messages of Transfers. */
export function transferMessages(count: number): readonly EventMessage[] {
  return Array.from({ length: count }, (_, n) => transferMessage(n));
}

/** Puts messages into a batch. */
export function batchOf(messages: readonly EventMessage[]): SinkBatch {
  const after = { epoch: 'e', claim: 1, place: 'p' };
  return { messages, fromBlock: 1, toBlock: 1, before: null, after };
}

/** What a delivery is given. */
export function sinkContext(signal: AbortSignal = new AbortController().signal): SinkContext {
  return { logger: silentLogger, inserts: noInserts, moved: () => undefined, signal };
}

/** What a sink of these tests is made of; it needs neither database nor folder. */
export function sinkOpening(by: { readonly clock?: Clock; readonly name?: string } = {}): SinkOpening {
  const { clock = systemClock, name = 'out' } = by;
  const opening = { pipelineId: 45, name, installation: 'here', events: transferFields, logger: silentLogger, clock };
  return opening as unknown as SinkOpening;
}

async function* noInserts(): AsyncGenerator<readonly EventMessage[]> {}
