import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { systemClock } from '../../../../src/runtime/clock.js';
import { AlertDeliveryError } from '../../../../src/runtime/errors.js';
import { noMonitor } from '../../../../src/tasks/alerts/alert-conditions.js';
import { toAlertMessage } from '../../../../src/tasks/alerts/alert-message.js';
import { AlertOutbox } from '../../../../src/tasks/alerts/alert-outbox.js';
import { signWebhook } from '../../../../src/tasks/alerts/channels/sign-webhook.js';
import { WebhookChannel } from '../../../../src/tasks/alerts/channels/webhook-channel.js';
import { HastyClock } from '../../../support/hasty-clock.js';
import { eventually } from '../../../support/within.js';
import { rejectionOf } from '../../../support/rejection.js';
import { MemoryLogger } from '../../../support/memory-logger.js';

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly path: string;
  readonly body: string;
}

const message = toAlertMessage('raised', noMonitor(), { alertId: 1, worker: 'here:1', openSeconds: 0, now: 0 });

describe('the webhook of alerts', () => {
  let server: Server;
  let received: Received[];
  let answer: (response: ServerResponse) => void;
  let url: string;

  before((done) => {
    server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        received.push({ headers: request.headers, path: request.url ?? '', body });
        answer(response);
      });
    });
    server.listen(0, '127.0.0.1', () => {
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=1`;
      done();
    });
  });
  after((done) => {
    server.closeAllConnections();
    server.close(done);
  });
  beforeEach(() => {
    received = [];
    answer = (response): void => void response.end();
  });

  const channel = (by: Partial<ConstructorParameters<typeof WebhookChannel>[0]> = {}): WebhookChannel =>
    new WebhookChannel({ url, secret: null, timeoutMs: 5_000, clock: systemClock, ...by });
  const send = (webhook: WebhookChannel): Promise<void> => webhook.send(message, new AbortController().signal);
  const failure = (webhook: WebhookChannel): Promise<AlertDeliveryError> =>
    rejectionOf(send(webhook), AlertDeliveryError);

  it('says in words that the other side speaks no TLS', async () => {
    const { message: text } = await failure(channel({ url: url.replace('http:', 'https:') }));
    expect(text).to.equal('TLS failed: wrong version number');
  });

  it('is POSTed as JSON, with the id and the time of sending', async () => {
    await send(channel());
    const { headers, path, body } = received[0]!;
    expect(path).to.equal('/hook?key=1');
    expect(JSON.parse(body)).to.deep.equal(message);
    expect(headers).to.include({ 'content-type': 'application/json', 'webhook-id': message.id });
    expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1_000)).to.be.below(10);
    expect(headers).not.to.have.property('webhook-signature');
  });

  it('is signed as Standard Webhooks has it', async () => {
    const key = Buffer.from('a key of twenty-four byte');
    await send(channel({ secret: `whsec_${key.toString('base64')}` }));
    await send(channel({ secret: 'any other text' }));
    for (const [i, used] of [key, 'any other text'].entries()) {
      const { headers, body } = received[i]!;
      const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
      const expected = `v1,${createHmac('sha256', used).update(content).digest('base64')}`;
      expect(headers['webhook-signature']).to.equal(expected);
    }
  });

  it("has the signature of the specification's example", () => {
    const signature = signWebhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1_614_265_330,
      body: '{"test": 2432232314}',
    });
    expect(signature).to.equal('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('is tried again after 500, and then told no more', async () => {
    answer = (response): void => {
      response.statusCode = received.length === 1 ? 500 : 204;
      response.end();
    };
    const logger = new MemoryLogger();
    const outbox = new AlertOutbox({ channels: [channel()], clock: new HastyClock(), logger });
    outbox.post(message);
    await eventually('it was delivered', () => logger.lines.some((line) => line.includes('took alert.raised')));
    expect(received.map(({ headers }) => headers['webhook-id'])).to.deep.equal([message.id, message.id]);
    expect(logger.messages('warn')).to.deep.equal([]);
  });

  it('is cut off where the receiver is slow', async () => {
    let isCut = false;
    answer = (response): void => void response.once('close', () => (isCut = true));
    const startedAt = performance.now();
    const { message: text, retryable } = await failure(channel({ timeoutMs: 200 }));
    expect(text).to.equal('no answer within 0.2 s');
    expect(retryable).to.equal(true);
    expect(performance.now() - startedAt).to.be.below(3_000);
    await eventually('its connection is closed', () => isCut, 3_000);
  });

  it('does not wait for the body of an answer', async () => {
    answer = (response): void => {
      response.writeHead(200);
      response.write('on and on');
    };
    await send(channel());
  });

  it('follows no redirect, and does not try again what is refused', async () => {
    for (const [status, retryable] of [
      [302, false],
      [404, false],
      [410, false],
      [429, true],
      [503, true],
    ] as const) {
      answer = (response): void => void response.writeHead(status, { location: url }).end();
      const error = await failure(channel());
      expect([error.message, error.retryable]).to.deep.equal([`it answered with status ${status}`, retryable]);
    }
    expect(received).to.have.length(5);
  });

  it('takes user and password of the URL into a header', async () => {
    await send(channel({ url: url.replace('127.0.0.1', 'me:pa%40ss@127.0.0.1') }));
    expect(received[0]?.headers.authorization).to.equal(`Basic ${Buffer.from('me:pa@ss').toString('base64')}`);
  });

  it('fails where nobody listens, and says why without the path', async () => {
    const error = await failure(channel({ url: 'http://127.0.0.1:1/secret-path' }));
    expect(error.message).to.match(/ECONNREFUSED/);
    expect(error.message).not.to.contain('secret-path');
    expect(error.retryable).to.equal(true);
  });
});
