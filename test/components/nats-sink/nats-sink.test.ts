import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import { connect, headers as natsHeaders, nkeys } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Sink } from '../../../src/components/seam/sink.js';
import { MessageRefusedError, ReceiverAwayError } from '../../../src/components/seam/delivery-errors.js';
import { natsSink } from '../../../src/components/nats-sink/kind.js';
import { schema } from '../../../src/components/nats-sink/schema.js';
import { MessageData } from '../../../src/model/event-message.js';
import type { EventMessage } from '../../../src/model/event-message.js';
import { UsageError } from '../../../src/runtime/errors.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { addStream, describeWithNats, startNats } from '../../support/nats.js';
import type { PrivateServer } from '../../support/private-server.js';
import { rejectionOf } from '../../support/rejection.js';
import { batchOf, sinkContext, sinkOpening, transferMessage, transferMessages } from '../sink-fixture.js';

describeWithNats('a sink into NATS', () => {
  let server: PrivateServer;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  const sinks: Sink[] = [];
  const logger = new MemoryLogger();

  before(async () => {
    server = await startNats();
    await reach();
  });

  after(() => connection.close());

  afterEach(async () => {
    await Promise.all(sinks.splice(0).map((sink) => sink.close()));
    logger.clear();
  });

  async function reach(): Promise<void> {
    connection = await connect({ servers: `127.0.0.1:${server.port}` });
    manager = await jetstreamManager(connection);
  }

  async function open(subject: string, keys: object = {}): Promise<Sink> {
    const config = schema.parse({ servers: `nats://127.0.0.1:${server.port}`, subject, ...keys });
    const sink = await natsSink.open(config, { ...sinkOpening(), logger });
    sinks.push(sink);
    return sink;
  }

  /** Makes a stream of a subject, and all below it. */
  async function stream(name: string, config: Partial<StreamConfig> = {}): Promise<void> {
    await manager.streams.add({ name, subjects: [`${name}.>`], ...config });
  }

  async function stored(name: string): Promise<readonly { id: string; subject: string; text: string }[]> {
    const { state } = await manager.streams.info(name);
    const numbers = Array.from({ length: state.messages }, (_, index) => state.first_seq + index);
    return await Promise.all(
      numbers.map(async (seq) => {
        const message = await manager.streams.getMessage(name, { seq });
        if (message === null) throw new Error(`${name} has no message ${seq}`);
        return { id: message.header.get('Nats-Msg-Id'), subject: message.subject, text: message.string() };
      }),
    );
  }

  it('stores each message under the subject of its event, with its id and headers', async () => {
    await stream('plain');
    await (await open('plain.{event_name}')).deliver(batchOf(transferMessages(2)), sinkContext());
    const [first] = transferMessages(1);
    const [message] = await stored('plain');
    expect(message).to.deep.equal({ id: idOf(first!), subject: 'plain.Transfer', text: first!.data.text });
    const { header } = (await manager.streams.getMessage('plain', { seq: 1 }))!;
    const told = ['Op', 'Seq', 'Subject'].map((name) => header.get(`Chainparse-${name}`));
    expect(told).to.deep.equal(['insert', '4711', 'plain.Transfer']);
  });

  it('stores a repeated batch once, and what follows behind it', async () => {
    await stream('again');
    const sink = await open('again.x');
    await sink.deliver(batchOf(transferMessages(50)), sinkContext());
    await sink.deliver(batchOf(transferMessages(80)), sinkContext());
    expect((await stored('again')).map(({ id }) => id)).to.deep.equal(transferMessages(80).map(idOf));
  });

  it('stores what another sink has stored of the same events, in its order and once', async () => {
    await stream('two');
    await (await open('two.raw')).deliver(batchOf(transferMessages(40)), sinkContext());
    const mapped = transferMessages(60).map(mappedOf);
    // Behind the last one of the other sink the 41st could be stored at once.
    for (let round = 0; round < 2; round++) {
      const sink = await open('two.mapped');
      await sink.deliver(batchOf(mapped), sinkContext());
      await sink.deliver(batchOf(mapped.slice(50)), sinkContext());
    }
    const kept = await stored('two');
    expect(kept.slice(0, 40).map(({ id }) => id)).to.deep.equal(transferMessages(40).map(idOf));
    const own = kept.slice(40);
    expect(own.map(({ subject, text }) => [subject, text])).to.deep.equal(
      mapped.map(({ data }) => ['two.mapped', data.text]),
    );
    own.forEach(({ id }, n) => expect(id).to.match(new RegExp(`^${idOf(mapped[n]!)}:[0-9a-f]{16}$`)));
    expect(logger.messages('warn')).to.deep.equal(Array<string>(2).fill(sharedText('two.mapped')));
  });

  it('stores what it makes now of events of which the stream has what it made before', async () => {
    await stream('anew');
    const [raw, mapped] = [transferMessages(3), transferMessages(3).map(mappedOf)];
    for (const messages of [raw, mapped, raw]) {
      await (await open('anew.x')).deliver(batchOf(messages), sinkContext());
    }
    const texts = [...raw, ...mapped].map(({ data }) => data.text);
    expect((await stored('anew')).map(({ text }) => text)).to.deep.equal(texts);
  });

  it('knows its own messages in a stream that stores them under other subjects', async () => {
    await stream('sent', { subject_transform: { src: 'sent.>', dest: 'kept.>' } });
    const texts = transferMessages(3).map(({ data }) => data.text);
    for (let round = 0; round < 2; round++) {
      await (await open('sent.a')).deliver(batchOf(transferMessages(3)), sinkContext());
      expect((await stored('sent')).map(({ subject, text }) => [subject, text])).to.deep.equal(
        texts.map((text) => ['kept.a', text]),
      );
    }
    await (await open('sent.b')).deliver(batchOf(transferMessages(3)), sinkContext());
    expect((await stored('sent')).map(({ text }) => text)).to.deep.equal([...texts, ...texts]);
  });

  it('knows what a version without the header of the subject has stored', async () => {
    await stream('older');
    const [message] = transferMessages(1);
    const headers = natsHeaders();
    headers.set('Nats-Msg-Id', idOf(message!));
    await jetstream(connection).publish('older.x', message!.data.text, { headers });
    await (await open('older.x')).deliver(batchOf([message!]), sinkContext());
    expect(await stored('older')).to.have.length(1);
  });

  it('finds among what it has stored itself what the stream has of another sink', async () => {
    await stream('among');
    const [first, second] = [await open('among.a'), await open('among.b')];
    await first.deliver(batchOf(transferMessages(5)), sinkContext());
    await second.deliver(batchOf(transferMessages(20).slice(5)), sinkContext());
    await first.deliver(batchOf(transferMessages(30)), sinkContext());
    const texts = (await stored('among')).flatMap(({ subject, text }) => (subject === 'among.a' ? [text] : []));
    // What could be stored behind the other sink's last one is told again, behind what comes before it.
    expect([...texts.slice(0, 5), ...texts.slice(-25)]).to.deep.equal(
      transferMessages(30).map(({ data }) => data.text),
    );
  });

  it('stores again what the stream has dropped as a repetition and has no more', async () => {
    await stream('gone', { max_msgs: 2 });
    await (await open('gone.x')).deliver(batchOf(transferMessages(5)), sinkContext());
    await manager.streams.update('gone', { max_msgs: 100 });
    await (await open('gone.x')).deliver(batchOf(transferMessages(5)), sinkContext());
    const texts = transferMessages(5).map(({ data }) => data.text);
    expect((await stored('gone')).map(({ text }) => text)).to.deep.equal([...texts.slice(3), ...texts]);
  });

  it('keeps the order where somebody else writes into the stream meanwhile', async () => {
    await stream('shared');
    const sink = await open('shared.mine');
    let isOver = false;
    const other = (async () => {
      for (let n = 0; !isOver; n++) {
        connection.publish('shared.other', String(n));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    for (let from = 0; from < 2_000; from += 500) {
      await sink.deliver(batchOf(transferMessages(500).map((_, n) => transferMessage(from + n))), sinkContext());
    }
    isOver = true;
    await other;
    const mine = (await stored('shared')).filter(({ subject }) => subject === 'shared.mine').map(({ id }) => id);
    expect(mine).to.deep.equal(transferMessages(2_000).map(idOf));
  });

  it('stores nothing behind a message that the stream has no room for, until there is', async () => {
    await stream('full', { max_msgs: 10, discard: 'new' as StreamConfig['discard'] });
    const sink = await open('full.x');
    const delivery = sink.deliver(batchOf(transferMessages(30)), sinkContext());
    const full = await rejectionOf(delivery, ReceiverAwayError);
    expect(full.message).to.contain('maximum messages exceeded');
    expect(full.hint).to.contain('its stream is full').and.contain('nats stream edit NAME');
    expect((await stored('full')).map(({ id }) => id)).to.deep.equal(transferMessages(10).map(idOf));
    await manager.streams.update('full', { max_msgs: 1_000 });
    await sink.deliver(batchOf(transferMessages(30)), sinkContext());
    expect((await stored('full')).map(({ id }) => id)).to.deep.equal(transferMessages(30).map(idOf));
  });

  it('says what to do about a stream that is full, by whichever of its limits', async () => {
    const discard = 'new' as StreamConfig['discard'];
    await stream('bytes', { max_bytes: 1, discard });
    await stream('subjects', { max_msgs_per_subject: 1, discard, discard_new_per_subject: true });
    for (const [subject, limit] of [
      ['bytes.x', 'bytes'],
      ['subjects.x', 'messages per subject'],
    ] as const) {
      const delivery = (await open(subject)).deliver(batchOf(transferMessages(2)), sinkContext());
      const { message, hint } = await rejectionOf(delivery, ReceiverAwayError);
      expect(message).to.contain(`maximum ${limit} exceeded`);
      expect(hint).to.contain('its stream is full');
    }
  });

  it('says what to do about a stream that is sealed, or acknowledges nothing', async () => {
    await stream('sealed');
    // Of what may be changed the client's types leave this out.
    const seal: Partial<StreamConfig> = { sealed: true };
    await manager.streams.update('sealed', seal);
    await stream('silent', { no_ack: true });
    for (const [subject, told] of [
      ['sealed.x', 'a sealed stream takes nothing any more'],
      ['silent.x', 'nats stream edit silent --ack'],
    ] as const) {
      const delivery = (await open(subject)).deliver(batchOf(transferMessages(1)), sinkContext());
      expect((await rejectionOf(delivery, ReceiverAwayError)).hint).to.contain(told);
    }
  });

  it('loses and turns round nothing while the server is killed and comes back', async () => {
    await stream('killed');
    const sink = await open('killed.x');
    await sink.deliver(batchOf(transferMessages(100)), sinkContext());
    const trouble = (async () => {
      for (let round = 0; round < 3; round++) {
        await server.kill();
        await server.startAgain();
      }
    })();
    let failures = 0;
    for (let from = 0; from < 20_000 || failures === 0; from += 500) {
      const messages = Array.from({ length: 500 }, (_, n) => transferMessage(from + n));
      failures += await untilDelivered(sink, messages);
      if (failures > 0 && from >= 5_000) break;
    }
    await trouble;
    await connection.close();
    await reach();
    const ids = (await stored('killed')).map(({ id }) => id);
    const once = [...new Set(ids)];
    expect(once).to.deep.equal(transferMessages(once.length).map(idOf));
    expect(failures).to.be.above(0);
  });

  it('says that the server is away, hangs or has gone', async () => {
    const gone = await open('plain.x', { servers: 'nats://127.0.0.1:1' });
    const error = await rejectionOf(gone.deliver(batchOf(transferMessages(1)), sinkContext()), ReceiverAwayError);
    expect(error.message).to.equal('NATS at 127.0.0.1:1: connection refused');
    const mute = createServer((socket) => socket.on('error', () => undefined).end());
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const closes = await open('plain.x', { servers: `nats://127.0.0.1:${port}` });
    const cut = await rejectionOf(closes.deliver(batchOf(transferMessages(1)), sinkContext()), ReceiverAwayError);
    mute.close();
    expect(cut.message).to.equal(`NATS at 127.0.0.1:${port}: it closed the connection before it greeted`);
    expect(cut.hint).to.contain('handshake_first');
    const sink = await open('plain.x');
    await sink.deliver(batchOf(transferMessages(1)), sinkContext());
    server.freeze();
    const stop = new AbortController();
    const hanging = rejectionOf(sink.deliver(batchOf(transferMessages(3)), sinkContext(stop.signal)));
    stop.abort(new Error('stop'));
    expect((await hanging).message).to.equal('stop');
    server.thaw();
    await sink.deliver(batchOf(transferMessages(3)), sinkContext());
  });

  it('says that no stream takes the subject, and delivers once one does', async () => {
    const sink = await open('later.x');
    const error = await rejectionOf(sink.deliver(batchOf(transferMessages(1)), sinkContext()), ReceiverAwayError);
    expect(error.message).to.equal("no stream of JetStream takes the subject 'later.x'");
    expect(error.hint).to.equal("nats stream add NAME --subjects 'later.x'");
    await stream('later');
    await sink.deliver(batchOf(transferMessages(1)), sinkContext());
    expect(await stored('later')).to.have.length(1);
  });

  it('warns once of a stream that forgets soon what it has', async () => {
    await stream('short', { duplicate_window: 5e9 });
    const sink = await open('short.x');
    await sink.deliver(batchOf(transferMessages(1)), sinkContext());
    await sink.close();
    await sink.deliver(batchOf(transferMessages(1)), sinkContext());
    expect(logger.messages('warn')).to.deep.equal([
      "stream 'short' forgets after 5 s which messages it has (duplicate_window): what is sent again later is stored twice; 120 s is enough",
    ]);
  });

  it('refuses a batch with a message that is too large before any of it is sent', async () => {
    await stream('large', { max_msg_size: 2_000 });
    await stream('larger');
    const tooLarge = (size: number): EventMessage[] => [
      transferMessage(0),
      { ...transferMessage(1), data: MessageData.ofText(`{"a":"${'x'.repeat(size)}"}`) },
    ];
    for (const [name, size] of [
      ['large', 2_000],
      ['larger', 1 << 20],
    ] as const) {
      const sink = await open(`${name}.x`);
      const delivery = sink.deliver(batchOf(tooLarge(size)), sinkContext());
      expect((await rejectionOf(delivery, MessageRefusedError)).message).to.contain(`too large for ${name}.x`);
      expect(await stored(name)).to.have.length(0);
    }
  });
});

describeWithNats('a sink into NATS whose server has no room', () => {
  it('says so, and that it goes on where there is some', async () => {
    const account = 'jetstream { max_file: 2K, max_mem: 1K }, users: [{ user: a, password: a }]';
    const server = await startNats(`accounts { A { ${account} } }\nno_auth_user: a`);
    await addStream(server, { name: 'small' });
    const config = schema.parse({ servers: `nats://127.0.0.1:${server.port}`, subject: 'small.x' });
    const sink = await natsSink.open(config, sinkOpening());
    const delivery = sink.deliver(batchOf(transferMessages(10)), sinkContext());
    const { message, hint } = await rejectionOf(delivery, ReceiverAwayError).finally(() => sink.close());
    expect(message).to.equal('NATS, small.x: resource limits exceeded for account');
    expect(hint).to.contain('JetStream has no room left');
  });
});

describeWithNats('a sink into NATS that may ask for no message', () => {
  it('stores again what the stream may have of another sink', async () => {
    const deny = 'permissions: { publish: { deny: ["$JS.API.STREAM.MSG.GET.>", "$JS.API.DIRECT.GET.>"] } }';
    const users = `users: [{ user: u, password: "s3cret", ${deny} }, { user: admin, password: "s3cret" }]`;
    const server = await startNats(`authorization { ${users} }`);
    const connection = await connect({ servers: `127.0.0.1:${server.port}`, user: 'admin', pass: 's3cret' });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'mute', subjects: ['mute.>'] });
    const rights = { user: 'u', password: '${PASSWORD}' };
    const config = schema.parse({ servers: `nats://127.0.0.1:${server.port}`, subject: 'mute.x', ...rights });
    const began = Date.now();
    for (let round = 0; round < 3; round++) {
      const sink = await natsSink.open({ ...config, password: 's3cret' }, sinkOpening());
      await sink.deliver(batchOf(transferMessages(50)), sinkContext());
      await sink.close();
    }
    // Its own it tells by their ids.
    expect((await manager.streams.info('mute')).state.messages).to.equal(100);
    expect(Date.now() - began).to.be.below(5_000);
    await connection.close();
  });
});

describeWithNats('a sink into NATS that lacks rights', () => {
  it('says the same of them at each try, and which it needs', async () => {
    const denied = (what: string): string => `permissions: { ${what}: { deny: [">"] } }`;
    const users = ['publish', 'subscribe'].map((what) => `{ user: ${what}, password: "s3cret", ${denied(what)} }`);
    const server = await startNats(`authorization { users: [${users.join(', ')}] }`);
    const told = async (user: string): Promise<ReceiverAwayError> => {
      const rights = { user, password: '${PASSWORD}' };
      const config = schema.parse({ servers: `nats://127.0.0.1:${server.port}`, subject: 'mute.x', ...rights });
      const sink = await natsSink.open({ ...config, password: 's3cret' }, sinkOpening());
      const delivery = sink.deliver(batchOf(transferMessages(1)), sinkContext());
      return await rejectionOf(delivery, ReceiverAwayError).finally(() => sink.close());
    };
    expect((await told('publish')).message).to.equal('NATS, mute.x: Permissions Violation for Publish to "mute.x"');
    for (let tries = 0; tries < 2; tries++) {
      const { message, hint } = await told('subscribe');
      expect(message).to.equal('NATS, mute.x: Permissions Violation for Subscription to "_INBOX.>"');
      expect(hint).to.contain('publish to mute.x and to subscribe to _INBOX.>').and.contain('$JS.API.STREAM.NAMES');
    }
  });
});

describeWithNats('the login of a sink into NATS', () => {
  const user = 'authorization { user: u, password: "s3cret" }';

  it('is told to be wrong, and never shown', async () => {
    const server = await startNats(user);
    const rights = { user: 'u', password: '${PASSWORD}' };
    const open = (password: string) => {
      const config = schema.parse({ servers: `nats://127.0.0.1:${server.port}`, subject: 'a.x', ...rights });
      return natsSink.open({ ...config, password }, sinkOpening());
    };
    const [wrong, right] = [await open('hunter2'), await open('s3cret')];
    const error = await rejectionOf(wrong.deliver(batchOf(transferMessages(1)), sinkContext()), ReceiverAwayError);
    expect(error.message).to.equal(`NATS at 127.0.0.1:${server.port}: the server refuses the login`);
    const noStream = await rejectionOf(right.deliver(batchOf(transferMessages(1)), sinkContext()), ReceiverAwayError);
    expect(noStream.message).to.contain('no stream');
    await right.close();
  });

  it('may be a token, or stand in the URL', async () => {
    const [byToken, byUser] = [await startNats('authorization { token: "t0ken" }'), await startNats(user)];
    const url = (server: PrivateServer, login = ''): string => `nats://${login}127.0.0.1:${server.port}`;
    for (const keys of [
      { servers: [url(byToken)], token: 't0ken' },
      { servers: [url(byToken, 't0ken@')] },
      { servers: [`${url(byUser, 'u:s3cret@')},${url(byUser)}`] },
      // A variable may hold a host alone, with its port.
      { servers: [`localhost:${byUser.port}`], user: 'u', password: 's3cret' },
    ]) {
      const config = schema.parse({ servers: 'nats://${SERVER}', subject: 'a.x' });
      const sink = await natsSink.open({ ...config, ...keys }, sinkOpening());
      const error = await rejectionOf(sink.deliver(batchOf(transferMessages(1)), sinkContext()), ReceiverAwayError);
      expect(error.message).to.contain('no stream');
      await sink.close();
    }
  });

  it('may be the seed of a user, with or without the end of its line, and is told where it is none', async () => {
    const user = nkeys.createUser();
    const server = await startNats(`authorization { users: [{ nkey: ${user.getPublicKey()} }] }`);
    const failure = async (seed: string): Promise<ReceiverAwayError> => {
      const servers = `nats://127.0.0.1:${server.port}`;
      const config = schema.parse({ servers, subject: 'a.x', nkey_seed: '${SEED}' });
      const sink = await natsSink.open({ ...config, nkey_seed: seed }, sinkOpening());
      const delivered = sink.deliver(batchOf(transferMessages(1)), sinkContext());
      return rejectionOf(delivered, ReceiverAwayError).finally(() => sink.close());
    };
    const right = Buffer.from(user.getSeed()).toString();
    for (const seed of [right, `${right}\n`]) expect((await failure(seed)).message).to.contain('no stream');
    const other = await failure(Buffer.from(nkeys.createUser().getSeed()).toString());
    expect(other.message).to.contain('refuses the login');
    for (const wrong of ['hunter2', user.getPublicKey()]) {
      const { message, hint } = await failure(wrong);
      expect(message).not.to.contain(wrong);
      expect(hint).to.contain('nkey_seed is the seed of a user, which begins with SU');
    }
  });

  it('is shown nowhere where a variable made no URL', async () => {
    const config = schema.parse({ servers: '${SERVERS}', subject: 'a.x' });
    const wrong = [
      ['nats://u:hunter2@h:99999', 'servers holds what is no URL of nats or tls'],
      ['nats://u:100%hunter2@h', 'user or password in servers is not percent-encoded'],
      ['nats://u:4711#hunter2@h', 'user or password in servers is not percent-encoded'],
      ['nats://u:4711,hunter2@h', 'user or password in servers is not percent-encoded'],
    ] as const;
    for (const [server, told] of wrong) {
      const sink = await natsSink.open({ ...config, servers: [server] }, sinkOpening());
      const { message } = await rejectionOf(sink.deliver(batchOf(transferMessages(1)), sinkContext()), UsageError);
      expect(message).to.equal(`with what the environment says, ${told}`);
    }
  });
});

/** A message as a stage has made it. */
function mappedOf(message: EventMessage, n: number): EventMessage {
  return { ...message, data: MessageData.ofText(`{"n":${n}}`) };
}

function sharedText(subject: string): string {
  const what = `there are messages with the ids of these, which are another sink's or can't be looked at, in the stream of '${subject}'`;
  return `${what}: from here on they get longer ones; a stream for each sink keeps them short`;
}

function idOf({ id, op, seq }: EventMessage): string {
  return `${id}:${op}:${seq}`;
}

/** Tries a batch again for as long as it takes; returns how often that failed. */
async function untilDelivered(sink: Sink, messages: readonly EventMessage[]): Promise<number> {
  for (let failures = 0; ; failures++) {
    try {
      await sink.deliver(batchOf(messages), sinkContext());
      return failures;
    } catch (error) {
      if (!(error instanceof ReceiverAwayError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
