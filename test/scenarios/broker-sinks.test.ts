import { connect as connectRabbitmq } from 'amqplib';
import type { ChannelModel } from 'amqplib';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChainSimulator } from '../support/chain-simulator.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { extentOf } from '../support/extent.js';
import { describeWithKafka, KafkaMock } from '../support/kafka-mock.js';
import { addStream, describeWithNats, startNats } from '../support/nats.js';
import type { PrivateServer } from '../support/private-server.js';
import { runsFromSource } from '../support/processes.js';
import { describeWithRabbitmq, rabbitmqUrl, startRabbitmq } from '../support/rabbitmq.js';
import { rdkafkaEnvironment } from '../support/rdkafka.js';
import { Scenario } from '../support/scenario.js';
import { seededRandom } from '../support/seeded-random.js';
import { eventually } from '../support/within.js';

/** How many runs are killed per database. */
const kills = extentOf({ sample: 3, full: 6, soak: 100 });

/** A run lives for up to so long before it is killed. */
const longestLifeMs = runsFromSource ? 5_000 : 2_500;

/** A message as a receiver got it; `data` is JSON. */
interface Got {
  readonly id: string;
  readonly op: string;
  readonly seq: number;
  readonly data: string;
}

/** A receiver, and how it is taken away and brought back. */
interface Receiver {
  readonly sink: object;
  readonly env: Record<string, string>;
  away(): Promise<void>;
  back(): Promise<void>;
  /** All that it was ever sent, in the order in which it has it. */
  got(): Promise<readonly Got[]>;
}

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

async function readStream({ port }: PrivateServer): Promise<readonly Got[]> {
  const connection = await connectNats({ servers: `127.0.0.1:${port}` });
  const { streams } = await jetstreamManager(connection);
  const { state } = await streams.info('transfers');
  const numbers = Array.from({ length: state.messages }, (_, index) => state.first_seq + index);
  const messages = await Promise.all(numbers.map((seq) => streams.getMessage('transfers', { seq })));
  await connection.close();
  return messages.flatMap((message) => {
    if (message === null) return [];
    const [op, seq] = [message.header.get('Chainparse-Op'), message.header.get('Chainparse-Seq')];
    const id = message.header.get('Nats-Msg-Id').slice(0, -`:${op}:${seq}`.length);
    return [{ id, op, seq: Number(seq), data: message.string() }];
  });
}

