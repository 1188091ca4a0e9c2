import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { SureBlocks } from '../../../src/chain/logs/sure-blocks.js';
import type { SureBlock } from '../../../src/chain/logs/sure-blocks.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { HastyClock, deadlineMs } from '../../support/hasty-clock.js';
import { simContract, transferTopic } from '../../support/simulated-chain.js';
import { rejectionOf } from '../../support/rejection.js';

describe('a block that is read surely', () => {
  let nodes: ChainSimulator[];
  let chain: ChainClient;

  beforeEach(async () => {
    nodes = [await ChainSimulator.start(), await ChainSimulator.start()];
    for (const node of nodes) node.mine(5, () => [{}, {}, { address: `0x${'99'.repeat(20)}` }]);
    open(31_337, ...nodes);
  });
  afterEach(async () => {
    await chain.close();
    for (const node of nodes) await node.stop();
  });

  function open(chainId: number, ...asked: readonly ChainSimulator[]): void {
    const urls = asked.map(({ url }) => url);
    const options = { chainId, clock: new HastyClock(), logger: silentLogger, requestTimeoutMs: deadlineMs };
    chain = new ChainClient({ urls, ...options, attempts: 2, outageAttempts: 2 });
  }
  const read = (): Promise<SureBlock> =>
    new SureBlocks(chain, { addresses: [simContract], topics: [transferTopic] }).read(3, new AbortController().signal);
  const [first, second] = [0, 1].map((index) => (): ChainSimulator => nodes[index] as ChainSimulator) as [
    () => ChainSimulator,
    () => ChainSimulator,
  ];

  it('is proven by the root of its receipts, whatever eth_getLogs says', async () => {
    first().traits.receipts = 'rooted';
    for (const node of nodes) node.traits.hides = () => true;
    const { logs, proof, timestamps, last } = await read();
    expect(proof).to.equal('receipts_root');
    expect(logs.map(({ logIndex }) => logIndex)).to.deep.equal([0, 1]);
    expect(timestamps.get(3)).to.equal(last.timestamp);
  });

  it('is proven by another endpoint where the receipts of the first lack logs', async () => {
    first().traits.receipts = 'lacking';
    second().traits.receipts = 'rooted';
    const { logs, proof } = await read();
    expect(proof).to.equal('receipts_root');
    expect(logs.map(({ logIndex }) => logIndex)).to.deep.equal([0, 1]);
  });

  it('is agreed on where nothing proves it, and endpoints say the same', async () => {
    expect((await read()).proof).to.equal('agreement');
  });

  it('is agreed on where receipts have no root to prove them by', async () => {
    first().traits.receipts = 'all';
    expect((await read()).proof).to.equal('agreement');
  });

  it('is never proven by receipts on Polygon, where logs of state syncs stand in none', async () => {
    for (const node of nodes) {
      const [log] = node.canonicalLogs(3, 3);
      Object.assign(node.traits, { receipts: 'rooted', strays: [{ ...log, logIndex: '0x3' }] });
      node.options = { chainId: 137 };
    }
    await chain.close();
    open(137, ...nodes);
    const { logs, proof } = await read();
    expect([logs.length, proof]).to.deep.equal([3, 'agreement']);
  });

  it('is doubtful where endpoints do not say the same', async () => {
    second().traits.hides = (log) => log.logIndex === '0x1';
    expect((await read()).proof).to.equal(null);
  });

  it('is told with the logs that any endpoint has of it, as long as nobody proves that there are none', async () => {
    first().traits.hides = () => true;
    const { logs, proof } = await read();
    expect([logs.map(({ logIndex }) => logIndex), proof]).to.deep.equal([[0, 1], null]);
  });

  it('is doubtful where they give no logs though its bloom filter tells of some', async () => {
    for (const node of nodes) node.traits.hides = () => true;
    const { logs, proof } = await read();
    expect(logs).to.deep.equal([]);
    expect(proof).to.equal(null);
    second().traits.receipts = 'all';
    expect((await read()).proof).to.equal(null);
  });

  it('is asked for twice where there is one endpoint, without receipts', async () => {
    await chain.close();
    open(31_337, first());
    expect((await read()).proof).to.equal('agreement');
    let asked = 0;
    first().traits.hides = (log) => log.logIndex === '0x1' && ++asked === 1;
    expect((await read()).proof).to.equal(null);
  });

  it('is read in parts of the filter where a node refuses it as a whole', async () => {
    for (const { traits } of nodes) traits.maxResults = 1;
    await chain.close();
    open(31_337, first(), second());
    const addresses = [simContract, `0x${'99'.repeat(20)}`];
    for (const node of nodes) node.reorg(3, 4, () => [{}, { address: addresses[1] ?? '' }]);
    const blocks = new SureBlocks(chain, { addresses, topics: [transferTopic] });
    const { logs, proof } = await blocks.read(3, new AbortController().signal);
    expect([logs.length, proof]).to.deep.equal([2, 'agreement']);
  });

  it('is told about with an error that a person can read, where no endpoint gives it', async () => {
    for (const { traits } of nodes) traits.maxResults = 0;
    const error = await rejectionOf(read());
    expect(error).to.include({ code: 'CHAIN_UNREACHABLE', exitCode: 6 });
    expect(error.message).to.match(/^no endpoint gives the logs of block 3: /);
  });

  it('is read from the endpoint that is there', async () => {
    await second().stop();
    expect((await read()).logs).to.have.length(2);
    first().options = { fault: () => ({ kind: 'status', status: 503 }) };
    const error: unknown = await rejectionOf(read());
    expect(error).to.include({ code: 'CHAIN_UNREACHABLE' });
    nodes = [first()];
  });
});
