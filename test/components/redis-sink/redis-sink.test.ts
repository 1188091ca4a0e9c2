import { expect } from 'chai';
import type { Sink } from '../../../src/components/seam/sink.js';
import { ReceiverAwayError } from '../../../src/components/seam/delivery-errors.js';
import type { RedisConfig } from '../../../src/components/redis-sink/schema.js';
import { redisSink } from '../../../src/components/redis-sink/kind.js';
import type { EventMessage } from '../../../src/model/event-message.js';
import { UsageError } from '../../../src/runtime/errors.js';
import { FakeClock } from '../../support/fake-clock.js';
import { RedisServer, withRedis } from '../../support/redis-server.js';
import { rejectionOf } from '../../support/rejection.js';
import { eventually } from '../../support/within.js';
import { batchOf, sinkContext, sinkOpening, transferMessage, transferMessages } from '../sink-fixture.js';

withRedis('the streams of Redis', () => {
  let server: RedisServer;
  let clock: FakeClock;
  let sink: Sink;

  before(async function () {
    this.timeout(60_000);
    server = await RedisServer.start();
  });
  beforeEach(async () => {
    clock = new FakeClock();
    await server.command('FLUSHALL');
  });
  afterEach(() => sink.close());
  after(() => server.stop());

  const open = async (by: Partial<RedisConfig> = {}): Promise<Sink> => {
    const common = {
      event_name: [],
      delivery: 'latest',
      start: 'beginning',
      batch_size: 500,
      max_attempts: 10,
    } as const;
    const config = { ...common, event_name: [], url: server.url, stream: 'usdc', timeout: 10, ...by };
    return (sink = await redisSink.open(config, sinkOpening({ clock })));
  };
  const deliver = (messages: readonly EventMessage[], signal?: AbortSignal): Promise<void> =>
    sink.deliver(batchOf(messages), sinkContext(signal));
  const away = (): Promise<ReceiverAwayError> => rejectionOf(deliver(transferMessages(2)), ReceiverAwayError);
  /** Where nobody listens yet, that is said first. */
  const untilItLoads = async (): Promise<ReceiverAwayError> => {
    const error = await away();
    return error.message.includes(': LOADING') ? error : untilItLoads();
  };
  const mistake = (): Promise<UsageError> => rejectionOf(deliver(transferMessages(2)), UsageError);
  const ids = async (stream = 'usdc'): Promise<readonly string[]> =>
    (await server.entries(stream)).map((entry) => entry['chainparse-id'] ?? '');

  it('get messages in their order, with what Kafka has as headers', async () => {
    await open();
    const removed = transferMessage(2, { op: 'remove' });
    await deliver([transferMessage(1), removed]);
    expect(await server.entries('usdc')).to.deep.equal([
      {
        'chainparse-id': transferMessage(1).id,
        'chainparse-op': 'insert',
        'chainparse-seq': '4712',
        data: transferMessage(1).data.text,
      },
      { 'chainparse-id': removed.id, 'chainparse-op': 'remove', 'chainparse-seq': '4713', data: removed.data.text },
    ]);
    const all = transferMessages(2_000);
    await deliver(all);
    expect((await ids()).slice(2)).to.deep.equal(all.map(({ id }) => id));
  });

  it('are one for each event where their name says so', async () => {
    await open({ stream: 'usdc.{event_name}' });
    await deliver([transferMessage(1), transferMessage(2, { eventName: 'Approval' }), transferMessage(3)]);
    expect(await ids('usdc.Transfer')).to.deep.equal([transferMessage(1).id, transferMessage(3).id]);
    expect(await ids('usdc.Approval')).to.deep.equal([transferMessage(2).id]);
  });

  it('get nothing again where another of the batch is none, until that is put right', async () => {
    await open({ stream: 'usdc.{event_name}' });
    await server.command('SET', 'usdc.Approval', 'a text');
    const approval = transferMessage(2, { eventName: 'Approval' });
    const messages = [transferMessage(1), approval, transferMessage(3)];
    for (let i = 0; i < 3; i++)
      expect((await rejectionOf(deliver(messages), UsageError)).message).to.contain('WRONGTYPE');
    const transfers = [transferMessage(1).id, transferMessage(3).id];
    expect(await ids('usdc.Transfer')).to.deep.equal(transfers);
    await server.command('DEL', 'usdc.Approval');
    await deliver(messages);
    expect([await ids('usdc.Transfer'), await ids('usdc.Approval')]).to.deep.equal([transfers, [approval.id]]);
    // What is sent again on purpose comes again.
    await deliver(messages);
    expect([await ids('usdc.Transfer'), await ids('usdc.Approval')]).to.deep.equal([
      [...transfers, ...transfers],
      [approval.id, approval.id],
    ]);
  });

  it('are kept to about so many entries', async () => {
    await open({ max_length: 1_000 });
    await deliver(transferMessages(5_000));
    expect(await server.command('XLEN', 'usdc')).to.be.within(1_000, 1_200);
    await sink.close();
    await open();
    await deliver(transferMessages(500));
    expect(await server.command('XLEN', 'usdc')).to.be.within(1_500, 1_700);
  });

  it('stay as they are where Redis has no room, and go on when it has', async () => {
    await open();
    await deliver(transferMessages(1));
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    const { message, hint } = await away();
    expect(message).to.match(/OOM/);
    expect(hint).to.contain('raise maxmemory');
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await deliver(transferMessages(2));
    expect(await ids()).to.have.length(3);
  });

  it('say what to do where replicas are missing, or the server takes no more connections', async () => {
    await open();
    await server.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
    const lonely = await away();
    expect(lonely.message).to.contain('NOREPLICAS');
    expect(lonely.hint).to.contain('INFO replication');
    await server.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
    await deliver(transferMessages(1));
    await server.command('CONFIG', 'SET', 'maxclients', '1');
    const inside = sink;
    // Who says something first hears why, and who says nothing is cut off.
    for (const url of [server.url, server.url.replace('//', '//:pw@')]) {
      await open({ url });
      expect((await away()).hint).to.contain('maxclients');
    }
    await inside.close();
    const room = server.command.bind(server, 'CONFIG', 'SET', 'maxclients', '1000');
    const isLetIn = (): Promise<boolean> => room().then(Boolean, () => false);
    await eventually('its place is free', isLetIn);
  });

  it('wait for a replica to be made a master', async () => {
    await open();
    await server.command('REPLICAOF', '127.0.0.1', '1');
    const { message, hint } = await away();
    expect(message).to.match(/READONLY/);
    expect(hint).to.contain('the server that takes writes');
    // By now its name may lead to another server.
    const isAlone = async (): Promise<boolean> => /connected_clients:1\b/.test(String(await server.command('INFO')));
    await eventually('the connection is let go', isAlone);
    await server.command('REPLICAOF', 'NO', 'ONE');
    await deliver(transferMessages(1));
  });

  it('wait for a server that reads its data, and say that it does', async function () {
    this.timeout(60_000);
    const slow = ['--key-load-delay', '80000', '--loading-process-events-interval-bytes', '1024'];
    const starting = await RedisServer.start('--appendonly', 'no', ...slow);
    for (let n = 0; n < 100; n++) await starting.command('SET', `k${n}`, 'x'.repeat(1_000));
    await starting.command('SAVE');
    void starting.restart().catch(() => undefined);
    await open({ url: starting.url });
    const { hint } = await untilItLoads();
    expect(hint).to.contain('reads its data: wait');
    await starting.stop();
  });

  it('are found again after a server that was killed or restarted between batches, or froze', async function () {
    this.timeout(60_000);
    await open();
    await deliver(transferMessages(1));
    await server.restart();
    await deliver(transferMessages(2));
    await server.stop();
    const at = `127.0.0.1:${server.port}`;
    // Whoever was connected may be told so first.
    await away();
    expect((await away()).message).to.equal(`Redis at ${at}: connect ECONNREFUSED ${at}`);
    await server.restart();
    expect(await ids()).to.have.length(3);
    await deliver(transferMessages(3));
    server.freeze();
    const waiting = away();
    await clock.whenSleeping();
    await clock.advance(10_000);
    expect((await waiting).message).to.equal(`Redis at ${at}: no answer within 10 s`);
    server.thaw();
    await deliver(transferMessages(4));
  });

  it('say that a server which keeps silent may know no TLS', async () => {
    await open({ url: server.url.replace('redis:', 'rediss:') });
    const waiting = away();
    await clock.whenSleeping();
    await clock.advance(10_000);
    expect(await waiting).to.include({
      message: `Redis at 127.0.0.1:${server.port}: no answer to TLS within 10 s`,
      hint: 'does it answer at all, and is its port one for TLS? Without TLS the url begins with redis://',
    });
  });

  it('end with the reason of their signal', async () => {
    await open();
    await deliver(transferMessages(1));
    server.freeze();
    const stop = new AbortController();
    const waiting = rejectionOf(deliver(transferMessages(1), stop.signal));
    stop.abort(new Error('enough'));
    expect((await waiting).message).to.equal('enough');
    server.thaw();
  });

  it('say clearly what only a person can mend', async () => {
    await server.command('SET', 'usdc', 'a text');
    await open();
    const { message, hint } = await mistake();
    expect(message).to.equal('Redis refuses: WRONGTYPE Operation against a key holding the wrong kind of value');
    expect(hint).to.contain('give another stream');
    await server.command('ACL', 'SETUSER', 'reader', 'on', '>pw', '+get', '~*');
    await open({ url: `redis://reader:pw@127.0.0.1:${server.port}` });
    expect((await mistake()).hint).to.contain('ACL SETUSER user +xadd');
    await server.command('ACL', 'SETUSER', 'writer', 'on', '>pw', '+xadd', '+multi', '+exec', '~*');
    await open({ url: `redis://writer:pw@127.0.0.1:${server.port}/3` });
    expect((await mistake()).hint).to.contain('ACL SETUSER user +select');
    await open({ url: `redis://reader:hunter2@127.0.0.1:${server.port}` });
    const wrong = await mistake();
    expect(wrong.message)
      .to.match(/WRONGPASS/)
      .and.not.contain('hunter2');
    expect(wrong.hint).to.contain('are not those of the server').and.contain('${PASSWORD}');
    await open({ url: server.url.replace('//', '//:hunter2@') });
    expect((await mistake()).hint).to.equal('it wants no login: leave user and password out of the url');
    await open({ url: `${server.url}/99` });
    expect((await mistake()).hint).to.contain('that of a database');
  });

  it('show no URL that its variables made wrong', async () => {
    const error = await rejectionOf(open({ url: 'http://hunter2' }), UsageError);
    expect(error.message).to.equal('with what the environment says, url is no URL of redis or rediss');
    const misled = await rejectionOf(open({ url: `${server.url}/hunter2` }), UsageError);
    expect(misled.message).to.equal('with what the environment says, the path of url is no number of a database');
    const { message, hint } = await rejectionOf(open({ url: 'redis://:100%hunter2@127.0.0.1:1' }), UsageError);
    expect(message).to.equal('with what the environment says, user or password in url is not percent-encoded');
    expect(hint).to.contain('a % is %25');
    // What stands before the sign seems to be a host and its port, and is a part of the password.
    for (const cut of ['#', '/', '?']) {
      const whole = await rejectionOf(open({ url: `redis://me:4711${cut}hunter2@127.0.0.1:1` }), UsageError);
      expect(whole.message).to.equal(message);
      expect(whole.hint).to.contain('a # is %23');
    }
  });
});

withRedis('a Redis with a password', () => {
  it('is told from one that is away', async function () {
    this.timeout(60_000);
    const server = await RedisServer.start('--requirepass', 'pw');
    const common = {
      event_name: [],
      delivery: 'latest',
      start: 'beginning',
      batch_size: 500,
      max_attempts: 10,
    } as const;
    const config = { ...common, event_name: [], stream: 'usdc', timeout: 10 };
    for (const [login, isRight] of [
      ['', false],
      [':hunter2@', false],
      [':pw@', true],
    ] as const) {
      const url = server.url.replace('//', `//${login}`);
      const sink = await redisSink.open({ ...config, url }, sinkOpening());
      const delivered = sink.deliver(batchOf(transferMessages(1)), sinkContext());
      if (isRight) await delivered;
      else
        expect((await rejectionOf(delivered, UsageError)).hint).to.contain(
          login === '' ? 'in front of its host: user:${PASSWORD}@' : 'are not those of the server',
        );
      await sink.close();
    }
    await server.stop();
  });
});
