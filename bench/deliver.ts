import { join } from 'node:path';
import type { Sink } from '../src/components/seam/sink.js';
import { kafkaProducer } from '../src/components/kafka-producer/kind.js';
import { schema as kafkaSchema } from '../src/components/kafka-producer/schema.js';
import { natsSink } from '../src/components/nats-sink/kind.js';
import { schema as natsSchema } from '../src/components/nats-sink/schema.js';
import { rabbitmqSink } from '../src/components/rabbitmq-sink/kind.js';
import { schema as rabbitmqSchema } from '../src/components/rabbitmq-sink/schema.js';
import { redisSink } from '../src/components/redis-sink/kind.js';
import { redisSchema } from '../src/components/redis-sink/schema.js';
import { webhookSink } from '../src/components/webhook-sink/kind.js';
import { webhookSchema } from '../src/components/webhook-sink/schema.js';
import { batchOf, sinkContext, sinkOpening, transferMessages } from '../test/components/sink-fixture.js';
import { Child } from '../test/support/child.js';
import { KafkaMock } from '../test/support/kafka-mock.js';
import { addStream, startNats } from '../test/support/nats.js';
import { rabbitmqUrl, startRabbitmq } from '../test/support/rabbitmq.js';
import { findRdkafka } from '../test/support/rdkafka.js';
import { RedisServer } from '../test/support/redis-server.js';
import type { Benchmark } from './benchmark.js';

/** Each kind of sink that sends messages, opened on a server of its own. */
const contestants: Readonly<Record<string, () => Promise<Sink>>> = {
  webhook_sink: async () => {
    const receiver = new Child(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'hook-process.ts')]);
    const [, port] = await receiver.output(/port (\d+)/);
    const config = webhookSchema.parse({ url: `http://127.0.0.1:${port}/`, secret: '${SECRET}', allow_private: true });
    return webhookSink.open({ ...config, secret: 'a secret' }, sinkOpening());
  },
  redis_sink: async () => {
    const server = await RedisServer.start();
    return redisSink.open(redisSchema.parse({ url: server.url, stream: 'usdc', max_length: 100_000 }), sinkOpening());
  },
  kafka_producer: async () => {
    findRdkafka();
    const kafka = await KafkaMock.start();
    return kafkaProducer.open(kafkaSchema.parse({ bootstrap_servers: kafka.brokers, topic: 'usdc' }), sinkOpening());
  },
  nats_sink: async () => {
    const server = await startNats();
    await addStream(server, { name: 'usdc', max_msgs: 100_000 });
    const servers = `nats://127.0.0.1:${server.port}`;
    return natsSink.open(natsSchema.parse({ servers, subject: 'usdc.{event_name}' }), sinkOpening());
  },
  rabbitmq_sink: async () => {
    const { port } = await startRabbitmq();
    const config = rabbitmqSchema.parse({ url: '${URL}', queue: 'usdc' });
    return rabbitmqSink.open({ ...config, url: rabbitmqUrl(port) }, sinkOpening());
  },
};

/** Messages a second that are wanted. */
const wanted = 20_000;

/** How quick is a sink's delivery, its server's work included? */
export const deliver: Benchmark = {
  summary: `each sink that sends messages delivers ${wanted} of them a second`,
  async run(options, report) {
    const messages = transferMessages(options.number('messages', 200_000));
    const size = options.number('batch', 500);
    for (const [type, open] of Object.entries(contestants)) {
      const sink = await open();
      const speeds: number[] = [];
      const before = process.cpuUsage();
      for (let round = 0; round < options.number('rounds', 3); round++)
        speeds.push(await speedOf(sink, messages, size));
      const { user, system } = process.cpuUsage(before);
      await sink.close();
      // Where server and client share two cores, this tells which of them was the limit.
      const own = (user + system) / (messages.length * speeds.length);
      report.note(
        `${type}: ${own.toFixed(0)} µs of this process's processor a message: ${Math.round(1_000 / own)}k/s at most`,
      );
      report.note(`${type}: ${speeds.map((speed) => `${Math.round(speed / 1_000)}k/s`).join(', ')}`);
      report.atLeast(`${type}: messages a second`, Math.max(...speeds), wanted);
    }
  },
};

async function speedOf(sink: Sink, messages: ReturnType<typeof transferMessages>, size: number): Promise<number> {
  const startedAt = performance.now();
  for (let from = 0; from < messages.length; from += size) {
    await sink.deliver(batchOf(messages.slice(from, from + size)), sinkContext());
  }
  return (messages.length * 1_000) / (performance.now() - startedAt);
}
