import { jsonText } from '../../model/event-message.js';
import type { EventMessage, JsonValue } from '../../model/event-message.js';
import { RefusedUnsentError } from '../seam/delivery-errors.js';
import { parsePath, valueAt } from '../seam/field-path.js';
import { nameFor } from '../keys/name-pattern.js';
import { headersOf } from '../seam/message-headers.js';
import type { MessageHeaders } from '../seam/message-headers.js';
import type { KafkaConfig } from './schema.js';

/** A message as Kafka has it. */
export interface KafkaRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: Buffer;
  readonly headers: MessageHeaders;
}

/** Returns how a config's records are made of messages; it throws RefusedUnsentError for one that is too large. */
export function recordsOf(config: KafkaConfig): (message: EventMessage) => KafkaRecord {
  const keyOf = keysOf(config);
  const valueOf = valuesOf(config);
  return (message) => {
    const topic = nameFor(config.topic, message.eventName);
    const record = { topic, key: keyOf(message), value: Buffer.from(valueOf(message)), headers: headersOf(message) };
    const size = wireSize(record);
    if (size <= config.max_message_bytes) return record;
    throw new RefusedUnsentError(`a message of ${size} bytes with its key and headers: too large for ${topic}`, {
      hint: `max_message_bytes is ${config.max_message_bytes}; the topic's max.message.bytes counts as well`,
    });
  };
}

/** Order is kept for each key: that of a contract's events, unless a field of theirs is named. */
function keysOf({ key_field: field }: KafkaConfig): (message: EventMessage) => string {
  if (field === undefined) return ({ place }) => place.contractAddress;
  const path = parsePath(field);
  // A mapper takes the name of a field literally: a dot stays a dot.
  return ({ data, place }) => textOf(data.fields.get(field) ?? valueAt(data.fields, path)) ?? place.contractAddress;
}

function textOf(value: JsonValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : jsonText(value);
}

/** What surrounds the data tells of the event, not of the sending: a repetition is the same to the byte. */
function valuesOf({ message_format: format, source_name }: KafkaConfig): (message: EventMessage) => string {
  if (format === 'simple') return ({ data }) => data.text;
  const source = JSON.stringify(source_name);
  if (format === 'envelope') {
    return ({ place, data }) => `{"timestamp":${timeOf(place.timestamp)},"source":${source},"data":${data.text}}`;
  }
  return ({ id, place, data }) =>
    `{"id":${JSON.stringify(id)},"timestamp":${timeOf(place.timestamp)},"source":${source},"version":"1.0","data":${data.text}}`;
}

/** The block's time with an offset: older versions of Python read no Z. */
function timeOf(timestamp: number): string {
  const date = new Date(timestamp * 1000);
  return Number.isNaN(date.getTime()) ? 'null' : `"${date.toISOString().replace('.000Z', '+00:00')}"`;
}

/** At most what librdkafka counts against message.max.bytes. */
function wireSize({ key, value, headers }: KafkaRecord): number {
  const ofHeaders = Object.entries(headers).map(([name, text]) => name.length + Buffer.byteLength(text) + 10);
  return ofHeaders.reduce((sum, size) => sum + size, value.length + Buffer.byteLength(key) + 70);
}
