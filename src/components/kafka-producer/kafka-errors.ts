import type { ChainparseError } from '../../runtime/errors.js';
import { MessageRefusedError, ReceiverAwayError } from '../seam/delivery-errors.js';
import type { LogLine } from './rdkafka.js';

/** librdkafka's errors are 0 to 3, as in syslog. */
const errorSeverity = 3;
/** What it does not take for errors, and tells why nothing comes of a connection. */
const alsoReasons = /might be caused by|^\S+: Timed out \w+ in flight$/;

/** librdkafka's words for what a broker will never take, in lower case. */
const refusals = [
  'message size too large',
  'invalid message size',
  'broker failed to validate record',
  'policy violation',
  'message batch larger than configured server segment size',
];

const allDown = 'all broker connections are down';
const handshakeFailed = 'SSL handshake failed';
const forTls =
  'look at security_protocol, ssl_ca_location and the other keys of ssl_; their certificate may be for another name, or have run out';

/** What differs from one try to the next though the same is wrong, and what stays of it: whoever reads the log would take it for news. */
const accidents: readonly (readonly [found: RegExp, kept: string])[] = [
  [/^(?:plaintext|ssl|sasl_plaintext|sasl_ssl):\/\//, ''],
  // A broker's port, and its number.
  [/^(\S+):\d+\/(?:bootstrap|-?\d+): /, '$1: '],
  [/\bConnect to \S+ failed: /, 'Connect failed: '],
  [/ \[\d+\] with \d+ message\(s\)/, ''],
  [/ with broker \d+/, ''],
  // What to do about it, by names that are not those of our keys: it is not always said.
  [/(certificate verify failed): broker certificate could not be verified, .*$/, '$1'],
  // The producer's id, and how long ago what happened to it, within one more pair of brackets.
  [/ \((?:broker \d+ )?PID\{(?:[^()]|\([^()]*\))*\)/, ''],
];

/** Its words for what no waiting of its own mends, and what to do about it: the first that are told count. */
const hints: readonly (readonly [words: string, hint: string | undefined])[] = [
  ['authentication failure', 'look at sasl_mechanism, sasl_username and sasl_password'],
  ['sasl authentication failed', 'look at sasl_mechanism, sasl_username and sasl_password'],
  ['ssl error', forTls],
  ['ssl handshake failed', forTls],
  ['certificate verify failed', forTls],
  ['unknown topic', 'create the topic, or let the brokers do so'],
  ['unknown partition', 'create the topic, or let the brokers do so'],
  ['topic authorization failed', 'the user needs the right to write to the topic'],
  ['cluster authorization failed', 'the user needs IdempotentWrite; acks: 1 does without'],
  [allDown, 'are they there? Look at bootstrap_servers and security_protocol'],
  // With acks: all every refusal is one, and says beside it what was refused.
  ['fatal error', undefined],
];

/** Says whether an event of the client ends what it is at. */
export function isDecisive({ message }: Error): boolean {
  return hints.some(([words]) => plain(message).includes(words));
}

/** Returns what an error of librdkafka means to who delivers; `reason` is what it wrote about it, where it did. */
export function kafkaError(error: Error, brokers: string, reason: string | null): ChainparseError {
  const [, key] = /^ssl\.(ca|certificate|key)\.location failed/.exec(error.message) ?? [];
  const words = key === undefined ? wordsOf(error, reason) : `the file of ssl_${key}_location can't be read`;
  if (refusals.includes(words)) return new MessageRefusedError(`Kafka refuses it: ${words}`, { cause: error });
  // Which of them was the last to be away is chance.
  const told = words === allDown ? (reason?.replace(/^\S+: (?=Connect failed: )/, '') ?? null) : reason;
  const why = told === null ? words : `${words} (${told})`;
  const hint = hints.find(([known]) => why.toLowerCase().includes(known))?.[1];
  return new ReceiverAwayError(`Kafka at ${brokers}: ${why}`, { cause: error, hint });
}

/** Returns why something does not go well, by a line of its log; null where that tells nothing of it. */
export function reasonOf({ severity, message }: LogLine): string | null {
  const line = plainLine(message);
  return severity <= errorSeverity || alsoReasons.test(line) ? line : null;
}

/** Its lines name a thread before what they say, and how long that took behind it. */
function plainLine(line: string): string {
  const said = line.replace(/^(?:\[thrd:[^\]]*\]: )+/, '').replace(/ \(after \d+ms\b.*\)$/, '');
  const told = accidents.reduce((text, [found, kept]) => text.replace(found, kept), said);
  // It does not always come to say so: a broker may have closed the connection first.
  const isHandshake = / in state SSL_HANDSHAKE\b/.test(line) && !told.includes(handshakeFailed);
  return isHandshake ? told.replace(/^(?:\S+: )?/, `$&${handshakeFailed}: `) : told;
}

/** Brokers that are there, and come to no terms about TLS, are not down: which of the two is heard first is chance. */
function wordsOf({ message }: Error, reason: string | null): string {
  const words = plain(message);
  return words === allDown && reason?.includes(handshakeFailed) === true ? 'ssl error' : words;
}

function plain(message: string): string {
  return message.replace(/^(?:Broker|Local): /i, '').toLowerCase();
}