async function rabbitmqReceiver(): Promise<Receiver> {
  const server = await startRabbitmq();
  const taken: Got[] = [];
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

async function takeAll(connection: ChannelModel, taken: Got[]): Promise<void> {
  const channel = await connection.createChannel();
  for (;;) {
    const message = await channel.get('transfers', { noAck: true });
    if (message === false) return;
    const headers = message.properties.headers as Record<string, string>;
    const { 'chainparse-id': id = '', 'chainparse-op': op = '', 'chainparse-seq': seq } = headers;
    taken.push({ id, op, seq: Number(seq), data: message.content.toString() });
  }
}

/** What a reader has that drops repetitions, and of the messages of each id takes the one with the highest number. */
function keptOf(messages: readonly Got[]): readonly string[] {
  const newest = new Map<string, Got>();
  for (const message of messages)
    if (message.seq > (newest.get(message.id)?.seq ?? -1)) newest.set(message.id, message);
  return [...newest.values()].flatMap(({ op, data }) => (op === 'insert' ? [data] : [])).sort();
}

/** Whatever was sent again, what was told first came in its order, and what was taken back had been told. */
function expectOrder(messages: readonly Got[]): void {
  const first = new Map(
    messages.toReversed().map((message) => [`${message.id} ${message.op} ${message.seq}`, message]),
  );
  const inOrder = messages.filter((message) => first.get(`${message.id} ${message.op} ${message.seq}`) === message);
  const numbers = inOrder.filter(({ op }) => op === 'insert').map(({ seq }) => seq);
  expect(numbers).to.deep.equal([...numbers].sort((a, b) => a - b));
  const told = new Set<string>();
  for (const { id, op } of inOrder) {
    if (op === 'insert') told.add(id);
    else expect(told.has(id), 'what is taken back was told').to.equal(true);
  }
}

/** Gives the pipeline of a scenario a sink, as a person does. */
async function addSink(scenario: Scenario, sink: object): Promise<void> {
  const file = join(scenario.folder, 'pipeline.json');
  const definition = JSON.parse(readFileSync(file, 'utf8')) as { readonly components: readonly object[] };
  writeFileSync(file, JSON.stringify({ ...definition, components: [...definition.components, sink] }));
  await scenario.chainparse('pipeline', 'import', 'pipeline.json', '--update');
}

/** Returns all that a receiver was told once that comes to what is stored, and what is stored is all of the chain. */
async function caughtUp(scenario: Scenario, node: ChainSimulator, receiver: Receiver): Promise<readonly Got[] | null> {
  const text = await scenario.chainparse('events', 'export', '--pipeline', '45');
  const stored = text.split('\n').filter((line) => line !== '');
  const truth = node.canonicalLogs().map(({ blockHash, logIndex }) => `${blockHash} ${Number(logIndex)}`);
  if (stored.map(placeOf).join() !== truth.join()) return null;
  const messages = await receiver.got();
  return keptOf(messages).join('\n') === [...stored].sort().join('\n') ? messages : null;
}

function placeOf(line: string): string {
  const { block_hash: hash, log_index: index } = JSON.parse(line) as Record<'block_hash' | 'log_index', string>;
  return `${hash} ${index}`;
}

function describeReceiver(name: string, start: () => Promise<Receiver>): void {
  eachDatabaseInTurn(`${name} behind runs that are killed while the chain changes`, (database) => {
    it(`has what the table has after ${kills} kills, told in order`, async function () {
      this.timeout(kills * 30_000 + 120_000);
      const random = seededRandom(11);
      const node = await ChainSimulator.start({}, { finalizedDistance: 30 });
      const receiver = await start();
      const source = { mode: 'realtime', pollInterval: 0.05 } as const;
      const scenario = await Scenario.begin(await database.fresh(), node.url, source, receiver.env);
      await addSink(scenario, receiver.sink);
      node.mine(30);
      for (let killed = 0; killed < kills; killed++) {
        const run = scenario.run();
        const isAway = killed % 3 === 1;
        if (isAway) await receiver.away();
        for (let turn = 0; turn < 5; turn++) {
          node.mine(1 + turn, (number) => Array.from({ length: number % 4 }, () => ({})));
          await new Promise((resolve) => setTimeout(resolve, 50 + (random() * longestLifeMs) / 5));
          if (turn % 2 === 1 && node.head.number > 25) node.reorg(1 + ((killed * 7 + turn) % 20));
        }
        await run.kill();
        if (isAway) await receiver.back();
      }
      const run = scenario.run();
      await eventually('the receiver has what the table has', () => caughtUp(scenario, node, receiver), 90_000);
      node.reorg(12);
      const again = 'it has what the table has once the chain has changed again';
      const told = await eventually(again, () => caughtUp(scenario, node, receiver), 90_000);
      expect(told.filter(({ op }) => op === 'remove')).to.have.length.above(0);
      expectOrder(told);
      run.signal('SIGTERM');
      expect((await run.exit()).code).to.equal(0);
      await node.stop();
      await receiver.away();
    });
  });
}

describeWithKafka('Kafka as a receiver', () => describeReceiver('a topic of Kafka', kafkaReceiver));
describeWithNats('NATS as a receiver', () => describeReceiver('a stream of NATS', natsReceiver));
describeWithRabbitmq('RabbitMQ as a receiver', () => describeReceiver('a queue of RabbitMQ', rabbitmqReceiver));
