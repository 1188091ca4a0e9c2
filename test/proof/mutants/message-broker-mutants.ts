import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const natsTests = ['test/components/nats-sink/nats-sink.test.ts'];
const turn = guardsOf('src/components/nats-sink/publish-in-turn.ts', [
  'test/components/nats-sink/publish-in-turn.test.ts',
]);
const nats = guardsOf('src/components/nats-sink/nats-session.ts', natsTests);
const kafkaTests = ['test/components/kafka-producer/kafka-sink.test.ts'];
const record = guardsOf('src/components/kafka-producer/kafka-record.ts', kafkaTests);
const producer = guardsOf('src/components/kafka-producer/kafka-connection.ts', kafkaTests);
const kafka = guardsOf('src/components/kafka-producer/kafka-sink.ts', kafkaTests);
const rabbitmq = guardsOf('src/components/rabbitmq-sink/rabbitmq-session.ts', [
  'test/components/rabbitmq-sink/rabbitmq-sink.test.ts',
]);

/** What sinks into message brokers do so that nothing is lost and nothing overtakes. */
export const messageBrokerMutants: readonly Mutant[] = [
  turn('nats-in-turn', 'a message is stored behind the one ahead of it alone', 'window[index - 1] ?? null', 'null'),
  nats('nats-too-large', 'nothing is sent with what is too large', 'if (size <= limit)', 'if (size >= 0)'),
  record('kafka-too-large', 'nor into Kafka', '<= config.max_message_bytes', '< Infinity'),
  producer('kafka-reports', 'a batch is delivered once brokers have it', '=== records.length', '>= 0'),
  kafka('kafka-drop', 'a producer that failed is let go', 'await this.close();', ''),
  rabbitmq('rabbitmq-mandatory', 'what no queue gets is known', 'mandatory: true,', 'mandatory: false,'),
  rabbitmq('rabbitmq-nack', 'so is what a queue refuses', 'else reject(error as Error);', 'else resolve();'),
];
