import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const turn = guardsOf('src/components/nats-sink/publish-in-turn.ts', [
  'test/components/nats-sink/publish-in-turn.test.ts',
]);
const tooLarge = 'too large before any of it is sent';
const nats = guardsOf(
  'src/components/nats-sink/nats-session.ts',
  ['test/components/nats-sink/nats-sink.test.ts'],
  tooLarge,
);
const streams = guardsOf('src/components/nats-sink/streams.ts', ['test/components/nats-sink/nats-sink.test.ts']);
const kafkaTests = ['test/components/kafka-producer/kafka-sink.test.ts'];
const record = guardsOf('src/components/kafka-producer/kafka-record.ts', kafkaTests, tooLarge);
const away = 'says that no broker is there';
const producer = guardsOf('src/components/kafka-producer/kafka-session.ts', kafkaTests, away);

/** What sinks into message brokers do so that nothing is lost and nothing overtakes. */
export const messageBrokerMutants: readonly Mutant[] = [
  turn('nats-in-turn', 'a message is stored behind the one ahead of it alone', 'window[index - 1] ?? null', 'null'),
  nats('nats-too-large', 'nothing is sent with what is too large', 'if (size <= limit)', 'if (size >= 0)'),
  streams(
    'nats-dropped',
    'what a stream dropped for another message is stored',
    'sentTo === subject && kept?.string() === payload',
    'kept !== null',
  ),
  record('kafka-too-large', 'nor into Kafka', '<= config.max_message_bytes', '< Infinity'),
  producer('kafka-reports', 'a batch is delivered once brokers have it', '=== records.length', '>= 0'),
];
