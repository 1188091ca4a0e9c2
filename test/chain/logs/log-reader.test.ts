import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { Inconsistency, NodeLagsError } from '../../../src/chain/blocks/consistency.js';
import { toLogFilter } from '../../../src/chain/blocks/log-filter.js';
import { LogReader } from '../../../src/chain/logs/log-reader.js';
import type { ReadAnswer } from '../../../src/chain/logs/log-reader.js';
import { LogSource } from '../../../src/chain/logs/log-source.js';
import type { FetchedRange } from '../../../src/chain/blocks/range-reader.js';
import { NewBlocks } from '../../../src/chain/logs/new-blocks.js';
import type { Work } from '../../../src/chain/transport/endpoints/endpoint-question.js';
import type { JsonRpcEndpoint } from '../../../src/chain/transport/rpc/json-rpc.js';
import type { RpcCall } from '../../../src/chain/transport/rpc/json-rpc-answer.js';
import { RpcError } from '../../../src/chain/transport/errors/rpc-error.js';
import { quietCall } from '../../../src/runtime/call.js';
import { ChainUnreachableError } from '../../../src/runtime/errors.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { SimulatorOptions } from '../../support/chain-simulator.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { transferTopic } from '../../support/simulated-chain.js';
import { rejectionOf } from '../../support/rejection.js';

const signal = new AbortController().signal;
const addressOf = (number: number): string => `0x${number.toString(16).padStart(40, '0')}`;
const topicOf = (number: number): string => `0x${number.toString(16).padStart(64, '0')}`;
/** Contracts that have a log each in block 5, and their topics. */
const contracts = [1, 2, 3, 4, 5, 6, 7, 8];

describe('a range of which each part of a filter is asked for by itself', () => {
  /** A chain whose endpoint takes one address at a time, and tells of each a last block with another hash. */
  const readerOf = (hashes: readonly string[]): LogReader => {
    const left = [...hashes];
    const batch = (calls: readonly RpcCall[]): Promise<readonly unknown[]> => {
      const isOfAll = (calls[1]?.params[0] as { readonly address?: unknown }).address === undefined;
      if (isOfAll) throw new RpcError('too many logs', { class: 'density', host: 'node' });
      const header = { number: '0x5', hash: left.shift(), parentHash: topicOf(9), timestamp: '0x1' };
      return Promise.resolve([
        { ok: true, value: header },
        { ok: true, value: [] },
      ]);
    };
    const endpoint = { name: 'node', host: 'node', batch };
    const nothing = (): undefined => undefined;
    const ask = (work: Work<unknown>): Promise<unknown> => work(endpoint as unknown as JsonRpcEndpoint, signal);
    const chain = { addressCap: { most: 1 }, now: () => 0, isNew: () => false, heard: nothing, ask };
    const filter = { addresses: [addressOf(1), addressOf(2)], topics: null };
    return new LogReader(chain as unknown as ChainClient, toLogFilter(filter));
  };
  const read = (hashes: readonly string[]): Promise<ReadAnswer> => readerOf(hashes).read({ from: 1, to: 5 }, signal);

  it('is taken where all end with the same block', async () => {
    expect((await read([topicOf(1), topicOf(1)])).filters).to.have.length(2);
  });

  it('is not taken where they end with different blocks of one number', async () => {
    const { message } = await rejectionOf(read([topicOf(1), topicOf(2)]), Inconsistency);
    expect(message).to.equal('block 5 is another one in another answer');
  });
});

