import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { PortalClient } from '../../../src/chain/portal/portal-client.js';
import { PortalError } from '../../../src/chain/portal/portal-error.js';
import { headersQuery } from '../../../src/chain/portal/portal-query.js';
import { systemClock } from '../../../src/runtime/clock.js';
import type { Clock } from '../../../src/runtime/clock.js';
import { FakeClock } from '../../support/fake-clock.js';
import { followersOf } from '../../support/followers-of.js';
import { rejectionOf } from '../../support/rejection.js';
import { eventually, within } from '../../support/within.js';

const { signal } = new AbortController();
const hash = `0x${'ab'.repeat(32)}`;

describe('a client of a portal', () => {
  let server: Server;
  let client: PortalClient;

  const serve = async (listener: RequestListener, base = '', clock: Clock = systemClock): Promise<void> => {
    server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://user:secret@127.0.0.1:${(server.address() as AddressInfo).port}${base}`;
    client = new PortalClient({ url, clock });
  };
  afterEach(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('asks below its base, whether that names the data sets or not, and sends the login as a header', async () => {
    const asked: (string | undefined)[] = [];
    await serve((request, response) => {
      asked.push(request.url, request.headers.authorization);
      response.end(JSON.stringify({ number: 7, hash }));
    }, '/own/datasets/?key=1');
    expect(await client.finalizedHead('some-net', signal)).to.deep.equal({ number: 7, hash });
    expect(asked).to.deep.equal([
      '/own/datasets/some-net/finalized-head?key=1',
      `Basic ${Buffer.from('user:secret').toString('base64')}`,
    ]);
  });

  it('takes a base that names the data set, and says so where that is another one', async () => {
    const asked: (string | undefined)[] = [];
    await serve((request, response) => {
      asked.push(request.url);
      response.end('null');
    }, '/own/datasets/some-net/');
    await client.finalizedHead('some-net', signal);
    const error = await rejectionOf(client.finalizedHead('other-net', signal), PortalError);
    expect(error.class).to.equal('refused');
    expect(error.message).to.match(/names the data set 'some-net', and 'other-net' is wanted/);
    expect(asked).to.deep.equal(['/own/datasets/some-net/finalized-head']);
  });

  it('says where a redirect leads, without what may be a key', async () => {
    await serve((_request, response) => {
      response.writeHead(301, { location: 'https://portal.example/v2/secret/datasets' }).end('moved');
    });
    const error = await rejectionOf(client.finalizedHead('some-net', signal), PortalError);
    expect(error.message).to.equal(
      'HTTP 301: a redirect to https://portal.example, which is not followed: name the portal as it is there',
    );
  });

  it('knows that there may be no final block yet, packed or not', async () => {
    await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('null'));
    });
    expect(await client.finalizedHead('some-net', signal)).to.equal(null);
  });

  it('says in one line what a page says that stands in place of blocks, or of their head', async () => {
    const page = '<html>\n<head></head>\n<body>Welcome to secret.\nPlease log in</body></html>\n';
    await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    });
    const says = 'Welcome to ***. Please log in';
    const ofHead = await rejectionOf(client.finalizedHead('some-net', signal), PortalError);
    expect(ofHead.message).to.equal(`the finalized head is no JSON: ${says}`);
    const { body } = await client.stream('some-net', headersQuery({ from: 1, to: 2 }), signal);
    const ofBlocks = await rejectionOf(body?.next(signal) ?? Promise.resolve(), PortalError);
    expect(ofBlocks.message).to.equal(`a line of the answer is no JSON object: ${says}`);
    expect([ofHead.class, ofBlocks.class]).to.deep.equal(['malformed', 'malformed']);
  });

  const answers: Readonly<Record<string, readonly [listener: RequestListener, kind: PortalError['class']]>> = {
    'no block': [(_request, response) => response.end('{"number":-1}'), 'malformed'],
    'no JSON': [(_request, response) => response.end('<html>'), 'malformed'],
    'much more than was asked for': [(_request, response) => response.end('x'.repeat(2 ** 20)), 'malformed'],
    'a bomb': [
      (_request, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(2 ** 24))),
      'away',
    ],
    'half of it': [
      (_request, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{"number"', () => response.destroy());
      },
      'away',
    ],
    'too many requests': [(_request, response) => response.writeHead(429).end(), 'busy'],
    'another block in the chain': [(_request, response) => response.writeHead(409).end('{}'), 'fork'],
    'a wrong key': [(_request, response) => response.writeHead(403).end('no such key: secret'), 'refused'],
    'a key where it is cut': [
      (_request, response) => response.writeHead(403).end(`${'x'.repeat(194)} secret`),
      'refused',
    ],
    'a redirect': [(_request, response) => response.writeHead(302, { location: '/' }).end(), 'refused'],
  };
  for (const [what, [listener, kind]] of Object.entries(answers)) {
    it(`sorts an answer that is ${what} as ${kind}, and tells no secret`, async () => {
      await serve(listener);
      const error = await rejectionOf(client.finalizedHead('some-net', signal), PortalError);
      expect(error.class).to.equal(kind);
      expect(error.message).not.to.match(/secr/);
    });
  }

  it('counts as one that has answered once it did, not when something in front of it refused', async () => {
    let status = 502;
    await serve((_request, response) => response.writeHead(status).end('null'));
    await rejectionOf(client.finalizedHead('some-net', signal), PortalError);
    expect(client.hasAnswered).to.equal(false);
    status = 200;
    await client.finalizedHead('some-net', signal);
    expect(client.hasAnswered).to.equal(true);
  });

  it('leaves nothing at the signal of whoever asks', async () => {
    const run = new AbortController();
    let [status, cuts] = [200, false];
    await serve(({ method, socket }, response) => {
      if (cuts) socket.destroy();
      else response.writeHead(status).end(method === 'GET' ? 'null' : '{}\n');
    });
    for (status of [200, 403, 200]) await client.finalizedHead('some-net', run.signal).catch(() => undefined);
    const { body } = await client.stream('some-net', headersQuery({ from: 1, to: 2 }), run.signal);
    cuts = true;
    await rejectionOf(client.finalizedHead('some-net', run.signal), PortalError);
    for (let lines: unknown = ''; lines !== null;) lines = await body?.next(run.signal);
    await eventually('all is let go', () => followersOf(run.signal) === 0);
  });

  it('tells how long it is to be left alone', async () => {
    await serve((_request, response) => response.writeHead(503, { 'retry-after': '9' }).end());
    const error = await rejectionOf(client.finalizedHead('some-net', signal), PortalError);
    expect(error).to.include({ class: 'busy', retryAfterMs: 9_000 });
  });

  describe('that sends the head of an answer and half of its text', () => {
    const clock = new FakeClock();
    const asks: Readonly<Record<string, readonly [status: number, ask: () => Promise<unknown>, kind: string]>> = {
      'a final block': [200, () => client.finalizedHead('half', signal), 'away'],
      'why it gives no final block': [403, () => client.finalizedHead('half', signal), 'refused'],
      'why it gives no blocks': [403, () => client.stream('half', headersQuery({ from: 1, to: 2 }), signal), 'refused'],
    };
    for (const [what, [status, ask, kind]] of Object.entries(asks)) {
      it(`waits no longer than a minute for ${what}`, async () => {
        let sent = (): void => undefined;
        const isSent = new Promise<void>((resolve) => (sent = resolve));
        await serve(
          (request, response) => {
            if (request.url?.includes('half') !== true) response.end('null');
            else response.writeHead(status).write('{"number":1', sent);
          },
          '',
          clock,
        );
        const failure = rejectionOf(ask(), PortalError);
        await isSent;
        // What was sent before this has come before its answer.
        await client.finalizedHead('whole', signal);
        await clock.advance(60_000);
        expect((await within(5_000, failure, () => 'it still waits')).class).to.equal(kind);
        expect(clock.sleeping).to.equal(0);
      });
    }

    it('is dropped with the reason of whoever drops it', async () => {
      await serve((_request, response) => response.writeHead(200).write('{"number":1'));
      const dropped = new AbortController();
      const failure = rejectionOf(client.finalizedHead('half', dropped.signal));
      dropped.abort(new Error('stopped'));
      expect(await failure).to.equal(dropped.signal.reason);
    });
  });
});
