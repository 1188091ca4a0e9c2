import type { SinkKind } from '../seam/component.js';
import { describeSink, sinkConfigKeys } from '../keys/sink.js';
import { SessionSink } from '../seam/session-sink.js';
import type { KafkaConfig } from './schema.js';

/** Delivers into topics of Kafka, by node-rdkafka. */
export const kafkaProducer: SinkKind<KafkaConfig> = {
  type: 'kafka_producer',
  role: 'sink',
  schema: async () => (await import('./schema.js')).schema,
  keys: sinkConfigKeys,
  rows: ({ bootstrap_servers: brokers, topic, key_field: key, message_format: format }) => [
    ['brokers', brokers.join(', ')],
    ['topic', topic],
    ['key', key ?? 'the contract’s address'],
    ['message format', format],
  ],
  describe: describeSink,
  open: async (config, { clock }) => {
    const [{ KafkaSession }, { loadRdKafka }] = await Promise.all([
      import('./kafka-session.js'),
      import('./rdkafka.js'),
    ]);
    const parts = { library: await loadRdKafka(), config, clock };
    return new SessionSink((signal) => KafkaSession.open(parts, signal));
  },
};
