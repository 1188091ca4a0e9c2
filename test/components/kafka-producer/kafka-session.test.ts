import { stat } from 'node:fs/promises';
import { expect } from 'chai';
import { KafkaSession } from '../../../src/components/kafka-producer/kafka-session.js';
import type { Producer, RdKafka } from '../../../src/components/kafka-producer/rdkafka.js';
import { kafkaProducer } from '../../../src/components/kafka-producer/kind.js';
import { schema } from '../../../src/components/kafka-producer/schema.js';
import { ReceiverAwayError } from '../../../src/components/seam/delivery-errors.js';
import { SessionSink } from '../../../src/components/seam/session-sink.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { makeAuthority } from '../../support/authority.js';
import { settle } from '../../support/fake-clock.js';
import { startHttps } from '../../support/https-server.js';
import { describeWithKafka } from '../../support/kafka-mock.js';
import { rejectionOf } from '../../support/rejection.js';
import { SilentServer } from '../../support/silent-server.js';
import { eventually, within } from '../../support/within.js';
import { batchOf, sinkContext, sinkOpening, transferMessage } from '../sink-fixture.js';

/** Work that node-rdkafka has put into the threads that files need, too. */
interface NativeWork {
  readonly what: 'start' | 'end';
  readonly finish: () => void;
}

/** A node-rdkafka whose work takes until it is told to finish. */
class FakeLibrary implements RdKafka {
  readonly work: NativeWork[] = [];
  readonly Producer: RdKafka['Producer'];

  constructor() {
    const add = (what: NativeWork['what'], finish: () => void): void => void this.work.push({ what, finish });
    this.Producer = class implements Producer {
      connect(_options: object, done: (error: null) => void): void {
        add('start', () => this.getMetadata({}, () => done(null)));
      }

      getMetadata: Producer['getMetadata'] = () => expect.fail('a thread waits for what brokers say');

      disconnect(_flushMs: number, done: () => void): void {
        add('end', done);
      }

      produce(): void {}
      poll(): void {}
      on(): void {}
    };
  }

  get begun(): readonly string[] {
    return this.work.map(({ what }) => what);
  }

  async finish(): Promise<void> {
    this.work.shift()?.finish();
    await settle();
  }
}

describe('producers of Kafka', () => {
  const keys = { bootstrap_servers: 'broker:9092', topic: 'made' };
  let library: FakeLibrary;

  beforeEach(() => (library = new FakeLibrary()));

  const open = (signal = new AbortController().signal): Promise<KafkaSession> =>
    KafkaSession.open({ library, config: schema.parse(keys), clock: systemClock }, signal);

  /** What a sink says whose delivery is called off. */
  const calledOff = async (signal: AbortSignal): Promise<string> => {
    const sink = new SessionSink(open);
    return (await rejectionOf(sink.deliver(batchOf([transferMessage(0)]), sinkContext(signal)))).message;
  };

  async function opened(): Promise<KafkaSession> {
    const opening = open();
    await settle();
    await library.finish();
    return await opening;
  }

  it('are made one at a time, whatever brokers do', async () => {
    const opening = [open(), open(), open()];
    for (const made of opening) {
      await settle();
      expect(library.begun).to.deep.equal(['start']);
      await library.finish();
      await made;
    }
    expect(library.begun).to.deep.equal([]);
  });

  it('are let go one at a time, which holds up none that is made', async () => {
    const sessions = [await opened(), await opened()];
    const closing = sessions.map((session) => session.close());
    const opening = open();
    await settle();
    expect(library.begun).to.have.members(['end', 'start']);
    await library.finish();
    await library.finish();
    await opening;
    expect(library.begun).to.deep.equal(['end']);
    await library.finish();
    await Promise.all(closing);
  });

  it('are not made for who has given up meanwhile', async () => {
    const stop = new AbortController();
    const first = open();
    const second = calledOff(stop.signal);
    await settle();
    stop.abort(new Error('stop'));
    expect(await second).to.equal('stop');
    await library.finish();
    await first;
    expect(library.begun).to.deep.equal([]);
  });

  it('are let go where who wanted one has given up while it was made', async () => {
    const stop = new AbortController();
    const opening = calledOff(stop.signal);
    await settle();
    stop.abort(new Error('stop'));
    expect(await opening).to.equal('stop');
    await library.finish();
    expect(library.begun).to.deep.equal(['end']);
    await library.finish();
  });
});

describeWithKafka('a Kafka that accepts connections', () => {
  async function deliver(keys: object, signal?: AbortSignal): Promise<void> {
    const sink = await kafkaProducer.open(schema.parse({ topic: 'silent', ...keys }), sinkOpening());
    try {
      await sink.deliver(batchOf([transferMessage(0)]), sinkContext(signal));
    } finally {
      await sink.close();
    }
  }

  it('and never answers leaves the threads that files need to others, however many sinks ask it', async () => {
    const silent = await SilentServer.start();
    const brokers = `127.0.0.1:${silent.port}`;
    const stops = Array.from({ length: 12 }, () => new AbortController());
    const delivering = stops.map(({ signal }) => rejectionOf(deliver({ bootstrap_servers: brokers }, signal)));
    await eventually('all have connected', () => silent.accepted >= delivering.length, 4_000);
    await within(1_000, stat('.'), () => 'a file waits');
    for (const stop of stops) stop.abort(new Error('stop'));
    const ended = await within(2_000, Promise.all(delivering), () => 'sinks wait');
    expect(ended.map(({ message }) => message)).to.deep.equal(stops.map(() => 'stop'));
  });

  it('and wants TLS is told with what to look at', async () => {
    const brokers = `localhost:${await startHttps(makeAuthority())}`;
    const { message, hint } = await rejectionOf(deliver({ bootstrap_servers: brokers }), ReceiverAwayError);
    expect(message).to.match(/^Kafka at localhost:\d+: .*might be caused by incorrect security\.protocol/);
    expect(hint).to.contain('security_protocol');
  });

  it('and has a certificate that is not trusted is told with what to look at, and where', async () => {
    const brokers = `localhost:${await startHttps(makeAuthority())}`;
    const delivering = deliver({ bootstrap_servers: brokers, security_protocol: 'SSL' });
    const { message, hint } = await rejectionOf(delivering, ReceiverAwayError);
    expect(message).to.contain('(localhost: SSL handshake failed');
    expect(hint).to.contain('ssl_ca_location');
  });
});
