import type { EventMessage } from '../../model/event-message.js';

/** What tells a receiver which event a message is about, beside its data: headers of Kafka and RabbitMQ, fields of Redis. */
export type MessageHeaders = Readonly<Record<'chainparse-id' | 'chainparse-op' | 'chainparse-seq', string>>;

/** Returns the headers of a message. */
export function headersOf({ id, op, seq }: Pick<EventMessage, 'id' | 'op' | 'seq'>): MessageHeaders {
  return { 'chainparse-id': id, 'chainparse-op': op, 'chainparse-seq': String(seq) };
}
