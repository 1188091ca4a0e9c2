import { z } from 'zod';
import { whole } from '../keys/numbers.js';
import { namePattern } from '../keys/name-pattern.js';
import { portRange, secret, variable } from '../keys/secret.js';
import { sinkKeys } from '../keys/sink.js';
import { choice, line, oneOrMore, splitList } from '../keys/texts.js';
import { bothOrNone, together } from '../keys/together.js';
import type { Look } from '../keys/together.js';
import { withStandIns } from '../seam/variables.js';

/** The keys of a kafka_producer. */
export const schema = together(z.strictObject(shape()), (look) => {
  lookAtSasl(look);
  lookAtSsl(look);
});

function shape() {
  return {
    ...sinkKeys(),
    // A request holds one partition's messages: with few of them most of the time goes into asking.
    batch_size: whole(1, 100_000).default(2_000),
    bootstrap_servers: brokers(),
    topic: topic(),
    key_field: line(255).optional(),
    message_format: choice(['simple', 'envelope', 'detailed']).default('simple'),
    source_name: line(255).default('chain-data-parser'),
    acks: acks().default('all'),
    compression: choice(['none', 'gzip', 'snappy', 'lz4', 'zstd']).default('none'),
    max_message_bytes: whole(1_000, 1_000_000_000).default(1_000_000),
    client_id: line(255).default('chainparse'),
    ...securityKeys(),
  };
}

function securityKeys() {
  return {
    security_protocol: upperCase(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']).default('PLAINTEXT'),
    sasl_mechanism: upperCase(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).optional(),
    sasl_username: line(1_000).optional(),
    sasl_password: secret().optional(),
    ssl_ca_location: line(4_096).optional(),
    ssl_certificate_location: line(4_096).optional(),
    ssl_key_location: line(4_096).optional(),
    ssl_key_password: secret().optional(),
    ssl_endpoint_identification_algorithm: choice(['https', 'none']).optional(),
  };
}

/** What the schema makes of them. */
export type KafkaConfig = z.output<typeof schema>;

/** `host:9092,other:9092`, as Kafka's own tools take it, or a list. */
function brokers() {
  const broker = line(300).superRefine((text, context) => {
    const parts = withStandIns(text, variable).split(',');
    const problem = parts.map(brokerProblem).find((each) => each !== null);
    if (problem !== undefined) context.addIssue(problem);
  });
  return z.preprocess(splitList, oneOrMore(broker, 'host:port'));
}

function brokerProblem(text: string): string | null {
  const [, port] = /^(?:\[[0-9a-f:.]+\]|[^\s:/[\]{}]+):(\d{1,5})$/i.exec(text.trim()) ?? [];
  if (port !== undefined) return Number(port) >= 1 && Number(port) <= 65_535 ? null : portRange;
  return text.includes(variable) ? null : 'must be host:port, or a list of them';
}

/** Kafka takes no other letters, and no name that is a folder's. */
function topic() {
  const error =
    'may hold letters, digits, dots, underscores and hyphens, {event_name} and variables (${NAME}), and be neither . nor ..';
  return namePattern(249).refine((text) => /^(?!\.{1,2}$)[\w.{}-]*$/.test(withStandIns(text, variable)), { error });
}

/** Whoever acknowledges nothing can't be told from one that has lost all. */
function acks() {
  const error = 'must be all or 1: nothing is delivered that no broker has acknowledged';
  const words: Readonly<Record<string, string>> = { '-1': 'all' };
  const toWord = (value: unknown): unknown => words[String(value)] ?? (value === 1 ? '1' : value);
  return z.preprocess(toWord, z.enum(['all', '1'], { error }));
}

function upperCase<const T extends readonly [string, ...string[]]>(words: T) {
  const error = `must be ${words.join(' or ')}`;
  return z.string({ error }).trim().toUpperCase().pipe(z.enum(words, { error }));
}

type Security = Pick<z.output<z.ZodObject<ReturnType<typeof securityKeys>>>, 'security_protocol'>;

function lookAtSasl({ right: { security_protocol: protocol }, isGiven, tell }: Look<Security>): void {
  if (protocol === undefined) return;
  const login = ['sasl_username', 'sasl_password'];
  const isSasl = protocol.startsWith('SASL_');
  for (const key of login) if (isSasl && !isGiven(key)) tell(key, `is required with security_protocol ${protocol}`);
  const given = ['sasl_mechanism', ...login].filter((key) => isGiven(key));
  for (const key of isSasl ? [] : given) {
    tell(key, `means nothing with security_protocol ${protocol}`, 'write security_protocol: SASL_SSL');
  }
}

const sslKeys = Object.keys(securityKeys()).filter((key) => key.startsWith('ssl_'));

/** Who names files for TLS takes it that nothing is sent in the clear. */
function lookAtSsl(look: Look<Security>): void {
  bothOrNone(look, 'ssl_certificate_location', 'ssl_key_location');
  const { security_protocol: protocol } = look.right;
  if (protocol === undefined || protocol.endsWith('SSL')) return;
  for (const key of sslKeys.filter(look.isGiven)) {
    const message = `means nothing with security_protocol ${protocol}`;
    look.tell(key, message, 'write security_protocol: SSL, or SASL_SSL with a login');
  }
}
