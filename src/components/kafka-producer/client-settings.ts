import type { RdkafkaSettings } from './rdkafka.js';
import type { KafkaConfig } from './schema.js';

/** Keys that librdkafka has under the same name, with dots. */
const passedThrough = [
  'sasl_username',
  'sasl_password',
  'ssl_ca_location',
  'ssl_certificate_location',
  'ssl_key_location',
  'ssl_key_password',
  'ssl_endpoint_identification_algorithm',
] as const;

/** Returns what librdkafka is told for a config. */
export function clientSettings(config: KafkaConfig): RdkafkaSettings {
  return {
    'bootstrap.servers': config.bootstrap_servers.join(','),
    'client.id': config.client_id,
    'compression.codec': config.compression,
    'message.max.bytes': config.max_message_bytes,
    ...orderSettings(config.acks),
    // A batch is given all at once: nothing more comes that is worth waiting for.
    'queue.buffering.max.ms': 0.5,
    'queue.buffering.max.messages': 1_000_000,
    // When to give up is this sink's affair, which then lets the producer go with all that it holds.
    'message.timeout.ms': 0,
    // A broker that accepts and keeps silent is away after as long as one that does not answer what is asked first.
    'socket.connection.setup.timeout.ms': 10_000,
    'security.protocol': config.security_protocol,
    ...saslSettings(config),
    ...Object.fromEntries(passedThrough.flatMap((key) => settingOf(key, config[key]))),
    dr_cb: true,
    event_cb: true,
  };
}

/** Returns what librdkafka is told of each topic. */
export function topicSettings({ acks }: KafkaConfig): RdkafkaSettings {
  // That of Java's clients, so that a key has one partition whoever writes it.
  return { 'request.required.acks': acks === 'all' ? -1 : 1, partitioner: 'murmur2_random' };
}

/**
 * Nothing overtakes what has to be sent again: brokers refuse what does not follow on a producer's last message, and of
 * one that failed for good nothing more is sent. Without their help one request is under way at a time.
 */
function orderSettings(acks: KafkaConfig['acks']): RdkafkaSettings {
  if (acks === 'all') return { 'enable.idempotence': true, 'enable.gapless.guarantee': true };
  return { 'enable.idempotence': false, 'max.in.flight': 1 };
}

function saslSettings({ security_protocol: protocol, sasl_mechanism: mechanism }: KafkaConfig): RdkafkaSettings {
  return protocol.startsWith('SASL_') ? { 'sasl.mechanism': mechanism ?? 'PLAIN' } : {};
}

function settingOf(key: string, value: string | undefined): readonly (readonly [string, string])[] {
  return value === undefined ? [] : [[key.replaceAll('_', '.'), value]];
}
