import { connect, credentials } from 'amqplib';
import type { Channel, ChannelModel, GetMessage, Message, SocketOptions } from 'amqplib';
import { expect } from 'chai';
import type { Sink } from '../../../src/components/seam/sink.js';
import {
  MessageRefusedError,
  ReceiverAwayError,
  TakenInPartError,
} from '../../../src/components/seam/delivery-errors.js';
import { connectRabbitmq } from '../../../src/components/rabbitmq-sink/connect-rabbitmq.js';
import { rabbitmqSink } from '../../../src/components/rabbitmq-sink/kind.js';
import { schema } from '../../../src/components/rabbitmq-sink/schema.js';
import { MessageData } from '../../../src/model/event-message.js';
import type { EventMessage } from '../../../src/model/event-message.js';
import type { Clock } from '../../../src/runtime/clock.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { UsageError } from '../../../src/runtime/errors.js';
import { describeWithRabbitmq, rabbitmqUrl, startRabbitmq } from '../../support/rabbitmq.js';
import type { PrivateServer } from '../../support/private-server.js';
import { rejectionOf } from '../../support/rejection.js';
import { eventually } from '../../support/within.js';
import { batchOf, sinkContext, sinkOpening, transferMessage, transferMessages } from '../sink-fixture.js';

describeWithRabbitmq('a sink into RabbitMQ', () => {
  let server: PrivateServer;
  let connection: ChannelModel | undefined;
  let channel: Channel;
  const sinks: Sink[] = [];

  before(async () => {
    server = await startRabbitmq('max_message_size = 100000');
    await reach();
  });

  after(() => connection?.close().catch(() => undefined));

  afterEach(async () => {
    await Promise.all(sinks.splice(0).map((sink) => sink.close()));
  });

  async function reach(): Promise<void> {
    await connection?.close().catch(() => undefined);
    connection = await connect(rabbitmqUrl(server.port));
    connection.on('error', () => undefined);
    channel = await connection.createChannel();
  }

  async function open(keys: object, clock = systemClock): Promise<Sink> {
    const config = schema.parse({ url: '${URL}', ...keys });
    const sink = await rabbitmqSink.open({ ...config, url: rabbitmqUrl(server.port) }, sinkOpening({ clock }));
    sinks.push(sink);
    return sink;
  }

  async function taken(queue: string): Promise<readonly GetMessage[]> {
    const all: GetMessage[] = [];
    for (;;) {
      const message = await channel.get(queue, { noAck: true });
      if (message === false) return all;
      all.push(message);
    }
  }

  const idOf = ({ properties }: Message): string => String(properties.headers?.['chainparse-id']);

  it('keeps each message in the queue that it declares, with its headers', async () => {
    await channel.assertExchange('plain', 'topic');
    await (await open({ exchange: 'plain', queue: 'plain' })).deliver(batchOf(transferMessages(2)), sinkContext());
    const [first] = transferMessages(1);
    const [message, ...others] = await taken('plain');
    expect(others).to.have.length(1);
    expect(message?.content.toString()).to.equal(first!.data.text);
    expect(message?.fields).to.include({ exchange: 'plain', routingKey: 'Transfer' });
    expect(message?.properties).to.include({ deliveryMode: 2, contentType: 'application/json' });
    const headers = { 'chainparse-id': first!.id, 'chainparse-op': 'insert', 'chainparse-seq': '4711' };
    expect(message?.properties.headers).to.include(headers);
    const again = channel.checkQueue('plain');
    expect((await again).messageCount).to.equal(0);
    const other = await connection!.createChannel();
    other.on('error', () => undefined);
    const asClassic = other.assertQueue('plain', { arguments: { 'x-queue-type': 'classic' } });
    expect((await rejectionOf(asClassic)).message).to.contain("received 'classic' but current is 'quorum'");
  });

  it('puts messages straight into a queue where no exchange is named', async () => {
    await (await open({ queue: 'straight' })).deliver(batchOf(transferMessages(3)), sinkContext());
    expect((await taken('straight')).map(idOf)).to.deep.equal(transferMessages(3).map(({ id }) => id));
  });

  it('says that the exchange is missing, or leads nowhere, and delivers once it does', async () => {
    const sink = await open({ exchange: 'later' });
    const missing = await rejectionOf(sink.deliver(batchOf(transferMessages(1)), sinkContext()), ReceiverAwayError);
    expect(missing.message).to.equal(
      `RabbitMQ at 127.0.0.1:${server.port}: NOT_FOUND - no exchange 'later' in vhost '/'`,
    );
    await channel.assertExchange('later', 'direct');
    const unbound = await rejectionOf(sink.deliver(batchOf(transferMessages(3)), sinkContext()), ReceiverAwayError);
    expect(unbound.message).to.equal(
      "exchange 'later' leads nowhere with routing key 'Transfer': what was sent there was not kept",
    );
    await channel.assertQueue('later', { durable: true });
    await channel.bindQueue('later', 'later', 'Transfer');
    await untilDelivered(sink, transferMessages(3));
    expect((await taken('later')).map(idOf)).to.deep.equal(transferMessages(3).map(({ id }) => id));
  });

  it('sends what comes before a message that no queue gets once, however often that is tried', async () => {
    await channel.assertExchange('named', 'direct');
    await channel.assertQueue('transfers', { durable: true });
    await channel.bindQueue('transfers', 'named', 'Transfer');
    const sink = await open({ exchange: 'named' });
    const messages = transferMessages(6).map((message, i) => (i === 3 ? { ...message, eventName: 'Other' } : message));
    const first = await rejectionOf(sink.deliver(batchOf(messages), sinkContext()), TakenInPartError);
    expect(first.taken).to.equal(3);
    const rest = messages.slice(3);
    for (let tries = 0; tries < 3; tries++) {
      const error = await rejectionOf(sink.deliver(batchOf(rest), sinkContext()), ReceiverAwayError);
      expect(error.message).to.contain("'named' leads nowhere with routing key 'Other'");
    }
    await channel.bindQueue('transfers', 'named', 'Other');
    await untilDelivered(sink, rest);
    // What came behind it has come once before.
    const ids = messages.map(({ id }) => id);
    expect((await taken('transfers')).map(idOf)).to.deep.equal([
      ...ids.slice(0, 3),
      ...ids.slice(4),
      ...rest.map(({ id }) => id),
    ]);
  });

  async function declareSmall(queue: string): Promise<void> {
    const options = { arguments: { 'x-max-length': 5, 'x-overflow': 'reject-publish' } };
    await channel.assertQueue(queue, { durable: true, ...options });
  }

  it('says how many a queue had room for, and that it has none where nobody reads', async () => {
    await declareSmall('full');
    const sink = await open(
      { routing_key: 'full' },
      { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 50, signal) },
    );
    const first = await rejectionOf(sink.deliver(batchOf(transferMessages(20)), sinkContext()), TakenInPartError);
    expect(first.taken).to.equal(5);
    const rest = batchOf(transferMessages(20).slice(5));
    const error = await rejectionOf(sink.deliver(rest, sinkContext()), ReceiverAwayError);
    expect(error.message).to.equal(`RabbitMQ at 127.0.0.1:${server.port}: a message was not kept (nack)`);
    expect(error.hint).to.match(/^is a queue full that refuses what is new/);
    expect((await taken('full')).map(idOf)).to.deep.equal(transferMessages(5).map(({ id }) => id));
  });

  it('gets all into a queue with little room that is read, and others on its exchange get few of them again', async () => {
    await channel.assertExchange('both', 'fanout');
    await channel.assertQueue('beside', { durable: true });
    await declareSmall('small');
    for (const queue of ['beside', 'small']) await channel.bindQueue(queue, 'both', '');
    const read: string[] = [];
    await channel.prefetch(1);
    const { consumerTag } = await channel.consume('small', (message) => {
      if (message === null) return;
      read.push(idOf(message));
      channel.ack(message);
    });
    const sink = await open({ exchange: 'both' });
    const messages = transferMessages(200);
    for (let from = 0; from < messages.length; from += 20) {
      await untilDelivered(sink, messages.slice(from, from + 20));
    }
    const ids = messages.map(({ id }) => id);
    await eventually('the last one', () => read.includes(ids.at(-1)!));
    await channel.cancel(consumerTag);
    // What was kept behind a gap comes again behind what filled it.
    expect([...new Set(read.reverse())].reverse()).to.deep.equal(ids);
    expect(await taken('beside')).to.have.length.below(3 * ids.length);
  });

  it('refuses a batch with a message that is too large', async () => {
    const sink = await open({ queue: 'large' });
    const large = { ...transferMessage(1), data: MessageData.ofText(`{"a":"${'x'.repeat(100_000)}"}`) };
    const delivery = sink.deliver(batchOf([transferMessage(0), large, transferMessage(2)]), sinkContext());
    expect((await rejectionOf(delivery, MessageRefusedError)).message).to.match(/message size 100008 is larger/);
    await sink.deliver(batchOf([transferMessage(0)]), sinkContext());
    const kept = (await taken('large')).map(idOf);
    expect(new Set(kept)).to.deep.equal(new Set([transferMessage(0).id]));
  });

  it('gives up on a server that hangs, or lets go at once when it is told to', async () => {
    let isOver = false;
    let hasPassed = (): void => undefined;
    const longSleep = (): Promise<void> =>
      isOver ? Promise.resolve() : new Promise<void>((resolve) => (hasPassed = resolve));
    const clock = { ...systemClock, sleep: (ms: number) => (ms < 30_000 ? systemClock.sleep(ms) : longSleep()) };
    const sink = await open({ queue: 'hang' }, clock);
    await sink.deliver(batchOf(transferMessages(1)), sinkContext());
    server.freeze();
    try {
      const hanging = rejectionOf(sink.deliver(batchOf(transferMessages(2)), sinkContext()), ReceiverAwayError);
      isOver = true;
      hasPassed();
      expect((await hanging).message).to.contain('has confirmed nothing for 30 s');
      isOver = false;
      const stop = new AbortController();
      const aborted = rejectionOf(sink.deliver(batchOf(transferMessages(2)), sinkContext(stop.signal)));
      stop.abort(new Error('stop'));
      expect((await aborted).message).to.equal('stop');
    } finally {
      server.thaw();
    }
    await untilDelivered(sink, transferMessages(2));
  });

  it('goes on where the server closes the connection, is away and comes back, in the order that there was', async () => {
    const sink = await open({ queue: 'order' });
    const deliver = (count: number) => sink.deliver(batchOf(transferMessages(count)), sinkContext());
    await deliver(100);
    // In an orderly way first: right behind its declaration `kill -9` would cost the server the queue.
    await server.stop();
    expect((await rejectionOf(deliver(200), ReceiverAwayError)).message).to.contain('CONNECTION_FORCED');
    expect((await rejectionOf(deliver(200), ReceiverAwayError)).message).to.contain('ECONNREFUSED');
    await server.startAgain();
    await deliver(200);
    const killed = (async () => {
      await systemClock.sleep(50);
      await server.kill();
      await server.startAgain();
    })();
    for (let from = 0; from < 5_000; from += 500) {
      await untilDelivered(
        sink,
        Array.from({ length: 500 }, (_, n) => transferMessage(from + n)),
      );
    }
    await killed;
    await reach();
    const ids = (await taken('order')).map(idOf);
    expect([...new Set(ids)]).to.deep.equal(transferMessages(5_000).map(({ id }) => id));
  });

  it('says that the login is wrong, without showing it', async () => {
    const config = schema.parse({ url: '${URL}', queue: 'x' });
    const sink = await rabbitmqSink.open({ ...config, url: rabbitmqUrl(server.port, 'hunter2') }, sinkOpening());
    const error = await rejectionOf(sink.deliver(batchOf(transferMessages(1)), sinkContext()), ReceiverAwayError);
    expect(error.message).to.contain('ACCESS_REFUSED');
    expect(error.message).not.to.contain('hunter2');
    expect(error.hint).to.equal('look at user, password and virtual host of url, and at the rights of that user');
  });

  it('says that the virtual host is not there, which the client does not', async () => {
    const config = schema.parse({ url: '${URL}', queue: 'x' });
    const sink = await rabbitmqSink.open({ ...config, url: `${rabbitmqUrl(server.port)}/nope` }, sinkOpening());
    const error = await rejectionOf(sink.deliver(batchOf(transferMessages(1)), sinkContext()), ReceiverAwayError);
    expect(error.message).to.match(
      /: the server refuses the virtual host: it is not there, .* or has as many connections/,
    );
    expect(error.hint).to.match(/^look at user, password and virtual host/);
  });
});

