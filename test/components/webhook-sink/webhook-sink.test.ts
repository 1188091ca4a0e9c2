import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import type { LookupFunction } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import {
  MessageRefusedError,
  ReceiverAwayError,
  TakenInPartError,
} from '../../../src/components/seam/delivery-errors.js';
import type { WebhookConfig } from '../../../src/components/webhook-sink/config.js';
import { webhookSink } from '../../../src/components/webhook-sink/kind.js';
import { WebhookSink } from '../../../src/components/webhook-sink/webhook-sink.js';
import { MessageData } from '../../../src/model/event-message.js';
import type { EventMessage, JsonValue } from '../../../src/model/event-message.js';
import { UsageError } from '../../../src/runtime/errors.js';
import { makeAuthority } from '../../support/authority.js';
import { FakeClock } from '../../support/fake-clock.js';
import { HookServer } from '../../support/hook-server.js';
import { startHttps } from '../../support/https-server.js';
import { rejectionOf, thrownBy } from '../../support/rejection.js';
import { eventually } from '../../support/within.js';
import { batchOf, sinkContext, sinkOpening, transferMessage, transferMessages } from '../sink-fixture.js';

const now = Date.UTC(2026, 0, 15, 10, 0, 7);

describe('the webhook', () => {
  let server: HookServer;
  let clock: FakeClock;
  let sink: WebhookSink;

  before(async () => (server = await HookServer.start()));
  beforeEach(() => {
    server.reset();
    clock = new FakeClock(now);
  });
  afterEach(() => sink.close());
  after(() => server.stop());

  const configOf = (by: Partial<WebhookConfig> = {}): WebhookConfig => ({
    ...{ event_name: [], delivery: 'latest', start: 'beginning', max_attempts: 10 },
    ...{ url: server.url, headers: {}, timeout: 10, max_body_bytes: 1_000_000, allow_private: true, ...by },
  });
  const open = (by: Partial<WebhookConfig> = {}, lookup?: LookupFunction): WebhookSink =>
    (sink = new WebhookSink(configOf(by), sinkOpening({ clock, name: 'hook' }), lookup));
  const deliver = (messages: readonly EventMessage[], signal?: AbortSignal): Promise<void> =>
    sink.deliver(batchOf(messages), sinkContext(signal));
  const away = (messages = transferMessages(2)): Promise<ReceiverAwayError> =>
    rejectionOf(deliver(messages), ReceiverAwayError);
  const refusal = (messages = transferMessages(2)): Promise<MessageRefusedError> =>
    rejectionOf(deliver(messages), MessageRefusedError);

  const at = (): string => `Webhook at ${new URL(server.url).host}`;

  it('POSTs a batch as one signed JSON document', async () => {
    open({ secret: 'a secret of ours', headers: { 'X-Team': 'whales', Authorization: 'Bearer t' } });
    const wide = MessageData.ofFields(
      new Map<string, JsonValue>([
        ['1', 10n ** 30n],
        ['__proto__', 'é'],
      ]),
    );
    await deliver([transferMessage(1), transferMessage(2, { op: 'remove', data: wide })]);
    const { headers, path, body } = server.got[0]!;
    expect(path).to.equal('/hook');
    const [first, second] = [transferMessage(1), transferMessage(2)];
    expect(body).to.equal(
      `{"pipeline_id":45,"sink":"hook","messages":[{"id":"${first.id}","op":"insert","seq":4712,"data":${first.data.text}},` +
        `{"id":"${second.id}","op":"remove","seq":4713,"data":{"1":1000000000000000000000000000000,"__proto__":"é"}}]}`,
    );
    const mac = createHmac('sha256', 'a secret of ours')
      .update(`${now / 1_000}.${body}`)
      .digest('hex');
    expect(headers).to.include({
      'chainparse-signature': `t=${now / 1_000},v1=${mac}`,
      'content-type': 'application/json',
      'user-agent': 'chainparse',
      'x-team': 'whales',
      authorization: 'Bearer t',
    });
  });

  it('gives the same messages the same key, and others another, with the time of sending in each try', async () => {
    open({ secret: 's' });
    server.answerWith(500);
    await away();
    await sink.close();
    clock = new FakeClock(now + 60_000);
    open({ secret: 's' });
    await deliver(transferMessages(2));
    await deliver(transferMessages(3));
    await deliver([transferMessage(0, { seq: 9_000 }), transferMessage(1)]);
    const elsewhere = new WebhookSink(configOf(), { ...sinkOpening({ clock, name: 'hook' }), installation: 'there' });
    await elsewhere.deliver(batchOf(transferMessages(2)), sinkContext());
    await elsewhere.close();
    const keys = server.got.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0])
      .to.match(/^[0-9a-f]{40}$/)
      .and.equal(keys[1]);
    expect(new Set(keys).size).to.equal(4);
    const times = server.got.map(({ headers }) => String(headers['chainparse-signature']).split(',')[0]);
    expect(times.slice(0, 2)).to.deep.equal([`t=${now / 1_000}`, `t=${now / 1_000 + 60}`]);
  });

  it('signs nothing where there is no secret', async () => {
    open();
    await deliver(transferMessages(1));
    expect(server.got[0]?.headers).not.to.have.property('chainparse-signature');
  });

  it('takes every 2xx for a delivery', async () => {
    open();
    server.answerWith(200, 201, 202, 204, 299);
    for (let i = 0; i < 5; i++) await deliver(transferMessages(1));
  });

  it('waits for 408, 425, 429 and 5xx, for as long as the receiver asks', async () => {
    open();
    const inTwoMinutes = new Date(now + 120_000).toUTCString();
    const asked = ['7', '1.5', inTwoMinutes, new Date(now - 5_000).toUTCString(), '99999999999', 'soon', '-5', ''];
    server.answerWith(408, 425, 429, 500, 503, 599, ...asked.map((text) => [503, { 'retry-after': text }] as const));
    const errors: ReceiverAwayError[] = [];
    for (let i = 0; i < 14; i++) errors.push(await away());
    expect(errors.slice(0, 6).map(({ message, retryAfterMs }) => [message, retryAfterMs])).to.deep.equal(
      [408, 425, 429, 500, 503, 599].map((status) => [`${at()}: it answered with status ${status}`, undefined]),
    );
    const waits = errors.slice(6).map(({ retryAfterMs }) => retryAfterMs);
    expect(waits).to.deep.equal([7_000, 1_500, 120_000, 0, 3_600_000, undefined, undefined, undefined]);
  });

  it('has messages refused by any other 4xx, and says the reason that the receiver gave', async () => {
    open();
    for (const status of [400, 401, 403, 404, 409, 410, 413, 422, 451]) {
      server.answerWith(status);
      expect((await refusal()).message).to.equal(`${at()}: it answered with status ${status}`);
    }
    server.answer = (response) =>
      void response.writeHead(400).end(`{"message":\r\n"no \u001b[31mtext"}${' x'.repeat(500)}`);
    const { message } = await refusal();
    expect(message).to.match(
      /^Webhook at 127\.0\.0\.1:\d+: it answered with status 400: \{"message": "no \ufffd\[31mtext"\} x x/,
    );
    expect(message).to.have.length.below(370).and.match(/…$/);
  });

  it('follows no redirect: nobody is to blame, and nothing is lost', async () => {
    open();
    for (const status of [301, 302, 303, 307, 308, 304]) {
      server.answerWith([status, { location: `https://other.example/secret-path?k=1` }]);
      const { message, hint } = await away();
      expect(message).to.equal(
        `${at()}: it answered with status ${status}, a redirect to other.example: redirects are not followed`,
      );
      expect(hint).to.contain('into the definition');
    }
    server.answerWith([302, { location: '/login' }]);
    expect((await away()).message).to.equal(
      `${at()}: it answered with status 302, a redirect: redirects are not followed`,
    );
    expect(server.got).to.have.length(7);
  });

  it('gives up a receiver that does not answer in time', async () => {
    open({ timeout: 5 });
    server.answer = () => undefined;
    const waiting = away();
    await eventually('it came', () => server.got.length === 1);
    await clock.advance(4_999);
    expect(clock.sleeping).to.equal(1);
    await clock.advance(1);
    expect((await waiting).message).to.equal(`${at()}: no answer within 5 s`);
  });

  it('tells of each request how long it may take', async () => {
    open({ timeout: 400, max_body_bytes: 1_000 });
    const told: (number | undefined)[] = [];
    const moved = (ownMs?: number): void => void told.push(ownMs);
    await sink.deliver(batchOf(transferMessages(2)), { ...sinkContext(), moved });
    expect(told).to.deep.equal([400_000, 400_000]);
  });

  it('waits where a connection is cut, before and within an answer', async () => {
    open();
    server.answer = (response) => response.socket?.destroy();
    expect((await away()).message).to.equal(`${at()}: it closed the connection without an answer`);
    server.answer = (response) => {
      response.writeHead(500, { 'content-length': 100 });
      response.write('half', () => response.socket?.destroy());
    };
    expect((await away()).message).to.match(/: it answered with status 500/);
    server.reset();
    await deliver(transferMessages(1));
  });

  it('reads no more than the beginning of an answer, and uses the connection again where it was short', async () => {
    open();
    let written = 0;
    server.answer = (response) => {
      const chunk = Buffer.alloc(65_536, 120);
      const goOn = (): void => {
        while (!response.destroyed && (written += chunk.length) < 1e9 && response.write(chunk));
      };
      response.on('drain', goOn).writeHead(200);
      goOn();
    };
    await deliver(transferMessages(1));
    expect(written).to.be.below(20_000_000);
    server.answer = (response) => void response.end('thank you');
    for (let i = 0; i < 3; i++) await deliver(transferMessages(1));
    const [huge, ...short] = server.got.map(({ port }) => port);
    expect(new Set(short).size).to.equal(1);
    expect(short[0]).not.to.equal(huge);
  });

  it('waits a second for the rest of an answer whose status is known', async () => {
    open();
    server.answer = (response) => {
      response.writeHead(200);
      response.write('on and on');
    };
    const delivered = deliver(transferMessages(1));
    await eventually('the rest is awaited', () => clock.nextWakeMs === 1_000);
    await clock.advance(1_000);
    await delivered;
  });

  it('ends with the reason of its signal', async () => {
    const stop = new AbortController();
    open();
    server.answer = () => stop.abort(new Error('enough'));
    expect((await rejectionOf(deliver(transferMessages(1), stop.signal))).message).to.equal('enough');
  });

  it('reaches private addresses only where that is allowed, whatever the definition wrote', async () => {
    const inside: LookupFunction = (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]);
    open({ url: `http://hook.example:${server.port}/`, allow_private: false }, inside);
    const { message, hint } = await away();
    expect(message).to.equal('hook.example leads to 127.0.0.1, a private address');
    expect(hint).to.contain('allow_private: true');
    expect(server.got).to.deep.equal([]);
  });

  it('cuts a batch that is longer than one request may be, always in the same places', async () => {
    const all = transferMessages(20);
    const most = 3_000;
    open({ max_body_bytes: most });
    await deliver(all);
    const bodies = server.got.map(({ body }) => body);
    expect(bodies.length).to.be.above(3);
    for (const body of bodies) expect(Buffer.byteLength(body)).to.be.at.most(most);
    const ids = bodies.flatMap((body) =>
      (JSON.parse(body) as { messages: { id: string }[] }).messages.map(({ id }) => id),
    );
    expect(ids).to.deep.equal(all.map(({ id }) => id));
    const size = Buffer.byteLength(bodies[0]!);
    await sink.close();
    for (const [bytes, first] of [
      [size, bodies[0]],
      [size - 1, undefined],
    ] as const) {
      server.reset();
      open({ max_body_bytes: bytes });
      await deliver(all);
      expect(server.got[0]?.body === first).to.equal(first !== undefined);
      await sink.close();
    }
  });

  it('does not repeat what a receiver that bears few requests has taken of a batch', async () => {
    open({ max_body_bytes: 3_000 });
    const all = transferMessages(20);
    server.answerWith(200, 200, [429, { 'retry-after': '1' }]);
    await away([...all]);
    await deliver(all);
    const keys = server.got.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).to.equal(keys.length - 1);
    server.reset();
    await deliver(all);
    expect(server.got).to.have.length(keys.length - 1);
  });

  it('leaves the rest of a batch where the sink is paused between its requests', async () => {
    open({ body: { text: '{id}' } });
    const messages = transferMessages(5);
    const context = { ...sinkContext(), goesOn: () => server.got.length < 2 };
    const error = await rejectionOf(sink.deliver(batchOf(messages), context), TakenInPartError);
    expect([error.taken, server.got.length]).to.deep.equal([2, 2]);
    await deliver(messages.slice(2));
    await deliver(messages.slice(0, 1));
    expect(server.got).to.have.length(6);
  });

  it('refuses a message that no request holds before it sends any', async () => {
    open({ max_body_bytes: 1_000 });
    const long = transferMessage(1, { data: MessageData.ofText(`{"a":"${'é'.repeat(500)}"}`) });
    const { message, hint } = await refusal([transferMessage(0), long]);
    expect(message).to.match(/^a message takes 1\d\d\d bytes, more than max_body_bytes, 1000$/);
    expect(hint).to.contain('raise max_body_bytes');
    expect(server.got).to.deep.equal([]);
  });

  it('sends a body of the user for each message, with values in its texts', async () => {
    const body = {
      content: 'Moved {args.value} "USDC"\n{op} {missing}{constructor} {args} {not a path} {block_number} {event_name}',
      list: ['{seq}', 1, true, null],
      allowed_mentions: { parse: [] },
    };
    const missing = ['missing', 'constructor'].map((name) => ({ name, type: 'text' }));
    const config = configOf({ body });
    const { events, ...opening } = sinkOpening({ clock });
    sink = new WebhookSink(config, {
      ...opening,
      events: [{ ...events[0]!, fields: [...events[0]!.fields, ...missing] }],
    });
    const mapped = MessageData.ofFields(new Map([['args.value', 1n]]));
    const small = MessageData.ofText('{"args":{"value":"100","from":"@everyone"}}');
    await deliver([transferMessage(1, { data: small }), transferMessage(2, { data: small, op: 'remove' })]);
    await deliver([transferMessage(2, { data: mapped, op: 'remove' })]);
    const bodies = server.got.map((hooked) => JSON.parse(hooked.body) as typeof body);
    expect(bodies[0]).to.deep.equal({
      content: 'Moved 100 "USDC"\ninsert  {"value":"100","from":"@everyone"} {not a path} 18000000 Transfer',
      list: ['4712', 1, true, null],
      allowed_mentions: { parse: [] },
    });
    expect(bodies[1]?.content).to.contain('\nremove  ');
    expect(bodies[2]?.content).to.contain('Moved 1 "USDC"');
    expect(new Set(server.got.map(({ headers }) => headers['idempotency-key'])).size).to.equal(3);
    expect(webhookSink.describe(config).batchSize).to.equal(1);
  });

  it('gives bodies that are the same a key each', async () => {
    open({ body: { content: 'something moved' } });
    await deliver(transferMessages(3));
    expect(new Set(server.got.map(({ body }) => body)).size).to.equal(1);
    expect(new Set(server.got.map(({ headers }) => headers['idempotency-key'])).size).to.equal(3);
  });

  it('tells a path that no event has before it sends anything', () => {
    open();
    const wrong = (body: WebhookConfig['body']): UsageError =>
      thrownBy(() => new WebhookSink(configOf({ body }), sinkOpening()), UsageError);
    expect(wrong({ content: '{args.valeu}' }).message).to.equal(
      'body: no event that reaches the sink has {args.valeu}',
    );
    expect(wrong({ content: ['{args.valeu}'] }).hint).to.equal('the nearest known one is {args.value}');
    const fine = { a: '{args.value} {args.to[0].x} {seq} {transaction_hash} {block_hash}' };
    expect(() => new WebhookSink(configOf({ body: fine }), sinkOpening())).not.to.throw();
  });

  it('shows no URL that its variables made wrong', () => {
    open();
    const error = thrownBy(() => new WebhookSink(configOf({ url: 'ftp://hunter2' }), sinkOpening()), UsageError);
    expect(error.message).to.equal('with what the environment says, url is no URL of https or http');
    const unread = () => new WebhookSink(configOf({ url: 'https://me:100%hunter2@h.example/x' }), sinkOpening());
    expect(thrownBy(unread, UsageError).message).to.equal(
      'with what the environment says, user or password in url is not percent-encoded',
    );
  });

  it('waits where nobody knows who signed the certificate, and says how to name that authority', async () => {
    open({ url: `https://127.0.0.1:${await startHttps(makeAuthority())}/hook` });
    expect((await away()).hint).to.contain('set NODE_EXTRA_CA_CERTS=FILE');
  });

  it('says how the url begins where a receiver wants TLS, or has none', async () => {
    const port = await startHttps(makeAuthority());
    open({ url: `http://127.0.0.1:${port}/hook` });
    const { message, hint } = await away();
    expect(message).to.equal(`Webhook at 127.0.0.1:${port}: it closed the connection without an answer`);
    expect(hint).to.contain('https://');
    open({ url: server.url.replace('http:', 'https:') });
    expect((await away()).hint).to.contain('Without TLS the url begins with http://');
  });

  it('is named by its host, without the keys that stand in its URL', async () => {
    const { port } = new URL(server.url);
    const lookup: LookupFunction = (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
    const host = `k3y9f0aa17bc42de55f1c0de.hooks.example:${port}`;
    open({ url: `http://me:hunter2@${host}/secret-path?key=hunter3` }, lookup);
    server.answerWith(503);
    expect((await away()).message).to.equal(`Webhook at ***.hooks.example:${port}: it answered with status 503`);
  });

  it('waits where nobody listens', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    open({ url: `http://127.0.0.1:${port}/secret-path` });
    expect((await away()).message).to.equal(`Webhook at 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`);
  });
});
