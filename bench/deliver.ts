import { join } from 'node:path';
import { connect } from 'amqplib';
import type { Sink } from '../src/components/seam/sink.js';
import { kafkaProducer } from '../src/components/kafka-producer/kind.js';
import { schema as kafkaSchema } from '../src/components/kafka-producer/schema.js';
import { natsSink } from '../src/components/nats-sink/kind.js';
import { schema as natsSchema } from '../src/components/nats-sink/schema.js';
import { rabbitmqSink } from '../src/components/rabbitmq-sink/kind.js';
import { schema as rabbitmqSchema } from '../src/components/rabbitmq-sink/schema.js';
import { redisSink } from '../src/components/redis-sink/kind.js';
import { redisSchema } from '../src/components/redis-sink/schema.js';
import { headersOf } from '../src/components/seam/message-headers.js';
import { webhookSink } from '../src/components/webhook-sink/kind.js';
import { webhookSchema } from '../src/components/webhook-sink/schema.js';
import type { EventMessage } from '../src/model/event-message.js';
import { batchOf, sinkContext, sinkOpening, transferMessages } from '../test/components/sink-fixture.js';
import { Child } from '../test/support/child.js';
import { KafkaMock } from '../test/support/kafka-mock.js';
import { addStream, startNats } from '../test/support/nats.js';
import { rabbitmqUrl, startRabbitmq } from '../test/support/rabbitmq.js';
import { findRdkafka } from '../test/support/rdkafka.js';
import { RedisServer } from '../test/support/redis-server.js';
import type { Benchmark } from './benchmark.js';

interface Contestant {
  readonly sink: Pick<Sink, 'deliver' | 'close'>;
  /** Sends a batch as a program would that only sends: where the server is the limit, what it takes from that is. */
  readonly bare?: Bare;
}

interface Bare {
  send(messages: readonly EventMessage[]): Promise<void>;
  close(): Promise<void>;
}

/** Each kind of sink that sends messages, opened on a server of its own. */
const contestants: Readonly<Record<string, () => Promise<Contestant>>> = {
  webhook_sink: async () => {
    const receiver = new Child(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'hook-process.ts')]);
    const [, port] = await receiver.output(/port (\d+)/);
    const config = webhookSchema.parse({ url: `http://127.0.0.1:${port}/`, secret: '${SECRET}', allow_private: true });
    return { sink: await webhookSink.open({ ...config, secret: 'a secret' }, sinkOpening()) };
  },
  redis_sink: async () => {
    const server = await RedisServer.start();
    const config = redisSchema.parse({ url: server.url, stream: 'usdc', max_length: 100_000 });
    return { sink: await redisSink.open(config, sinkOpening()) };
  },
  kafka_producer: async () => {
    findRdkafka();
    const kafka = await KafkaMock.start();
    const config = kafkaSchema.parse({ bootstrap_servers: kafka.brokers, topic: 'usdc' });
    return { sink: await kafkaProducer.open(config, sinkOpening()) };
  },
  nats_sink: async () => {
    const server = await startNats();
    await addStream(server, { name: 'usdc', max_msgs: 100_000 });
    const servers = `nats://127.0.0.1:${server.port}`;
    const config = natsSchema.parse({ servers, subject: 'usdc.{event_name}' });
    return { sink: await natsSink.open(config, sinkOpening()) };
  },
  rabbitmq_sink: async () => {
    const { port } = await startRabbitmq();
    const config = rabbitmqSchema.parse({ url: '${URL}', queue: 'usdc' });
    const sink = await rabbitmqSink.open({ ...config, url: rabbitmqUrl(port) }, sinkOpening());
    return { sink, bare: await bareRabbitmq(rabbitmqUrl(port)) };
  },
};

/** Publishes to a queue like the sink's through the same client, and waits for the confirms of each batch. */
async function bareRabbitmq(url: string): Promise<Bare> {
  const connection = await connect(url, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('bare', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  return {
    async send(messages) {
      for (const message of messages) {
        const options = { persistent: true, mandatory: true, headers: headersOf(message) };
        channel.publish('', 'bare', Buffer.from(message.data.text), options);
      }
      await channel.waitForConfirms();
    },
    close: () => connection.close(),
  };
}

/** Messages a second that are wanted. */
const wanted = 20_000;

/** What a sink must reach of a bare client's speed where the server takes less than what is wanted. */
const shareOfBare = 0.9;

/** How quick is a sink's delivery, its server's work included? */
export const deliver: Benchmark = {
  summary: `each sink that sends messages delivers ${wanted} of them a second, or what its server takes`,
  async run(options, report) {
    const messages = transferMessages(options.number('messages', 200_000));
    const size = options.number('batch', 500);
    for (const [type, open] of Object.entries(contestants)) {
      const { sink, bare } = await open();
      const speeds: number[] = [];
      const bareSpeeds: number[] = [];
      let own = 0;
      for (let round = 0; round < options.number('rounds', 3); round++) {
        const before = process.cpuUsage();
        speeds.push(await speedOf((batch) => sink.deliver(batchOf(batch), sinkContext()), messages, size));
        const { user, system } = process.cpuUsage(before);
        own += user + system;
        if (bare) bareSpeeds.push(await speedOf((batch) => bare.send(batch), messages, size));
      }
      await Promise.all([sink.close(), bare?.close()]);
      // Where server and client share two cores, this tells which of them was the limit.
      own /= messages.length * speeds.length;
      report.note(
        `${type}: ${own.toFixed(0)} µs of this process's processor a message: ${Math.round(1_000 / own)}k/s at most`,
      );
      report.note(`${type}: ${speeds.map(inThousands).join(', ')}`);
      const taken = Math.max(...bareSpeeds);
      if (bare) report.note(`${type}: a bare client in the same rounds: ${bareSpeeds.map(inThousands).join(', ')}`);
      if (bare && taken < wanted) {
        report.atLeast(
          `${type}: of what its server takes from a bare client`,
          Math.max(...speeds) / taken,
          shareOfBare,
        );
      } else report.atLeast(`${type}: messages a second`, Math.max(...speeds), wanted);
    }
  },
};

const inThousands = (speed: number): string => `${(speed / 1_000).toFixed(1)}k/s`;

async function speedOf(
  send: (messages: readonly EventMessage[]) => Promise<unknown>,
  messages: readonly EventMessage[],
  size: number,
): Promise<number> {
  const startedAt = performance.now();
  for (let from = 0; from < messages.length; from += size) await send(messages.slice(from, from + size));
  return (messages.length * 1_000) / (performance.now() - startedAt);
}
