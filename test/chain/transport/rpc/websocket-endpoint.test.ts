import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { JsonRpcEndpoint } from '../../../../src/chain/transport/rpc/json-rpc.js';
import type { JsonRpcOptions } from '../../../../src/chain/transport/rpc/json-rpc.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { UsageError } from '../../../../src/runtime/errors.js';
import { makeAuthority } from '../../../support/authority.js';
import { ChainSimulator } from '../../../support/chain-simulator.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { freePort } from '../../../support/free-port.js';
import { startHttps } from '../../../support/https-server.js';
import { eventually } from '../../../support/within.js';
import { rejectionOf } from '../../../support/rejection.js';
import { refusalHint } from '../../../../src/chain/transport/errors/refusal-hint.js';
import { RpcError } from '../../../../src/chain/transport/errors/rpc-error.js';

const signal = new AbortController().signal;

describe('a JSON-RPC endpoint over a WebSocket', () => {
  let node: ChainSimulator;
  let endpoint: JsonRpcEndpoint;
  const open = (options: Partial<JsonRpcOptions> = {}): JsonRpcEndpoint =>
    (endpoint = new JsonRpcEndpoint({ url: node.wsUrl, clock: systemClock, ...options }));
  const call = (): Promise<unknown> => endpoint.call('eth_blockNumber', [], signal);

  beforeEach(async () => {
    node = await ChainSimulator.start();
    node.mine(5);
    open();
  });
  afterEach(async () => {
    await endpoint.close();
    await node.stop();
  });

  it('answers calls and batches over one connection', async () => {
    const blocks = endpoint.batch(
      [1, 2, 99].map((number) => ({ method: 'eth_getBlockByNumber', params: [`0x${number.toString(16)}`, false] })),
      signal,
    );
    expect(await call()).to.equal('0x5');
    const hashes = (await blocks).map((outcome) => outcome.ok && (outcome.value as { hash: string } | null)?.hash);
    expect(hashes).to.deep.equal([node.blocks[1]?.hash, node.blocks[2]?.hash, undefined]);
    expect(node.sockets.connections).to.equal(1);
  });

  it('sends a name and password as a header', async () => {
    open({ url: node.wsUrl.replace('://', '://me:se%3Acret@') });
    await call();
    expect(node.sockets.headers['authorization']).to.equal(`Basic ${Buffer.from('me:se:cret').toString('base64')}`);
  });

  it('says how to name the authority that signed the certificate, where the system does not know it', async () => {
    open({ url: `wss://127.0.0.1:${await startHttps(makeAuthority())}` });
    expect(refusalHint(await rejectionOf(call(), RpcError))).to.contain('set NODE_EXTRA_CA_CERTS=FILE');
  });

  it('asks again, one by one, where the node takes no batch', async () => {
    node.options = { batches: 'none' };
    const outcomes = await endpoint.batch(
      ['eth_chainId', 'eth_blockNumber'].map((method) => ({ method, params: [] })),
      signal,
    );
    expect(outcomes.map((outcome) => outcome.ok && outcome.value)).to.deep.equal(['0x7a69', '0x5']);
  });

  it('fails the calls in the air with their connection, and opens another for the next', async () => {
    node.options = { fault: (_calls, request) => (request === 1 ? { kind: 'hang' } : undefined) };
    const failure = rejectionOf(call(), RpcError);
    await eventually('the call has arrived', () => node.requests.length === 1);
    node.sockets.drop();
    expect(await failure).to.include({ class: 'transport', lostConnection: true });
    expect(await call()).to.equal('0x5');
    expect(node.sockets.connections).to.equal(2);
  });

  it('says how the node closed the connection', async () => {
    node.options = { fault: () => ({ kind: 'hang' }) };
    const failure = rejectionOf(call(), RpcError);
    await eventually('the call has arrived', () => node.requests.length === 1);
    node.sockets.close();
    expect((await failure).message).to.match(/the WebSocket was closed \(code 1001, going away\)$/);
  });

  it('fails each call where the node closes connections at once', async () => {
    node.sockets.traits.closesAtOnce = true;
    for (let round = 0; round < 3; round++)
      expect(await rejectionOf(call(), RpcError)).to.include({ class: 'transport' });
    node.sockets.traits.closesAtOnce = false;
    expect(await call()).to.equal('0x5');
  });

  it('finds a connection that died without a word, by its silence after a ping', async () => {
    const clock = new FakeClock();
    open({ clock });
    await call();
    node.sockets.traits.frozen = true;
    const failure = rejectionOf(call(), RpcError);
    await eventually('the call waits', () => clock.sleeping === 2);
    await clock.advance(12_000);
    expect((await failure).message).to.match(/is dead: a ping was not answered$/);
    node.sockets.traits.frozen = false;
    expect(await call()).to.equal('0x5');
  });

  it('leaves a connection alone that answers pings, and gives up a slow call after its own time', async () => {
    const clock = new FakeClock();
    open({ clock, timeoutMs: 20_000 });
    await call();
    node.options = { fault: () => ({ kind: 'hang' }) };
    const failure = rejectionOf(call(), RpcError);
    await eventually('the call waits', () => clock.sleeping === 2);
    for (let second = 0; second < 19; second++) {
      await clock.advance(1_000);
      // The pong comes over a real connection.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await clock.advance(1_000);
    expect(await failure).to.include({ class: 'timeout' });
    node.options = {};
    expect(await call()).to.equal('0x5');
    expect(node.sockets.connections).to.equal(1);
  });

  it('refuses to read a message that is too large', async () => {
    open({ maxBytes: 2 ** 20 });
    node.options = { fault: () => ({ kind: 'body', body: `"${'x'.repeat(2 ** 20)}"` }) };
    expect(await rejectionOf(call(), RpcError)).to.include({ class: 'response-too-large', lostConnection: false });
    node.options = {};
    expect(await call()).to.equal('0x5');
  });

  it('reads messages of many megabytes', async () => {
    const result = 'x'.repeat(30 * 2 ** 20);
    node.options = { fault: () => ({ kind: 'body', body: JSON.stringify({ jsonrpc: '2.0', id: 1, result }) }) };
    expect(await call()).to.equal(result);
  });

  it("drops a connection that brings garbage: it may have been anybody's answer", async () => {
    node.options = { fault: (calls) => (calls[0]?.method === 'eth_chainId' ? { kind: 'truncate' } : { kind: 'hang' }) };
    const failures = ['eth_blockNumber', 'eth_chainId'].map((method) =>
      rejectionOf(endpoint.call(method, [], signal), RpcError),
    );
    for (const failure of failures) expect(await failure).to.include({ class: 'malformed' });
    node.options = {};
    expect(await call()).to.equal('0x5');
    expect(node.sockets.connections).to.equal(2);
  });

  it('does not mind answers that nobody waits for', async () => {
    await call();
    let heard = false;
    endpoint.push?.listen(() => (heard = true));
    for (const text of ['[]', '{}', '{"id":99,"result":1}', '{"method":"x"}']) node.sockets.send(text);
    await eventually('all of it has arrived', () => heard);
    expect(await call()).to.equal('0x5');
    expect(node.sockets.connections).to.equal(1);
  });

  it('hands on what the node tells unasked', async () => {
    const heard: unknown[] = [];
    endpoint.push?.listen((params) => heard.push(params));
    expect(await endpoint.call('eth_subscribe', ['newHeads'], signal)).to.equal('0x1');
    node.mine(2);
    await eventually('both heads are told', () => heard.length === 2);
    expect(heard.map((params) => (params as { result: { hash: string } }).result.hash)).to.deep.equal(
      node.blocks.slice(-2).map(({ hash }) => hash),
    );
  });

  it('tells when its connection has ended', async () => {
    await call();
    const ended = endpoint.push?.ended();
    node.sockets.drop();
    await ended;
    await endpoint.push?.ended();
    expect(await call()).to.equal('0x5');
  });

  it('drops calls whose signal is aborted, and all that is in the air when it is closed', async () => {
    node.options = { fault: () => ({ kind: 'hang' }) };
    const stop = new AbortController();
    const stopped = rejectionOf(endpoint.call('eth_blockNumber', [], stop.signal));
    const failure = rejectionOf(call(), RpcError);
    await eventually('both calls have arrived', () => node.requests.length === 2);
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await stopped).to.equal(reason);
    await endpoint.close();
    expect(await failure).to.include({ class: 'transport' });
  });

  it('says what a server answers that opens no WebSocket, without the key', async () => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/plain' ? 200 : 401).end(`Unauthorized: ${request.url}`);
    });
    server.on('upgrade', (request, socket) => {
      const status = request.url === '/plain' ? '200 OK' : '401 Unauthorized';
      const text = `no such key ${String(request.url).slice(4)}`;
      socket.end(`HTTP/1.1 ${status}\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      open({ url: `${base}/v3/0123456789abcdef0123456789abcdef` });
      const refused = await rejectionOf(call(), RpcError);
      expect(refused.message)
        .to.match(/HTTP 401 no such key/)
        .and.not.match(/0123456789abcdef/);
      expect(refused.class).to.equal('quota');
      open({ url: `${base}/plain` });
      expect(await rejectionOf(call(), RpcError)).to.include({ class: 'method-disabled' });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('says that nobody is there', async () => {
    open({ url: `ws://127.0.0.1:${await freePort()}` });
    const failure = await rejectionOf(call(), RpcError);
    expect(failure).to.include({ class: 'transport', lostConnection: true });
    expect(failure.message).to.match(/ECONNREFUSED/);
  });

  it('gives up a handshake that nobody answers', async () => {
    const server = createServer();
    server.on('upgrade', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const clock = new FakeClock();
    open({ clock, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` });
    const failure = rejectionOf(call(), RpcError);
    await clock.whenSleeping(2);
    await clock.advance(10_000);
    expect(await failure).to.include({ class: 'timeout' });
    server.closeAllConnections();
    server.close();
  });

  it('refuses a URL that is none', () => {
    expect(() => open({ url: 'ws://' })).to.throw(UsageError, 'is no ws:// or wss:// URL');
  });
});
