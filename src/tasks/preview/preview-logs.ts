import type { Decoded } from '../../chain/abi/decoder.js';
import { sourceOf } from '../../components/source-of.js';
import { stagesOf } from '../../components/stages-of.js';
import { toChecksumAddress } from '../../chain/abi/checksum.js';
import type { RawLog } from '../../model/event.js';
import { previewPipeline } from './preview-pipeline.js';
import type { PreviewOptions } from './preview-pipeline.js';
import { stepsJson } from './preview-stages.js';

/** A log as far as it says what happened. */
export interface PreviewedLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

/** Returns what logs would become, as the text of a JSON document: events, and what the stages make of them. */
export async function previewLogs(logs: readonly PreviewedLog[], options: PreviewOptions): Promise<string> {
  const { definition, pipelineId } = options;
  const { components } = definition;
  const decoder = await sourceOf({ id: pipelineId, components }).decoder();
  const stages = stagesOf(components).map(({ name }) => name);
  const results: string[] = [];
  for (const log of logs) {
    const decoded = decoder.decode(toRawLog(log));
    const steps = stages.length === 0 ? '' : await stepsOf(log, decoded, options);
    results.push(resultText(decoded, steps));
  }
  return `{"pipeline_id":${pipelineId},"stages":${JSON.stringify(stages)},"results":[${results.join(',')}]}`;
}

async function stepsOf({ address }: PreviewedLog, decoded: Decoded, options: PreviewOptions): Promise<string> {
  if (decoded.kind !== 'event') return '';
  const text = `{"contract_address":"${toChecksumAddress(address)}",${eventText(decoded)}}`;
  const [previewed] = await previewPipeline({ event: { key: 'event', text } }, options);
  return `,"stages":${stepsJson(previewed?.steps ?? [])}`;
}

function resultText(decoded: Decoded, steps: string): string {
  return decoded.kind === 'event' ? `{"kind":"event",${eventText(decoded)}${steps}}` : JSON.stringify(decoded);
}

function eventText({ eventName, eventSignature, argsJson }: Extract<Decoded, { readonly kind: 'event' }>): string {
  const name = `"event_name":${JSON.stringify(eventName)},"event_signature":${JSON.stringify(eventSignature)}`;
  return `${name},"args":${argsJson}`;
}

/** Where a log stands on the chain does not matter to what it says. */
function toRawLog({ address, topics, data }: PreviewedLog): RawLog {
  const place = { blockNumber: 0, blockHash: '', transactionHash: '', transactionIndex: 0, logIndex: 0 };
  return { ...place, address, topics, data, blockTimestamp: undefined, removed: false };
}
