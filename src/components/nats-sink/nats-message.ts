import { createHash } from 'node:crypto';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { EventMessage } from '../../model/event-message.js';

/** A message as JetStream has it. */
export interface NatsMessage {
  readonly subject: string;
  /** By which JetStream knows a repetition. */
  readonly id: string;
  readonly payload: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The header with the subject to which a message was sent. */
export const sentSubject = 'Chainparse-Subject';

/** How many letters of a hash tell a message from another one of its event. */
const ownLength = 16;

/** Returns what is sent of a message. */
export function natsMessage({ id, op, seq, data }: EventMessage, subject: string): NatsMessage {
  const headers = [
    ['Chainparse-Op', op],
    ['Chainparse-Seq', String(seq)],
    // A stream with a subject_transform stores another one.
    [sentSubject, subject],
  ] as const;
  return { subject, id: `${id}:${op}:${seq}`, payload: data.text, headers };
}

/**
 * Names a message by what it says and where, too. JetStream looks at ids alone, in the whole stream: by theirs the messages of two sinks
 * about one event are the same.
 */
export function named(message: NatsMessage): NatsMessage {
  const { id, subject, payload } = message;
  const hash = createHash('sha256').update(`${subject}\n`).update(payload).digest('hex');
  return { ...message, id: `${id}:${hash.slice(0, ownLength)}` };
}

/** Puts down its headers, and behind which message alone it may be stored, where that matters. */
export function writeHeaders(headers: MsgHdrs, message: NatsMessage, behind: NatsMessage | null): MsgHdrs {
  headers.set('Nats-Msg-Id', message.id);
  for (const [name, value] of message.headers) headers.set(name, value);
  if (behind !== null) headers.set('Nats-Expected-Last-Msg-Id', behind.id);
  return headers;
}

/** At most what a message takes of a server's max_payload, which counts the headers: ids of all are about as long, or have a hash. */
export function sizeOf({ id, payload, headers }: NatsMessage): number {
  const ofHeaders = headers.map(([name, value]) => name.length + value.length + 4);
  return ofHeaders.reduce((sum, size) => sum + size, Buffer.byteLength(payload) + 2 * (id.length + ownLength + 50));
}
