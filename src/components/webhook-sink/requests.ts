import { createHash } from 'node:crypto';
import { jsonText } from '../../model/event-message.js';
import type { EventMessage } from '../../model/event-message.js';
import type { SinkOpening } from '../seam/component.js';
import { MessageRefusedError } from '../seam/delivery-errors.js';
import type { WebhookConfig } from './config.js';
import { messageBody } from './message-body.js';

/** One request of a delivery. */
export interface WebhookRequest {
  /** The same for the same messages of the same sink: a receiver that has seen it need not look further. */
  readonly key: string;
  readonly body: Buffer;
  /** How many messages it carries. */
  readonly messages: number;
}

type From = Pick<SinkOpening, 'pipelineId' | 'name' | 'installation'>;

/** Returns what makes the requests of a batch; it throws MessageRefusedError where a message is too long for any. */
export function requestsOf(
  config: WebhookConfig,
  from: From,
): (messages: readonly EventMessage[]) => readonly WebhookRequest[] {
  const most = config.max_body_bytes;
  if (config.body !== undefined) {
    const write = messageBody(config.body);
    return (messages) => messages.map((message) => request(from, [message], fitting(write(message), 0, most)));
  }
  const head = `{"pipeline_id":${from.pipelineId},"sink":${JSON.stringify(from.name)},"messages":[`;
  const frame = Buffer.byteLength(head) + 2;
  return (messages) => {
    const texts = messages.map((message) => fitting(messageJson(message), frame, most));
    return cut(texts, most - frame).map(([first, end]) =>
      request(from, messages.slice(first, end), `${head}${texts.slice(first, end).join(',')}]}`),
    );
  };
}

function messageJson({ id, op, seq, data }: EventMessage): string {
  return `{"id":${jsonText(id)},"op":"${op}","seq":${seq},"data":${data.text}}`;
}

function fitting(text: string, frame: number, most: number): string {
  const bytes = Buffer.byteLength(text) + frame;
  if (bytes <= most) return text;
  throw new MessageRefusedError(`a message takes ${bytes} bytes, more than max_body_bytes, ${most}`, {
    hint: 'raise max_body_bytes, or leave fields out with a dict_mapper',
  });
}

/** Cuts texts where their sum, commas included, would become too long; the same ones always in the same places. */
function cut(texts: readonly string[], most: number): readonly (readonly [first: number, end: number])[] {
  const pieces: [number, number][] = [];
  let first = 0;
  let bytes = 0;
  for (const [i, text] of texts.entries()) {
    const size = Buffer.byteLength(text) + 1;
    if (i > first && bytes + size > most + 1) {
      pieces.push([first, i]);
      first = i;
      bytes = 0;
    }
    bytes += size;
  }
  return [...pieces, [first, texts.length]];
}

/** Of two messages the bodies may be the same, where a body does not hold their ids. */
function request(
  { installation, pipelineId, name }: From,
  messages: readonly EventMessage[],
  text: string,
): WebhookRequest {
  const hash = createHash('sha256').update(`${installation}\n${pipelineId}\n${name}\n`);
  for (const { id, op, seq } of messages) hash.update(`${id}:${op}:${seq}\n`);
  const body = Buffer.from(text);
  return { key: hash.update(body).digest('hex').slice(0, 40), body, messages: messages.length };
}