describeWithRabbitmq('a RabbitMQ that has little', () => {
  const channels = 20;
  let server: PrivateServer;
  const sinks: Sink[] = [];

  before(async () => {
    server = await startRabbitmq(`vm_memory_high_watermark.absolute = 1MB\nchannel_max_per_node = ${channels}`);
  });

  after(() => Promise.all(sinks.map((sink) => sink.close())));

  const refusal = async (clock: Clock): Promise<ReceiverAwayError> => {
    const config = schema.parse({ url: '${URL}', queue: 'x' });
    const sink = await rabbitmqSink.open({ ...config, url: rabbitmqUrl(server.port) }, sinkOpening({ clock }));
    sinks.push(sink);
    return rejectionOf(sink.deliver(batchOf(transferMessages(2)), sinkContext()), ReceiverAwayError);
  };

  it('says why it closes a connection that wants a channel', async () => {
    const holder = await connect(rabbitmqUrl(server.port));
    holder.on('error', () => undefined);
    for (let held = 0; held < channels; held++) await holder.createChannel();
    const { message } = await refusal(systemClock).finally(() => holder.close());
    expect(message).to.match(/NOT_ALLOWED - number of channels /);
  });

  it('says of what, and that it goes on where there is more', async () => {
    // Its word comes behind the first message, at no time that is known.
    const hasty = { ...systemClock, sleep: (ms: number) => systemClock.sleep(Math.min(ms, 200)) };
    const error = await eventually('the server says why it takes nothing', async () => {
      const each = await refusal(hasty);
      await sinks.pop()?.close();
      return each.message.includes('takes nothing') ? each : null;
    });
    expect(error.message).to.match(/ has confirmed nothing for 30 s: the server takes nothing \(low on memory\)$/);
    expect(error.hint).to.match(/^make room for it \(rabbitmq-diagnostics alarms .* and it goes on$/);
  });
});

describe('the login in the URL of RabbitMQ', () => {
  const schemaUrl = schema.parse({ url: '${URL}', queue: 'x' });
  /** What the server is told of it; undefined: what the client makes of the URL. */
  const loginIn = async (url: string): Promise<string | undefined> => {
    let given: SocketOptions = {};
    const stop = (_url: string, options: SocketOptions): Promise<never> => {
      given = options;
      return Promise.reject(new Error('stop'));
    };
    const connecting = connectRabbitmq({ connect: stop, credentials }, { ...schemaUrl, url }, 'name');
    expect((await rejectionOf(connecting)).message).to.equal('stop');
    const { credentials: login } = given as { readonly credentials?: ReturnType<typeof credentials.plain> };
    return login?.response().toString();
  };

  it('may have letters beyond ASCII', async () => {
    expect(await loginIn('amqp://m%C3%BC:p%E2%82%AC%2B%25@h')).to.equal('\0mü\0p€+%');
    for (const url of ['amqp://h', 'amqp://me:100%@h']) expect(await loginIn(url), url).to.equal(undefined);
  });

  it('is shown nowhere where its password was cut off', async () => {
    const opened = connectRabbitmq(
      { connect, credentials },
      { ...schemaUrl, url: 'amqp://me:4711#hunter2@127.0.0.1:1' },
      'name',
    );
    const { message } = await rejectionOf(opened, UsageError);
    expect(message).to.equal('with what the environment says, user or password in url is not percent-encoded');
  });
});

/** Tries a batch again for as long as it takes, what was taken of it left out. */
async function untilDelivered(sink: Sink, messages: readonly EventMessage[]): Promise<void> {
  for (let left = messages; ;) {
    try {
      await sink.deliver(batchOf(left), sinkContext());
      return;
    } catch (error) {
      if (error instanceof TakenInPartError) {
        left = left.slice(error.taken);
        continue;
      }
      if (!(error instanceof ReceiverAwayError)) throw error;
      await systemClock.sleep(50);
    }
  }
}
