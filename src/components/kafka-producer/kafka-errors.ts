import type { ChainparseError } from '../../runtime/errors.js';
import { MessageRefusedError, ReceiverAwayError } from '../seam/delivery-errors.js';

/** librdkafka's words for what a broker will never take, in lower case. */
const refusals = [
  'message size too large',
  'invalid message size',
  'broker failed to validate record',
  'policy violation',
  'message batch larger than configured server segment size',
];

/** Its words for what no waiting of its own mends, and what to do about it. */
const hints: readonly (readonly [words: string, hint: string | undefined])[] = [
  ['all broker connections are down', undefined],
  ['authentication failure', 'look at sasl_mechanism, sasl_username and sasl_password'],
  ['sasl authentication failed', 'look at sasl_mechanism, sasl_username and sasl_password'],
  ['ssl error', 'look at security_protocol, ssl_ca_location and the other keys of ssl_'],
  ['fatal error', undefined],
  ['unknown topic', 'create the topic, or let the brokers do so'],
  ['unknown partition', 'create the topic, or let the brokers do so'],
  ['topic authorization failed', 'the user needs the right to write to the topic'],
  ['cluster authorization failed', 'the user needs IdempotentWrite; acks: 1 does without'],
];

/** Says whether an event of the client ends what it is at. */
export function isDecisive({ message }: Error): boolean {
  return hints.some(([words]) => plain(message).includes(words));
}

/** Returns what an error of librdkafka means to who delivers; `reason` is what it wrote about it, where it did. */
export function kafkaError(error: Error, brokers: string, reason: string | null): ChainparseError {
  const [, key] = /^ssl\.(ca|certificate|key)\.location failed/.exec(error.message) ?? [];
  const words = key === undefined ? plain(error.message) : `the file of ssl_${key}_location can't be read`;
  if (refusals.includes(words)) return new MessageRefusedError(`Kafka refuses it: ${words}`, { cause: error });
  const hint = hints.find(([known]) => words.includes(known))?.[1];
  const why = reason === null ? words : `${words} (${reason})`;
  return new ReceiverAwayError(`Kafka at ${brokers}: ${why}`, { cause: error, hint });
}

/** Its log lines name a thread before what they say, and how long that took behind it. */
export function plainLine(line: string): string {
  return line.replace(/^(?:\[thrd:[^\]]*\]: )+/, '').replace(/ \(after \d+ms in state [^)]*\)$/, '');
}

function plain(message: string): string {
  return message.replace(/^(?:Broker|Local): /i, '').toLowerCase();
}
