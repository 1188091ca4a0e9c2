import { once } from 'node:events';
import type { LookupFunction } from 'node:net';
import { expect } from 'chai';
import { systemClock } from '../../src/runtime/clock.js';
import { RuntimeFailure } from '../../src/runtime/errors.js';
import { HttpPost } from '../../src/runtime/http-post.js';
import { RefusedAddressError, isPrivateAddress } from '../../src/runtime/private-address.js';
import { followersOf } from '../support/followers-of.js';
import { HookServer } from '../support/hook-server.js';
import { rejectionOf } from '../support/rejection.js';

const { signal } = new AbortController();

describe('a POST', () => {
  let server: HookServer;
  let post: HttpPost;

  before(async () => (server = await HookServer.start()));
  beforeEach(() => server.reset());
  afterEach(() => post.close());
  after(() => server.stop());

  const open = (by: Partial<ConstructorParameters<typeof HttpPost>[0]> = {}): HttpPost =>
    (post = new HttpPost({ url: server.url, timeoutMs: 5_000, clock: systemClock, ...by }));
  const send = async (): Promise<number> => {
    const { status, body } = await post.send({}, '{}', signal);
    for await (const chunk of body) expect(chunk).to.be.instanceOf(Buffer);
    return status;
  };
  const named = (...addresses: readonly (readonly string[])[]): LookupFunction => {
    const left = [...addresses];
    return (_name, { all }, callback) => {
      const found = (left.shift() ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      if (all === true) callback(null, found);
      else callback(null, found[0]?.address ?? '', found[0]?.family);
    };
  };
  const namedUrl = (): string => `http://hook.example:${server.port}/`;

  it('is sent on a connection that stays open', async () => {
    open();
    expect([await send(), await send()]).to.deep.equal([200, 200]);
    expect(new Set(server.got.map(({ port }) => port)).size).to.equal(1);
  });

  it('is sent again at once, on a new connection, where one that was used is closed by then', async () => {
    open();
    const cutsEach = (n: number): void => {
      server.answer = (response) => {
        if (server.got.length % n === 0) response.socket?.destroy();
        else response.end();
      };
    };
    cutsEach(2);
    expect([await send(), await send()]).to.deep.equal([200, 200]);
    const [used, cut, anew] = server.got.map(({ port }) => port);
    expect([cut === used, anew === used]).to.deep.equal([true, false]);
    cutsEach(1);
    // Neither the connection that was used nor a new one brings an answer: now it is away.
    await rejectionOf(send(), RuntimeFailure);
    expect(server.got).to.have.length(5);
    await rejectionOf(send(), RuntimeFailure);
    expect(server.got).to.have.length(6);
  });

  it('is not sent again by itself where the receiver was at work on it', async () => {
    let now = 0;
    open({ clock: { ...systemClock, monotonic: () => now } });
    await send();
    server.answer = (response) => {
      now += 1_000;
      response.socket?.destroy();
    };
    await rejectionOf(send(), RuntimeFailure);
    expect(server.got).to.have.length(2);
  });

  it('says each time that a certificate is for another name, and is sent once it is for this one', async () => {
    const certificate = Object.assign(new Error('for another name'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    let isRight = false;
    const right = named(['127.0.0.1'], ['127.0.0.1']);
    const lookup: LookupFunction = (name, options, callback) => {
      if (isRight) right(name, options, callback);
      else callback(certificate, []);
    };
    open({ url: namedUrl(), lookup });
    for (let tries = 0; tries < 2; tries++)
      expect((await rejectionOf(send(), RuntimeFailure)).message).to.equal('for another name');
    isRight = true;
    expect(await send()).to.equal(200);
  });

  it('has each new connection checked: a name that leads elsewhere the next time gains nothing', async () => {
    const refuses = (address: string): boolean => address === '127.0.0.2';
    open({ url: namedUrl(), refuses, lookup: named(['127.0.0.1'], ['127.0.0.2'], ['127.0.0.2', '127.0.0.1']) });
    server.answer = (response) => void response.writeHead(200, { connection: 'close' }).end();
    expect(await send()).to.equal(200);
    const error = await rejectionOf(send(), RefusedAddressError);
    expect(error.message).to.equal('hook.example leads to 127.0.0.2, a private address');
    expect(await send()).to.equal(200);
    expect(server.got).to.have.length(2);
  });

  it('reaches no private address, by a name or as a number', async () => {
    for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '169.254.169.254', '64:ff9b::a00:1']) {
      open({ url: namedUrl(), refuses: isPrivateAddress, lookup: named([address]) });
      expect((await rejectionOf(send(), RefusedAddressError)).message).to.contain(`leads to ${address}, a private`);
      await post.close();
    }
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1', 'localhost', '[::1]', '0.0.0.0']) {
      open({ url: `http://${host}:${server.port}/`, refuses: isPrivateAddress });
      expect((await rejectionOf(send(), RefusedAddressError)).message).to.contain('a private address');
      await post.close();
    }
    expect(server.got).to.deep.equal([]);
  });

  it('names a host that leads to a private address without the key that is in it', async () => {
    const url = `http://0123456789abcdef0123456789abcdef.hook.example:${server.port}/`;
    open({ url, refuses: isPrivateAddress, lookup: named(['127.0.0.1']) });
    const { message } = await rejectionOf(send(), RefusedAddressError);
    expect(message).to.equal('***.hook.example leads to 127.0.0.1, a private address');
  });

  it('says why there is no connection, and no more of the URL than its host', async () => {
    const url = 'http://me:hunter2@127.0.0.1:1/secret-path';
    open({ url });
    const { message } = await rejectionOf(send(), RuntimeFailure);
    expect(message).to.equal('connect ECONNREFUSED 127.0.0.1:1');
    await post.close();
    const nowhere: LookupFunction = (name, _options, callback) =>
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), []);
    open({ url: namedUrl(), refuses: isPrivateAddress, lookup: nowhere });
    expect((await rejectionOf(send(), RuntimeFailure)).message).to.equal('getaddrinfo ENOTFOUND hook.example');
  });

  it('ends with the reason of its signal', async () => {
    const stop = new AbortController();
    open();
    server.answer = () => stop.abort(new Error('enough'));
    expect((await rejectionOf(post.send({}, '{}', stop.signal))).message).to.equal('enough');
  });

  it('leaves nothing at its signal once its answer is read, or has failed, and is cut by it until then', async () => {
    const run = new AbortController();
    open();
    for (let i = 0; i < 3; i++) {
      const { body } = await post.send({}, '{}', run.signal);
      body.resume();
      await once(body, 'close');
    }
    server.answer = (response) => response.socket?.destroy();
    await rejectionOf(post.send({}, '{}', run.signal), RuntimeFailure);
    expect(followersOf(run.signal)).to.equal(0);
    server.answer = (response) => void response.write('half of it');
    const { body } = await post.send({}, '{}', run.signal);
    const closed = new Promise((resolve) => body.once('close', resolve));
    run.abort(new Error('enough'));
    await closed;
    expect(body.errored?.message).to.equal('enough');
  });
});
