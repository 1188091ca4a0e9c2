import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import type { ChainClientOptions } from '../../../src/chain/blocks/chain-client.js';
import { RpcError } from '../../../src/chain/transport/errors/rpc-error.js';
import { quietCall } from '../../../src/runtime/call.js';
import { ChainMismatchError, ChainUnreachableError, UsageError } from '../../../src/runtime/errors.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { makeAuthority } from '../../support/authority.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { Fault, SimCall } from '../../support/chain-simulator.js';
import { headerOf } from '../../support/simulated-node.js';
import { HastyClock, deadlineMs } from '../../support/hasty-clock.js';
import { startHttps } from '../../support/https-server.js';
import { rejectionOf } from '../../support/rejection.js';
import { within } from '../../support/within.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { rangeLogs } from '../../../src/chain/logs/log-calls.js';
import { MemoryLogger } from '../../support/memory-logger.js';

const signal = new AbortController().signal;
const any = { addresses: null, topics: null };
const busy: Fault = { kind: 'status', status: 503 };
const errorFault = (message: string, code = -32_000): Fault => ({ kind: 'error', error: { code, message } });

describe('a chain client', () => {
  let nodes: ChainSimulator[];
  let clock: HastyClock;
  let clients: ChainClient[];

  beforeEach(async () => {
    clock = new HastyClock();
    clients = [];
    nodes = [await ChainSimulator.start(), await ChainSimulator.start()];
    for (const node of nodes) node.mine(5);
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all(nodes.map((node) => node.stop()));
  });

  const open = (options: Partial<ChainClientOptions> & { readonly first?: boolean } = {}): ChainClient => {
    const urls = (options.first === true ? nodes.slice(0, 1) : nodes).map((node) => node.url);
    const base = { urls, chainId: 31_337, clock, logger: silentLogger, requestTimeoutMs: deadlineMs };
    const client = new ChainClient({ ...base, ...options });
    clients.push(client);
    return client;
  };
  /** Makes a node fail every request but those for its chain id. */
  const fail = (index: number, fault: (request: number) => Fault | undefined): void => {
    nodes[index]!.options = {
      ...nodes[index]!.options,
      fault: (calls: readonly SimCall[], request) => (calls[0]?.method === 'eth_chainId' ? undefined : fault(request)),
    };
  };
  it('needs an endpoint', () => {
    expect(() => open({ urls: [] })).to.throw(UsageError, 'no RPC URL');
  });

  it('tells a tag by another endpoint where the one that was asked does not know it', async () => {
    nodes[0]!.traits.finalizedDistance = null;
    nodes[1]!.traits.finalizedDistance = 2;
    for (const node of nodes) node.mine(5);
    const client = open({ clock: systemClock });
    const { latest, tagged } = await client.heads('finalized', signal);
    expect([latest?.number, tagged]).to.deep.include(10).and.to.have.nested.property('[1].number', 8);
    nodes[1]!.traits.finalizedDistance = null;
    expect((await client.heads('finalized', signal)).tagged).to.be.instanceOf(RpcError);
    fail(1, () => busy);
    expect((await open().heads('finalized', signal)).tagged).to.be.instanceOf(RpcError);
  });

  it('takes a tag from the first endpoint that tells it, whoever else does not answer', async () => {
    nodes.push(await ChainSimulator.start());
    nodes[2]!.mine(5);
    nodes[0]!.traits.finalizedDistance = null;
    nodes[2]!.traits.finalizedDistance = 2;
    fail(1, () => ({ kind: 'hang' }));
    const heads = open({ clock: systemClock }).heads('finalized', signal);
    const { tagged } = await within(deadlineMs / 3, heads, () => 'it still waits');
    expect(tagged).to.have.property('number', 3);
  });

  it('does not wait for long where no other endpoint answers whether it tells a tag', async () => {
    nodes[0]!.traits.finalizedDistance = null;
    fail(1, () => ({ kind: 'hang' }));
    const { latest, tagged } = await within(deadlineMs / 3, open().heads('finalized', signal), () => 'it still waits');
    expect(latest).to.have.property('number', 5);
    expect(tagged).to.be.instanceOf(RpcError);
  });

  it('asks other endpoints for a tag that none of them told some minutes later, not at each head', async () => {
    let passedMs = 0;
    const later = { ...systemClock, monotonic: () => systemClock.monotonic() + passedMs };
    for (const node of nodes) node.traits.finalizedDistance = null;
    const client = open({ clock: later });
    expect((await client.heads('finalized', signal)).tagged).to.be.instanceOf(RpcError);
    nodes[1]!.traits.finalizedDistance = 2;
    expect((await client.heads('finalized', signal)).tagged).to.be.instanceOf(RpcError);
    passedMs = 600_000;
    expect((await client.heads('finalized', signal)).tagged).to.have.property('number', 3);
  });

  it('asks typed questions', async () => {
    const client = open();
    expect(await client.chainId(signal)).to.equal(31_337);
    expect(await client.header('latest', signal)).to.include({ number: 5, hash: nodes[0]?.head.hash });
    expect(await client.header(2, signal)).to.include({ number: 2, timestamp: 1_700_000_024 });
    expect(await client.header(9, signal)).to.equal(null);
    const headers = await client.headers([3, 9, 1, 3], quietCall(signal));
    expect(headers.map((header) => header?.number)).to.deep.equal([3, undefined, 1, 3]);
    const { logs, last } = await rangeLogs(client, any, { from: 1, to: 2 }, signal);
    expect(logs.map((log) => log.blockNumber)).to.deep.equal([1, 2]);
    expect(last.number).to.equal(2);
  });

  const fields: readonly (readonly [string, Record<string, string>])[] = [
    ['a log index that no table holds', { logIndex: '0x1fffffffffffff' }],
    ['a transaction index that no table holds', { transactionIndex: '0xffffffff' }],
    ['a block number beyond all numbers', { blockNumber: '0xffffffffffffffffffff' }],
    ['a time beyond all dates', { blockTimestamp: '0xffffffffffff' }],
  ];
  for (const [what, changes] of fields) {
    it(`asks another endpoint where one tells ${what}, and gives up after ten tries where there is none`, async () => {
      const [log] = nodes[0]!.canonicalLogs(1, 1);
      const header = headerOf(nodes[0]!.blocks[1]);
      const lie = ([block, logs]: readonly SimCall[]): Fault | undefined => {
        const answer = [header, [{ ...log, ...changes }]];
        const bodies = [block, logs].map((call, index) => ({ jsonrpc: '2.0', id: call?.id, result: answer[index] }));
        return logs === undefined ? undefined : { kind: 'body', body: JSON.stringify(bodies) };
      };
      nodes[0]!.options = { fault: lie };
      const { endpoint, logs } = await rangeLogs(open(), any, { from: 1, to: 1 }, signal);
      expect(endpoint).to.equal(new URL(nodes[1]!.url).host);
      expect(logs).to.have.length(1);
      const error = await rejectionOf(
        rangeLogs(open({ first: true }), any, { from: 1, to: 1 }, signal),
        ChainUnreachableError,
      );
      expect(error.message).to.match(/malformed answer: a log's \w+ is "0x\w+", which is too large, after 10 tries$/);
    });
  }

  it('tells which endpoint gave logs, and how long the answer was', async () => {
    const client = open();
    const { endpoint, bytes, logs } = await rangeLogs(client, any, { from: 1, to: 3 }, signal);
    expect(endpoint).to.equal(client.endpoints[0]);
    expect(bytes).to.be.within(JSON.stringify(logs).length, 5_000);
  });

  it('asks only the endpoints that are wanted', async () => {
    const client = open();
    const [first = '', second] = client.endpoints;
    const other = client.via({ except: [first] });
    expect(other.endpoints).to.deep.equal([second]);
    expect((await rangeLogs(other, any, { from: 1, to: 1 }, signal)).endpoint).to.equal(second);
    expect((await client.via({ only: [first] }).heads('finalized', signal)).endpoint).to.equal(first);
    fail(1, () => errorFault('history has been pruned for this block'));
    await rejectionOf(other.header(1, signal), ChainUnreachableError);
    await rejectionOf(client.via({ only: [] }).header(1, signal), ChainUnreachableError);
  });

  it('tells several endpoints of one host apart, and takes the same URL once', () => {
    const client = open({
      urls: ['http://a.example/1', 'http://a.example/2', 'http://b.example', 'http://a.example/1'],
    });
    expect(client.endpoints).to.deep.equal(['a.example', 'a.example#2', 'b.example']);
  });

  it('tries again, later and later, until the node answers', async () => {
    fail(0, (request) => (request < 6 ? busy : undefined));
    expect(await open({ first: true }).header(1, signal)).to.include({ number: 1 });
    expect(clock.sleptMs).to.be.within(1_800, 4_000);
  });

  it('gives up after its bounds, in one line that says why', async () => {
    fail(0, () => busy);
    const error = await rejectionOf(open({ first: true }).header(1, signal), ChainUnreachableError);
    expect(error).to.include({ exitCode: 6 });
    expect(error.message).to.match(/^the chain can not be reached: 127.0.0.1:\d+: HTTP 503 .*, after 10 tries$/);
    expect(clock.sleptMs).to.be.within(20_000, 50_000);
  });

  it('gives up soon on an endpoint that was never reached: its URL may be wrong', async () => {
    const gone = nodes[0]!.url;
    await nodes[0]!.stop();
    nodes[0] = await ChainSimulator.start();
    const error = await rejectionOf(open({ urls: [gone] }).header('latest', signal), ChainUnreachableError);
    expect(error.message).to.match(/after 6 tries$/);
    expect(clock.sleptMs).to.be.below(10_000);
  });

  it('sits out an outage of many minutes once the endpoint has answered', async () => {
    const client = open({ first: true });
    await client.header('latest', signal);
    const requests = nodes[0]!.requests.length;
    fail(0, (request) => (request < requests + 90 ? { kind: 'drop' } : undefined));
    expect((await client.header('latest', signal))?.number).to.equal(5);
    expect(clock.sleptMs).to.be.above(200_000);
  });

  it('leaves the node alone for as long as it asks', async () => {
    fail(0, (request) => (request === 2 ? { kind: 'status', status: 429, retryAfter: '17' } : undefined));
    await open({ first: true }).header(1, signal);
    expect(clock.sleptMs).to.be.within(17_000, 17_500);
  });

  it('asks the next endpoint at once, and stays with the one that answers', async () => {
    fail(0, () => busy);
    const client = open();
    await client.header(1, signal);
    await client.header(2, signal);
    expect(clock.sleptMs).to.equal(0);
    expect(nodes[0]?.requests).to.have.length(2);
    expect(nodes[1]?.requests).to.have.length(3);
  });

  it('asks another endpoint where one has not the history', async () => {
    fail(0, () => errorFault('history has been pruned for this block'));
    expect(await open().header(1, signal)).to.include({ number: 1 });
  });

  const refusals = {
    'daily request count exceeded, request rate limited': 'plan',
    'history has been pruned for this block': 'archive node',
    'the method eth_getBlockByNumber does not exist/is not available': 'another endpoint',
  };
  for (const [text, hint] of Object.entries(refusals)) {
    it(`stops with a hint where every endpoint says "${text}"`, async () => {
      fail(0, () => errorFault(text));
      fail(1, () => errorFault(text));
      const error = await rejectionOf(open().header(1, signal), ChainUnreachableError);
      expect(error.message).to.contain(`refuses: 127.0.0.1`).and.contain(text);
      expect(error.hint).to.contain(hint);
      expect(clock.sleptMs).to.equal(0);
    });
  }

  it('says how to name the authority that signed the certificate of a node, where the system does not know it', async () => {
    const urls = [`https://127.0.0.1:${await startHttps(makeAuthority())}`];
    const error = await rejectionOf(open({ urls }).header(1, signal), ChainUnreachableError);
    expect(error.message).to.contain('unable to verify the first certificate');
    expect(error.hint).to.contain('set NODE_EXTRA_CA_CERTS=FILE');
  });

  it('takes what a node says of certificates for what it says of others', async () => {
    fail(0, () => errorFault('network: unable to verify the first certificate'));
    const error = await rejectionOf(open({ first: true }).header(1, signal), ChainUnreachableError);
    expect(error.hint).to.contain('check that the RPC URL is right');
  });

  it('asks nobody else where the request is wrong', async () => {
    fail(0, () => errorFault('invalid argument 0: hex string without 0x prefix', -32_602));
    const error = await rejectionOf(open().header(1, signal), ChainUnreachableError);
    expect(error.message).to.contain('refuses').and.contain('hex string without 0x prefix');
    expect(error.hint).to.contain('finds the request wrong');
    expect(nodes[1]?.requests).to.deep.equal([]);
  });

  it('puts an endpoint of another chain aside, and says so', async () => {
    const logger = new MemoryLogger();
    nodes[0]!.options = { chainId: 5 };
    const client = open({ logger });
    await client.header(1, signal);
    await client.header(2, signal);
    expect(nodes[0]?.requests).to.deep.equal([['eth_chainId']]);
    expect(logger.lines).to.have.length(1);
    expect(logger.messages('error')[0]).to.contain('serves chain 5, not chain 31337');
  });

  it('names both chains where every endpoint serves another', async () => {
    for (const node of nodes) node.options = { chainId: 5 };
    const error = await rejectionOf(open().header(1, signal), ChainMismatchError);
    expect(error.message).to.match(/expected chain 31337, but .* serves chain 5$/);
  });

  it('asks for the chain anew when a connection broke long after', async () => {
    const client = open({ first: true });
    await client.header(1, signal);
    clock.sleptMs += 60_000;
    fail(0, (request) => (request === 3 ? { kind: 'drop' } : undefined));
    await client.header(1, signal);
    expect(nodes[0]?.requests.flat().filter((method) => method === 'eth_chainId')).to.have.length(2);
  });

  const malformed = {
    'a block that is a word': '"block"',
    'a block without a hash': '{"number":"0x1","timestamp":"0x1"}',
    'a number beyond all numbers': `{"number":"0x${'f'.repeat(20)}"}`,
    'another block': JSON.stringify({
      number: '0x2',
      hash: `0x${'1'.repeat(64)}`,
      parentHash: `0x${'1'.repeat(64)}`,
      timestamp: 1,
    }),
  };
  for (const [what, result] of Object.entries(malformed)) {
    it(`asks again for a block that came as ${what}`, async () => {
      fail(0, (request) => (request < 4 ? { kind: 'body', body: `{"result":${result}}` } : undefined));
      expect(await open({ first: true }).header(1, signal)).to.include({ hash: nodes[0]?.blocks[1]?.hash });
    });
  }

  it('asks only for those headers again that were not given', async () => {
    const error = { code: -32_603, message: 'internal error' };
    fail(0, (request) => (request === 2 ? { kind: 'call-error', method: 'eth_getBlockByNumber', error } : undefined));
    const headers = await open({ first: true }).headers([1, 2, 3], quietCall(signal));
    expect(headers.map((header) => header?.number)).to.deep.equal([1, 2, 3]);
  });

  it('leaves a wish for a smaller range to its caller, and what may be one unless the range is one block', async () => {
    const client = open({ first: true });
    fail(0, () => errorFault('query timeout exceeded'));
    expect(await rejectionOf(rangeLogs(client, any, { from: 1, to: 2 }, signal))).to.include({ class: 'timeout' });
    expect(clock.sleptMs).to.equal(0);
    expect(await rejectionOf(rangeLogs(client, any, { from: 1, to: 1 }, signal))).to.include({ class: 'timeout' });
    fail(0, () => errorFault('the moon is in the wrong house'));
    expect(await rejectionOf(rangeLogs(client, any, { from: 1, to: 2 }, signal))).to.include({ class: 'unknown' });
    await rejectionOf(rangeLogs(client, any, { from: 1, to: 1 }, signal), ChainUnreachableError);
  });

  it('asks another endpoint after one that lags', async () => {
    nodes[0]!.options = { backend: () => ({ behind: 2 }) };
    const client = open();
    expect(await rejectionOf(rangeLogs(client, any, { from: 1, to: 5 }, signal))).to.include({ class: 'lag' });
    expect((await rangeLogs(client, any, { from: 1, to: 5 }, signal)).last.number).to.equal(5);
  });

  it('takes an error for a missing block where a node knows no better', async () => {
    fail(0, () => errorFault('block not found'));
    expect(await open({ first: true }).header(7, signal)).to.equal(null);
  });

  it('tells why a node would not say which block is final', async () => {
    const client = open({ first: true });
    nodes[0]!.traits.finalizedDistance = null;
    const { latest, tagged } = await client.heads('finalized', signal);
    expect(latest?.number).to.equal(5);
    expect(tagged).to.be.instanceOf(RpcError);
    nodes[0]!.traits.finalizedDistance = 2;
    expect((await client.heads('finalized', signal)).tagged).to.include({ number: 3 });
  });

  it('asks again where the final block is hidden by a fault that will pass', async () => {
    const error = { code: -32_005, message: 'too many requests' };
    fail(0, (request) => (request < 4 ? { kind: 'call-error', method: 'eth_getBlockByNumber', error } : undefined));
    expect((await open({ first: true }).heads('finalized', signal)).tagged).to.include({ number: 0 });
  });

  it('waits for the receipts of one that can not even be asked for its chain a few times only, where another gives logs', async () => {
    nodes[1]!.options = { fault: () => ({ kind: 'status', status: 429 }) };
    const client = open();
    const { hash } = (await client.header('latest', signal)) ?? { hash: '' };
    const answers = [];
    while (answers.length < 7 && answers.at(-1) !== null) answers.push(await client.receiptsOfBlocks([hash], signal));
    expect(answers.at(-1)).to.equal(null);
  });
});
