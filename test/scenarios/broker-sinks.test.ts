import { connect as connectRabbitmq } from 'amqplib';
import type { ChannelModel } from 'amqplib';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { describeWithKafka, KafkaMock } from '../support/kafka-mock.js';
import { addStream, describeWithNats, startNats } from '../support/nats.js';
import type { PrivateServer } from '../support/private-server.js';
import { describeWithRabbitmq, rabbitmqUrl, startRabbitmq } from '../support/rabbitmq.js';
import { rdkafkaEnvironment } from '../support/rdkafka.js';
import { describeReceiver } from '../support/receiver-scenario.js';
import type { GotMessage, Receiver } from '../support/receiver-scenario.js';

async function kafkaReceiver(): Promise<Receiver> {
  const kafka = await KafkaMock.start();
  await kafka.topic('transfers', 4);
  return {
    sink: { name: 'bus', type: 'kafka_producer', bootstrap_servers: '${BROKERS}', topic: 'transfers', batch_size: 7 },
    env: { BROKERS: kafka.brokers, ...rdkafkaEnvironment() },
    away: () => kafka.down(1, 2, 3),
    back: () => kafka.up(1, 2, 3),
    got: async () =>
      (await kafka.read('transfers')).map(({ headers, value }) => ({
        id: headers['chainparse-id'] ?? '',
        op: headers['chainparse-op'] ?? '',
        seq: Number(headers['chainparse-seq']),
        data: value,
      })),
  };
}

async function natsReceiver(): Promise<Receiver> {
  const server = await startNats();
  await addStream(server, { name: 'transfers' });
  return {
    sink: { name: 'nats', type: 'nats_sink', servers: '${NATS_URL}', subject: 'transfers.x', batch_size: 7 },
    env: { NATS_URL: `nats://127.0.0.1:${server.port}` },
    away: () => server.kill(),
    back: () => server.startAgain(),
    got: () => readStream(server),
  };
}

async function readStream({ port }: PrivateServer): Promise<readonly GotMessage[]> {
  const connection = await connectNats({ servers: `127.0.0.1:${port}` });
  const { streams } = await jetstreamManager(connection);
  const { state } = await streams.info('transfers');
  const numbers = Array.from({ length: state.messages }, (_, index) => state.first_seq + index);
  const messages = await Promise.all(numbers.map((seq) => streams.getMessage('transfers', { seq })));
  await connection.close();
  return messages.flatMap((message) => {
    if (message === null) return [];
    const [op, seq] = [message.header.get('Chainparse-Op'), message.header.get('Chainparse-Seq')];
    // Once the stream has other data under an id, which a row that was spoiled told, there is a hash behind it.
    const id = message.header.get('Nats-Msg-Id').replace(/:(?:insert|remove):\d+(?::[0-9a-f]{16})?$/, '');
    return [{ id, op, seq: Number(seq), data: message.string() }];
  });
}

async function rabbitmqReceiver(): Promise<Receiver> {
  const server = await startRabbitmq();
  const taken: GotMessage[] = [];
  return {
    sink: { name: 'rabbit', type: 'rabbitmq_sink', url: '${RABBITMQ_URL}', queue: 'transfers', batch_size: 7 },
    env: { RABBITMQ_URL: rabbitmqUrl(server.port) },
    away: () => server.stop(),
    back: () => server.startAgain(),
    got: async () => {
      const connection = await connectRabbitmq(rabbitmqUrl(server.port));
      await takeAll(connection, taken);
      await connection.close();
      return taken;
    },
  };
}

async function takeAll(connection: ChannelModel, taken: GotMessage[]): Promise<void> {
  const channel = await connection.createChannel();
  // As the sink declares it, which may not have come to that.
  await channel.assertQueue('transfers', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  for (;;) {
    const message = await channel.get('transfers', { noAck: true });
    if (message === false) return;
    const headers = message.properties.headers as Record<string, string>;
    const { 'chainparse-id': id = '', 'chainparse-op': op = '', 'chainparse-seq': seq } = headers;
    taken.push({ id, op, seq: Number(seq), data: message.content.toString() });
  }
}

describeWithKafka('Kafka as a receiver', () =>
  describeReceiver('a topic of Kafka', kafkaReceiver, ['sqlite', 'postgres']),
);
describeWithNats('NATS as a receiver', () =>
  describeReceiver('a stream of NATS', natsReceiver, ['mariadb', 'postgres']),
);
describeWithRabbitmq('RabbitMQ as a receiver', () =>
  describeReceiver('a queue of RabbitMQ', rabbitmqReceiver, ['sqlite', 'mysql']),
);
