import { expect } from 'chai';
import type { Sink } from '../../../src/components/seam/sink.js';
import { MessageRefusedError, ReceiverAwayError } from '../../../src/components/seam/delivery-errors.js';
import { kafkaProducer } from '../../../src/components/kafka-producer/kind.js';
import { schema } from '../../../src/components/kafka-producer/schema.js';
import { systemClock } from '../../../src/runtime/clock.js';
import type { Clock } from '../../../src/runtime/clock.js';
import { MessageData } from '../../../src/model/event-message.js';
import { describeWithKafka, KafkaMock } from '../../support/kafka-mock.js';
import { rejectionOf } from '../../support/rejection.js';
import { batchOf, sinkContext, sinkOpening, transferMessage, transferMessages } from '../sink-fixture.js';

const tokenOf = (n: number): string => `0x${String(n).padStart(40, '0')}`;

/** Messages of some contracts in turn. */
function messagesOf(contracts: number, count: number, from = 0) {
  return Array.from({ length: count }, (_, index) => {
    const message = transferMessage(from + index);
    return { ...message, place: { ...message.place, contractAddress: tokenOf(index % contracts) } };
  });
}

describeWithKafka('a sink into Kafka', () => {
  let kafka: KafkaMock;
  const sinks: Sink[] = [];

  beforeEach(async () => {
    kafka = await KafkaMock.start();
  });

  afterEach(async () => {
    await Promise.all(sinks.splice(0).map((sink) => sink.close()));
    await kafka.stop();
  });

  async function open(topic: string, keys: object = {}, clock: Clock = systemClock): Promise<Sink> {
    const config = schema.parse({ bootstrap_servers: kafka.brokers, topic, ...keys });
    const sink = await kafkaProducer.open(config, sinkOpening({ clock }));
    sinks.push(sink);
    return sink;
  }

  it('sends each message with its key and headers, and resolves once brokers have them', async () => {
    const sink = await open('plain.{event_name}');
    await sink.deliver(batchOf(transferMessages(3)), sinkContext());
    const records = await kafka.read('plain.Transfer');
    const [first] = transferMessages(1);
    expect(records).to.have.length(3);
    expect(records[0]).to.include({ key: first!.place.contractAddress, value: first!.data.text });
    expect(records[0]?.headers).to.deep.equal({
      'chainparse-id': first!.id,
      'chainparse-op': 'insert',
      'chainparse-seq': '4711',
    });
  });

  it('keeps the order of each key while brokers come and go', async () => {
    await kafka.topic('order', 6);
    const sink = await open('order');
    const sent = Array.from({ length: 30 }, (_, n) => messagesOf(12, 200, n * 200));
    const trouble = (async () => {
      for (const broker of [1, 2, 3, 1, 2, 3]) {
        await kafka.down(broker);
        await systemClock.sleep(100);
        await kafka.up(broker);
      }
    })();
    for (const messages of sent) await untilDelivered(sink, messages);
    await trouble;
    expectOrder(await kafka.read('order'), sent.flat());
  });

  it('says that no broker is there, and loses and turns round nothing of what was under way', async () => {
    await kafka.topic('away', 3);
    const sink = await open('away');
    await sink.deliver(batchOf(messagesOf(6, 50)), sinkContext());
    await kafka.down(1, 2, 3);
    const told = /^Kafka at 127\.0\.0\.1:\d+.*: all broker connections are down \(.*refused\)$/;
    let message = '';
    // It finds them gone one after the other.
    for (let tries = 0; tries < 10 && !told.test(message); tries++) {
      const delivery = sink.deliver(batchOf(messagesOf(6, 50, 50)), sinkContext());
      ({ message } = await rejectionOf(delivery, ReceiverAwayError));
    }
    expect(message).to.match(told);
    await kafka.up(1, 2, 3);
    await untilDelivered(sink, messagesOf(6, 50, 50));
    await sink.deliver(batchOf(messagesOf(6, 50, 100)), sinkContext());
    expectOrder(await kafka.read('away'), messagesOf(6, 50).concat(messagesOf(6, 50, 50), messagesOf(6, 50, 100)));
  });

  it('does not take what was wrong while it was idle for what is wrong now', async () => {
    let skippedMs = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + skippedMs };
    const sink = await open('idle', {}, clock);
    await sink.deliver(batchOf([transferMessage(0)]), sinkContext());
    await kafka.down(1, 2, 3);
    await systemClock.sleep(300);
    await kafka.up(1, 2, 3);
    skippedMs = 600_000;
    await sink.deliver(batchOf([transferMessage(1)]), sinkContext());
    expectOrder(await kafka.read('idle'), [transferMessage(0), transferMessage(1)]);
  });

  it('gives up on brokers that hang, and sends nothing of that try later', async () => {
    let skippedMs = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + skippedMs };
    const sink = await open('hang', {}, clock);
    await sink.deliver(batchOf([transferMessage(0)]), sinkContext());
    kafka.freeze();
    const delivery = rejectionOf(sink.deliver(batchOf([transferMessage(1)]), sinkContext()), ReceiverAwayError);
    await systemClock.sleep(50);
    skippedMs = 60_000;
    expect((await delivery).message).to.contain('nothing was acknowledged for 30 s');
    kafka.thaw();
    await untilDelivered(sink, [transferMessage(1)]);
    await untilDelivered(sink, [transferMessage(2)]);
    expectOrder(
      await kafka.read('hang'),
      [0, 1, 2].map((n) => transferMessage(n)),
    );
  });

  it('says where to look when brokers answer that too few replicas are in step, and goes on once there are enough', async () => {
    const tooFew = 19;
    let skippedMs = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + skippedMs };
    const sink = await open('replicas', {}, clock);
    await sink.deliver(batchOf([transferMessage(0)]), sinkContext());
    for (let times = 0; times < 3; times++) await kafka.refuseNext(tooFew);
    const delivery = rejectionOf(sink.deliver(batchOf([transferMessage(1)]), sinkContext()), ReceiverAwayError);
    await systemClock.sleep(50);
    skippedMs = 60_000;
    const { message, hint } = await delivery;
    expect(message).to.match(/: nothing was acknowledged for 30 s$/);
    expect(hint).to.match(/a leader of the topic away, or .* than its min\.insync\.replicas\?$/);
    await untilDelivered(sink, [transferMessage(1)]);
    expectOrder(await kafka.read('replicas'), [transferMessage(0), transferMessage(1)]);
  });

  it('lets go at once when it is told to', async () => {
    const sink = await open('stop');
    await sink.deliver(batchOf([transferMessage(0)]), sinkContext());
    kafka.freeze();
    const stop = new AbortController();
    const delivery = rejectionOf(sink.deliver(batchOf([transferMessage(1)]), sinkContext(stop.signal)));
    stop.abort(new Error('stop'));
    expect((await delivery).message).to.equal('stop');
    kafka.thaw();
  });

  it('refuses a batch with a message that is too large before any of it is sent', async () => {
    const sink = await open('large', { max_message_bytes: 2_000 });
    const large = { ...transferMessage(1), data: MessageData.ofText(`{"a":"${'x'.repeat(2_000)}"}`) };
    const batch = [transferMessage(0), large, transferMessage(2)];
    const error = await rejectionOf(sink.deliver(batchOf(batch), sinkContext()), MessageRefusedError);
    expect(error.message).to.match(/^a message of 2[2-5]\d\d bytes with its key and headers: too large for large$/);
    await sink.deliver(batchOf([transferMessage(0)]), sinkContext());
    expect(await kafka.read('large')).to.have.length(1);
  });

  it('tells what brokers refuse for good from what they can’t do now', async () => {
    const sink = await open('refused');
    await sink.deliver(batchOf([transferMessage(0)]), sinkContext());
    for (const code of [10, 44, 87]) {
      await kafka.refuseNext(code);
      await rejectionOf(sink.deliver(batchOf([transferMessage(1)]), sinkContext()), MessageRefusedError);
    }
    await kafka.refuseNext(29);
    const error = await rejectionOf(sink.deliver(batchOf([transferMessage(1)]), sinkContext()), ReceiverAwayError);
    expect(error.message).to.contain('topic authorization failed');
    expect(error.hint).to.equal('the user needs the right to write to the topic');
    await sink.deliver(batchOf([transferMessage(1)]), sinkContext());
    expectOrder(await kafka.read('refused'), [transferMessage(0), transferMessage(1)]);
  });

  it('says which file of its keys can’t be read', async () => {
    const sink = await open('files', { security_protocol: 'ssl', ssl_ca_location: '/nonexistent.pem' });
    const error = await rejectionOf(sink.deliver(batchOf([transferMessage(0)]), sinkContext()), ReceiverAwayError);
    expect(error.message).to.match(/: the file of ssl_ca_location can't be read/);
  });

  it('does not connect before it delivers, and is closed twice', async () => {
    const sink = await open('never', { bootstrap_servers: '127.0.0.1:1' });
    await sink.close();
    const error = await rejectionOf(sink.deliver(batchOf([transferMessage(0)]), sinkContext()), ReceiverAwayError);
    expect(error.message).to.contain('Connection refused');
    await sink.close();
    await sink.close();
  });
});

/** Tries a batch again for as long as it takes. */
async function untilDelivered(sink: Sink, messages: ReturnType<typeof messagesOf>): Promise<void> {
  for (;;) {
    try {
      await sink.deliver(batchOf(messages), sinkContext());
      return;
    } catch (error) {
      if (!(error instanceof ReceiverAwayError)) throw error;
      await systemClock.sleep(20);
    }
  }
}

/** Each key's messages, repetitions dropped, are those that were sent, in their order. */
function expectOrder(records: Awaited<ReturnType<KafkaMock['read']>>, sent: ReturnType<typeof messagesOf>): void {
  const received = new Map<string, Set<string>>();
  for (const { key, headers } of records) {
    received.set(key, (received.get(key) ?? new Set()).add(headers['chainparse-id'] ?? ''));
  }
  const expected = new Map<string, string[]>();
  for (const { id, place } of sent)
    expected.set(place.contractAddress, [...(expected.get(place.contractAddress) ?? []), id]);
  expect(Object.fromEntries([...received].map(([key, ids]) => [key, [...ids]]))).to.deep.equal(
    Object.fromEntries(expected),
  );
}
