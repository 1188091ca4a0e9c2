import { expect } from 'chai';
import { openEndpoints } from '../../../../src/chain/transport/endpoints/open-endpoints.js';
import { HttpEndpoint } from '../../../../src/chain/transport/rpc/http-endpoint.js';
import type { HttpAnswer } from '../../../../src/chain/transport/rpc/json-rpc-answer.js';
import { JsonRpcEndpoint } from '../../../../src/chain/transport/rpc/json-rpc.js';
import type { JsonRpcOptions } from '../../../../src/chain/transport/rpc/json-rpc.js';
import type { OpenTransport } from '../../../../src/chain/transport/rpc/transport.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { UsageError } from '../../../../src/runtime/errors.js';
import { ChainSimulator } from '../../../support/chain-simulator.js';
import type { Fault } from '../../../support/chain-simulator.js';
import { freePort } from '../../../support/free-port.js';
import { rejectionOf } from '../../../support/rejection.js';
import { RpcError } from '../../../../src/chain/transport/errors/rpc-error.js';

const signal = new AbortController().signal;

describe('a JSON-RPC endpoint', () => {
  let node: ChainSimulator;
  let endpoint: JsonRpcEndpoint;
  const open = (options: Partial<JsonRpcOptions> = {}): JsonRpcEndpoint =>
    (endpoint = new JsonRpcEndpoint({ url: node.url, clock: systemClock, ...options }));
  const failWith = (...faults: (Fault | undefined)[]): void => {
    node.options = { ...node.options, fault: (_calls, request) => faults[Math.min(request, faults.length) - 1] };
  };
  const call = (): Promise<unknown> => endpoint.call('eth_blockNumber', [], signal);
  const threeCalls = [{ method: 'eth_chainId', params: [] }, ...['0x1', '0x2'].map(blockCall)];

  beforeEach(async () => {
    node = await ChainSimulator.start();
    node.mine(5);
    open();
  });
  afterEach(async () => {
    await endpoint.close();
    await node.stop();
  });

  it('returns the result of a call', async () => {
    expect(await call()).to.equal('0x5');
    expect(await endpoint.call('eth_getBlockByNumber', ['0x63', false], signal)).to.equal(null);
  });

  it('returns the results of a batch in the order of its calls, however they are answered', async () => {
    const [id, first, second] = await endpoint.batch(threeCalls, signal);
    expect(id).to.include({ ok: true, value: '0x7a69' });
    expect([first, second].map((outcome) => outcome?.ok === true && outcome.value)).to.deep.equal([
      blockOf(node, 1),
      blockOf(node, 2),
    ]);
    expect(node.requests).to.have.length(1);
  });

  it('tells the failure of one call of a batch from the success of the others', async () => {
    failWith({ kind: 'call-error', method: 'eth_chainId', error: { code: -32_005, message: 'too many requests' } });
    const outcomes = await endpoint.batch(threeCalls, signal);
    expect(outcomes.map((outcome) => outcome.ok)).to.deep.equal([false, true, true]);
  });

  it('cuts batches to the size that it was given', async () => {
    await endpoint.close();
    open({ maxBatch: 2 });
    await endpoint.batch(threeCalls, signal);
    expect(node.requests.map((calls) => calls.length)).to.deep.equal([2, 1]);
  });

  it('asks one by one, and goes on so, where the server takes no batches', async () => {
    node.options = { batches: 'none' };
    for (let round = 0; round < 2; round++) {
      const outcomes = await endpoint.batch(threeCalls, signal);
      expect(outcomes.every((outcome) => outcome.ok)).to.equal(true);
    }
    expect(node.requests.map((calls) => calls.length)).to.deep.equal([3, 1, 1, 1, 1, 1, 1]);
  });

  it('asks in smaller batches where the server says how many calls it takes', async () => {
    node.options = { batches: 2 };
    const calls = Array.from({ length: 7 }, () => blockCall('0x1'));
    expect(await endpoint.batch(calls, signal)).to.have.length(7);
    expect(node.requests.map((request) => request.length)).to.deep.equal([7, 2, 2, 2, 1]);
  });

  it('asks in smaller batches where the body of a request is too long for the server (HTTP 413)', async () => {
    const answers = ['content length too large (6000000>5242880)', '<html><h1>413 Payload Too Large</h1></html>', ''];
    for (const body of answers) {
      await endpoint.close();
      open({});
      node.requests.length = 0;
      node.options = { fault: (calls) => (calls.length > 2 ? { kind: 'status', status: 413, body } : undefined) };
      const outcomes = await endpoint.batch(threeCalls, signal);
      expect(outcomes.map((outcome) => outcome.ok)).to.deep.equal([true, true, true]);
      expect(node.requests.map((calls) => calls.length)).to.deep.equal([3, 1, 1, 1]);
    }
  });

  it('takes HTTP 413 with the words of a node for what they say', async () => {
    const error = { code: -32_614, message: 'eth_getLogs is limited to a 10,000 range' };
    failWith({ kind: 'status', status: 413, body: JSON.stringify({ jsonrpc: '2.0', id: null, error }) });
    expect((await rejectionOf(endpoint.batch(threeCalls, signal), RpcError)).class).to.equal('range-cap');
  });

  it('asks one by one where the server answers a batch with something else again and again', async () => {
    node.options = {
      fault: (calls) => (calls.length > 1 ? { kind: 'status', status: 500, body: 'oops' } : undefined),
    };
    await rejectionOf(endpoint.batch(threeCalls, signal), RpcError);
    await rejectionOf(endpoint.batch(threeCalls, signal), RpcError);
    expect((await endpoint.batch(threeCalls, signal)).every((outcome) => outcome.ok)).to.equal(true);
  });

  for (const [what, text] of Object.entries({
    null: 'null',
    'an object that says nothing of batches': '{"error":{"code":-32000,"message":"hm"}}',
  })) {
    it(`sends batches again after ${what} came instead of the answers to one`, async () => {
      failWith(undefined, { kind: 'body', body: text }, undefined);
      await endpoint.batch(threeCalls, signal);
      await rejectionOf(endpoint.batch(threeCalls, signal), RpcError);
      await endpoint.batch(threeCalls, signal);
      expect(node.requests.map((calls) => calls.length)).to.deep.equal([3, 3, 3]);
    });
  }

  for (const text of ['null', '[]']) {
    it(`does not take ${text} for a server that takes no batches, though none was answered before`, async () => {
      failWith({ kind: 'body', body: text }, undefined);
      expect((await rejectionOf(endpoint.batch(threeCalls, signal), RpcError)).class).to.equal('malformed');
      await endpoint.batch(threeCalls, signal);
      expect(node.requests.map((calls) => calls.length)).to.deep.equal([3, 3]);
    });
  }

  it('reads an answer with a byte order mark', async () => {
    failWith({ kind: 'body', body: '\ufeff{"jsonrpc":"2.0","id":1,"result":"0x5"}' });
    expect(await call()).to.equal('0x5');
  });

  it('does not take a rate limit for a server that takes no batches', async () => {
    failWith({ kind: 'error', error: { code: -32_016, message: 'over rate limit' } }, undefined);
    expect((await rejectionOf(endpoint.batch(threeCalls, signal), RpcError)).class).to.equal('rate-limit');
    await endpoint.batch(threeCalls, signal);
    expect(node.requests.map((calls) => calls.length)).to.deep.equal([3, 3]);
  });

  const body = (text: string): Fault => ({ kind: 'body', body: text });
  const answers: readonly (readonly [string, Fault, Partial<RpcError>])[] = [
    [
      'an error that is a string',
      body('{"jsonrpc":"2.0","id":1,"error":"rate limit exceeded"}'),
      { class: 'rate-limit' },
    ],
    ['an error that is a number', body('{"id":1,"error":5}'), { class: 'malformed' }],
    ['an error without a message', body('{"id":1,"error":{"code":-32005}}'), { class: 'rate-limit' }],
    [
      'a code that is a string',
      body('{"id":1,"error":{"code":"-32601","message":"no"}}'),
      { class: 'method-disabled' },
    ],
    [
      'an error that is told in the data',
      body('{"id":1,"error":{"code":1,"message":"x","data":"history pruned"}}'),
      { class: 'pruned' },
    ],
    ["a gateway's message", body('{"message":"API rate limit exceeded"}'), { class: 'rate-limit' }],
    ['neither result nor error', body('{"jsonrpc":"2.0","id":1}'), { class: 'malformed' }],
    ['the answer to another request', body('{"jsonrpc":"2.0","id":99,"result":"0x1"}'), { class: 'malformed' }],
    ['a page', body('<html><body>Just a moment</body></html>'), { class: 'malformed' }],
    ['an empty body', body(''), { class: 'malformed' }],
    ['a list', body('[1,2]'), { class: 'malformed' }],
    ['half a document', { kind: 'truncate' }, { class: 'malformed' }],
    ['a broken connection', { kind: 'drop' }, { class: 'transport', lostConnection: true }],
    ['HTTP 429', { kind: 'status', status: 429, retryAfter: '3' }, { class: 'rate-limit', retryAfterMs: 3_000 }],
    ['HTTP 503', { kind: 'status', status: 503, body: '<h1>503 Service Unavailable</h1>' }, { class: 'transport' }],
    ['HTTP 403', { kind: 'status', status: 403, body: 'no' }, { class: 'quota' }],
    ['HTTP 404', { kind: 'status', status: 404 }, { class: 'method-disabled' }],
    [
      'a redirect',
      { kind: 'status', status: 302, location: 'https://elsewhere.example/v3/key' },
      { class: 'redirect' },
    ],
    ['a redirect to nowhere', { kind: 'status', status: 301 }, { class: 'redirect' }],
    [
      'an error with HTTP 400',
      { kind: 'status', status: 400, body: '{"error":{"code":-32600,"message":"up to a 500 block range"}}' },
      { class: 'range-cap', cap: 500 },
    ],
  ];
  for (const [what, fault, expected] of answers) {
    it(`takes ${what} for what it is`, async () => {
      failWith(fault);
      expect(await rejectionOf(call(), RpcError)).to.include(expected);
    });
  }

  it('says where a redirect leads, without what may be a key', async () => {
    failWith(
      { kind: 'status', status: 302, location: 'https://elsewhere.example/v3/key' },
      { kind: 'status', status: 301 },
    );
    const { message } = await rejectionOf(call(), RpcError);
    expect(message).to.match(/: HTTP 302: a redirect to https:\/\/elsewhere\.example, which is not followed$/);
    expect((await rejectionOf(call(), RpcError)).message).to.match(/: HTTP 301: a redirect, which is not followed$/);
  });

  it('tells an empty answer with its status', async () => {
    failWith(body(''));
    expect((await rejectionOf(call(), RpcError)).message).to.match(/: HTTP 200 with an empty body$/);
  });

  it('takes an answer without an id, and an error of null, as they come', async () => {
    failWith(body('{"result":"0x7","error":null}'), body('[{"id":2,"result":"0x8"}]'));
    expect(await call()).to.equal('0x7');
    expect(await call()).to.equal('0x8');
  });

  it('tells the calls of a batch that were left unanswered', async () => {
    failWith(body('[{"jsonrpc":"2.0","id":2,"result":"0x1"},{"jsonrpc":"2.0","id":9,"result":"0x1"}]'));
    const outcomes = await endpoint.batch(threeCalls, signal);
    expect(outcomes.map((outcome) => outcome.ok)).to.deep.equal([false, true, false]);
  });

  it('asks one by one where the answers to batches tell of no more than one call, or not whose answers they are', async () => {
    for (const cut of [(replies: object[]) => replies.slice(0, 1), (replies: object[]) => replies.map(withoutId)]) {
      const transport: OpenTransport = (options) => {
        const http = new HttpEndpoint(options);
        const post = async (sent: string, aborted: AbortSignal): Promise<HttpAnswer> => {
          const answer = await http.post(sent, aborted);
          const parsed = JSON.parse(answer.text) as object;
          return { ...answer, parsed: Array.isArray(parsed) ? cut(parsed as object[]) : parsed };
        };
        return { host: http.host, push: null, post, close: () => http.close() };
      };
      await endpoint.close();
      open({ transport });
      for (let times = 0; times < 3; times++)
        expect((await endpoint.batch(threeCalls, signal)).some((outcome) => !outcome.ok)).to.equal(true);
      expect((await endpoint.batch(threeCalls, signal)).every((outcome) => outcome.ok)).to.equal(true);
    }
  });

  it('asks for fewer at once where the server breaks the connection over larger batches, without a word', async () => {
    node.options = { fault: (calls) => (calls.length > 2 ? { kind: 'drop' } : undefined) };
    const calls = [...threeCalls, blockCall('0x3')];
    for (let times = 0; times < 3; times++) await rejectionOf(endpoint.batch(calls, signal), RpcError);
    expect((await endpoint.batch(calls, signal)).every((outcome) => outcome.ok)).to.equal(true);
    expect(node.requests.slice(-2).map((asked) => asked.length)).to.deep.equal([2, 2]);
  });

  it('waits no longer than its time limit', async () => {
    await endpoint.close();
    open({ timeoutMs: 60 });
    failWith({ kind: 'hang' });
    const error = await rejectionOf(call(), RpcError);
    expect(error.class).to.equal('timeout');
    expect(error.message).to.contain('no answer within 0.06 s');
  });

  it('drops the call in the air when the signal says so', async () => {
    failWith({ kind: 'hang' });
    const dropped = new AbortController();
    const pending = endpoint.call('eth_chainId', [], dropped.signal);
    setImmediate(() => dropped.abort(new Error('enough')));
    const reason = await rejectionOf(pending);
    expect(reason).to.equal(dropped.signal.reason);
    const late = await rejectionOf(endpoint.batch(threeCalls, dropped.signal));
    expect(late).to.equal(dropped.signal.reason);
  });

  it('reads no answer that is larger than its limit', async () => {
    await endpoint.close();
    open({ maxBytes: 50 });
    const error = await rejectionOf(endpoint.call('eth_getBlockByNumber', ['0x1', false], signal), RpcError);
    expect(error.class).to.equal('response-too-large');
  });

  it('names the host and nothing else of its URL, whatever the server echoes', async () => {
    const { port } = new URL(node.url);
    await endpoint.close();
    open({ url: `http://user:s3cretpass@127.0.0.1:${port}/v2/abcdef0123456789?key=qwertz98765` });
    failWith(body('{"error":{"message":"bad key abcdef0123456789 of user:s3cretpass qwertz98765"}}'));
    const { message } = await rejectionOf(call(), RpcError);
    expect(message).to.match(/^127\.0\.0\.1:/);
    expect(message).not.to.match(/abcdef0123456789|s3cretpass|qwertz98765/);
  });

  it('hides a key in the host, in its name and in what the network says of it', async () => {
    const key = '0123456789abcdef0123456789abcdef';
    for (const url of [`http://${key}.eth.invalid:8545/`, `ws://${key}.eth.invalid:8545/`]) {
      const hidden = new JsonRpcEndpoint({ url, clock: systemClock });
      expect(hidden.name).to.equal('***.eth.invalid:8545');
      const error = await rejectionOf(hidden.call('eth_chainId', [], signal), RpcError);
      expect(error.message)
        .to.match(/^\*\*\*\.eth\.invalid:8545: .*/)
        .and.not.to.contain(key);
      await hidden.close();
    }
    const names = openEndpoints([`http://${key}.eth.invalid`, `http://f${key}.eth.invalid`, 'http://eth.invalid'], {
      clock: systemClock,
    }).map(({ name }) => name);
    expect(names).to.deep.equal(['***.eth.invalid', '***.eth.invalid#2', 'eth.invalid']);
  });

  describe('whoever wants to ask on', () => {
    const calls = ['0x1', '0x2'].map(blockCall);
    const answering = async (status: number, padding: number): Promise<readonly string[]> => {
      await endpoint.close();
      const text = JSON.stringify([1, 2, 3, 4].map((id) => ({ id, result: 'x'.repeat(padding) })));
      const post = (): Promise<HttpAnswer> =>
        Promise.resolve({ status, retryAfter: undefined, text, bytes: text.length });
      open({ transport: () => ({ host: 'node', push: null, post, close: () => Promise.resolve() }) });
      const told: string[] = [];
      const ask = (): Promise<unknown> =>
        endpoint.batch(calls, signal, () => told.push('received')).then(() => told.push('read'));
      await Promise.all([ask(), ask()]);
      return told;
    };

    it('hears that long answers have come before one of them is read', async () => {
      expect(await answering(200, 5_000)).to.deep.equal(['received', 'received', 'read', 'read']);
    });

    it('hears nothing of what may be a refusal: a short answer, or one with the status of an error', async () => {
      expect(await answering(200, 500)).to.deep.equal(['read', 'read']);
      expect(await answering(503, 5_000)).to.deep.equal(['read', 'read']);
    });
  });

  it('says that nothing listens', async () => {
    await endpoint.close();
    const port = await freePort();
    open({ url: `http://127.0.0.1:${port}` });
    const error = await rejectionOf(call(), RpcError);
    expect(error.message).to.contain('ECONNREFUSED');
    expect(error.lostConnection).to.equal(true);
  });

  it('takes only URLs of HTTP and of WebSockets', () => {
    expect(() => open({ url: 'ftp://127.0.0.1:1/secret' })).to.throw(UsageError, /^(?!.*secret)/);
    expect(() => open({ url: 'nonsense' })).to.throw(UsageError);
  });
});

function withoutId(reply: object): object {
  return { ...reply, id: undefined };
}

function blockCall(number: string): { method: string; params: unknown[] } {
  return { method: 'eth_getBlockByNumber', params: [number, false] };
}

function blockOf(node: ChainSimulator, number: number): unknown {
  const { hash, parentHash, timestamp, logsBloom } = node.blocks[number]!;
  const hex = (value: number): string => `0x${value.toString(16)}`;
  return { number: hex(number), hash, parentHash, timestamp: hex(timestamp), logsBloom, transactions: [] };
}