describe('a block that a node does not give in one answer', () => {
  let nodes: ChainSimulator[];
  let chain: ChainClient;
  let clock: HastyClock;

  const open = async (count = 1, chainId = 31_337): Promise<void> => {
    nodes = [];
    for (let index = 0; index < count; index++) {
      const node = await ChainSimulator.start({ chainId }, { maxResults: 3 });
      const events = contracts.map((number) => ({ address: addressOf(number), topics: [topicOf(number % 2)] }));
      node.mine(10, (number) => (number === 5 ? [...events, { address: addressOf(99) }] : []));
      nodes.push(node);
    }
    clock = new HastyClock();
    const urls = nodes.map((node) => node.url);
    chain = new ChainClient({ urls, chainId, clock, logger: silentLogger, requestTimeoutMs: 200_000 });
  };
  afterEach(async () => {
    await chain.close();
    await Promise.all(nodes.map((node) => node.stop()));
  });

  const sourceOf = (addresses: readonly string[] | null, topics: readonly string[] | null): LogSource =>
    new LogSource({ chain, filter: { addresses, topics }, batchSize: 10, clock, logger: silentLogger });
  const fetch = (source: LogSource, block = 5): Promise<FetchedRange> =>
    source.fetch({ from: block, to: block }, { ...quietCall(signal), verified: false });
  const indexesOf = ({ logs }: FetchedRange): number[] => logs.map((log) => log.logIndex);
  const asked = (method: string): number =>
    nodes.flatMap((node) => node.requests.flat()).filter((name) => name === method).length;
  it('is read from its receipts, of which only what is wanted is kept', async () => {
    await open();
    nodes[0]!.traits.receipts = 'all';
    const fetched = await fetch(sourceOf(null, [topicOf(0), topicOf(1)]));
    expect(indexesOf(fetched)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(fetched.last).to.include({ number: 5, hash: nodes[0]!.blocks[5]!.hash });
    expect(asked('eth_getLogs')).to.equal(1);
    expect(clock.sleptMs).to.equal(0);
  });

  it('is not read from receipts on Polygon, where logs of state syncs stand in none', async () => {
    await open(1, 137);
    const { traits } = nodes[0]!;
    Object.assign(traits, { receipts: 'all', strays: [{ ...nodes[0]!.canonicalLogs(5, 5)[0], logIndex: '0x9' }] });
    Object.assign(traits, { maxResults: 4 });
    const source = sourceOf(null, [topicOf(0), topicOf(1)]);
    expect(indexesOf(await fetch(source))).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 9]);
    expect(asked('eth_getBlockReceipts')).to.equal(0);
  });

  it('is not believed to hold only what receipts with gaps tell', async () => {
    await open();
    nodes[0]!.traits.receipts = 'lacking';
    await rejectionOf(fetch(sourceOf(null, null)), NodeLagsError);
  });

  it('is read address by address, then topic by topic, where there are no receipts', async () => {
    await open();
    expect(indexesOf(await fetch(sourceOf(contracts.map(addressOf), null)))).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
    nodes[0]!.traits.maxResults = 4;
    expect(indexesOf(await fetch(sourceOf(null, [topicOf(0), topicOf(1)])))).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(clock.sleptMs).to.equal(0);
  });

  it('is asked for in vain only after all that, and asked for receipts only once', async () => {
    await open();
    const error = await rejectionOf(fetch(sourceOf(null, [topicOf(0)])), ChainUnreachableError);
    expect(error.message).to.contain('the logs of block 5 alone');
    expect(asked('eth_getBlockReceipts')).to.equal(1);
  });

  it('is read from its receipts though the node did not find them the first time', async () => {
    await open();
    nodes[0]!.traits.receipts = 'all';
    const error = { code: -32_000, message: 'block not found: 5' };
    let left = 1;
    const fault: SimulatorOptions['fault'] = (calls) =>
      calls.some(({ method }) => method === 'eth_getBlockReceipts') && left-- > 0
        ? { kind: 'call-error', method: 'eth_getBlockReceipts', error }
        : undefined;
    nodes[0]!.options = { fault };
    expect(indexesOf(await fetch(sourceOf(null, [topicOf(0)])))).to.deep.equal([1, 3, 5, 7]);
  });

  it('is read from the endpoint that has receipts', async () => {
    await open(2);
    nodes[1]!.traits.receipts = 'all';
    expect(indexesOf(await fetch(sourceOf(null, [topicOf(0)])))).to.deep.equal([1, 3, 5, 7]);
  });

  it('is read from the next endpoint where the receipts of one lack logs', async () => {
    await open(2);
    nodes[0]!.traits.receipts = 'lacking';
    nodes[1]!.traits.maxResults = 100;
    expect(indexesOf(await fetch(sourceOf(null, [topicOf(0)])))).to.deep.equal([1, 3, 5, 7]);
  });

  it('is read from the next endpoint where one gives logs that were taken back', async () => {
    await open(2);
    for (const node of nodes) node.traits.maxResults = 100;
    nodes[0]!.traits.strays = [{ ...nodes[0]!.canonicalLogs(5, 5)[0]!, removed: true }];
    const source = sourceOf(null, null);
    for (let times = 0; times < 3; times++) expect(indexesOf(await fetch(source))).to.have.length(9);
  });

  it('is read from the endpoint that gives more at once', async () => {
    await open(2);
    nodes[1]!.traits.maxResults = 4;
    expect(indexesOf(await fetch(sourceOf(null, [topicOf(0)])))).to.deep.equal([1, 3, 5, 7]);
  });

  it('is read though queries for it time out', async () => {
    await open();
    nodes[0]!.traits.receipts = 'all';
    nodes[0]!.traits.resultsError = { code: -32_000, message: 'query timeout exceeded' };
    expect(indexesOf(await fetch(sourceOf(null, [topicOf(0)])))).to.deep.equal([1, 3, 5, 7]);
    expect(clock.sleptMs).to.equal(0);
  });

  it('does not keep the next block from being read in the usual way', async () => {
    await open();
    nodes[0]!.traits.receipts = 'all';
    const source = sourceOf(null, null);
    await fetch(source);
    await fetch(source, 6);
    expect(asked('eth_getBlockReceipts')).to.equal(1);
  });

  it('cuts a filter that is too long for the node up for good', async () => {
    await open();
    Object.assign(nodes[0]!.traits, { maxAddresses: 2, maxResults: 100 });
    const source = sourceOf(contracts.map(addressOf), [transferTopic, topicOf(0), topicOf(1)]);
    const range = { from: 1, to: 9 };
    expect(indexesOf(await source.fetch(range, { ...quietCall(signal), verified: false }))).to.deep.equal([
      0, 1, 2, 3, 4, 5, 6, 7,
    ]);
    // Once it takes several requests, some blocks tell that one for the topics alone is cheaper here.
    await source.fetch(range, { ...quietCall(signal), verified: false });
    const before = asked('eth_getLogs');
    const again = await source.fetch(range, { ...quietCall(signal), verified: false });
    expect(indexesOf(again)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(asked('eth_getLogs') - before).to.equal(1);
  });

  it('cuts the filter up where blocks are asked for by their hashes, too', async () => {
    await open();
    Object.assign(nodes[0]!.traits, { maxAddresses: 2, maxResults: 100 });
    nodes[0]!.options = { backend: (request) => ({ logsBehind: request <= 6 ? 9 : 0 }) };
    const source = sourceOf(contracts.map(addressOf), null);
    expect(indexesOf(await fetch(source))).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
    const headers = nodes[0]!.blocks.slice(4, 7).map((block) => ({ ...block }));
    const filter = { addresses: contracts.map(addressOf), topics: null };
    const newBlocks = new NewBlocks({ chain, filter, clock, logger: silentLogger, doubts: false });
    expect(indexesOf((await newBlocks.fetch(headers, quietCall(signal)))!)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('does not take the logs of one part of the filter for all that a block holds', async () => {
    await open();
    Object.assign(nodes[0]!.traits, { maxAddresses: 1, maxResults: 100 });
    // The second of the two parts is answered by a node that is not done with the block.
    nodes[0]!.options = { backend: (request) => ({ logsBehind: request === 3 ? 9 : 0 }) };
    expect(indexesOf(await fetch(sourceOf([addressOf(1), addressOf(2)], null)))).to.deep.equal([0, 1]);
  });

  it('does not cut up a filter of one address for ever', async () => {
    await open();
    nodes[0]!.traits.maxAddresses = 0;
    const error = await rejectionOf(fetch(sourceOf([addressOf(1), addressOf(2)], [topicOf(0)])));
    expect(error.message).to.contain('exceed max addresses');
  });
});
