import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { LogSource } from '../../../src/chain/logs/log-source.js';
import { Omissions } from '../../../src/chain/logs/omissions.js';
import { RangeSize } from '../../../src/chain/logs/range-size.js';
import { RpcError } from '../../../src/chain/transport/errors/rpc-error.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { rejectionOf } from '../../support/rejection.js';
import { simContract, transferTopic } from '../../support/simulated-chain.js';

const signal = new AbortController().signal;
const moved = (): Promise<void> => Promise.resolve();
const filter = { addresses: [simContract], topics: [transferTopic] };

describe('what an endpoint leaves out of history', () => {
  const nodes: ChainSimulator[] = [];
  let chain: ChainClient;
  let source: LogSource;
  let logger: MemoryLogger;

  /** Blocks 1 to 60 hold a log each, but for every tenth; those behind them hold none. */
  const open = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) {
      const node = await ChainSimulator.start();
      node.mine(700, (number) => (number > 60 || number % 10 === 0 ? [] : [{}]));
      nodes.push(node);
    }
    const clock = new HastyClock();
    logger = new MemoryLogger();
    const urls = nodes.map(({ url }) => url);
    chain = new ChainClient({ urls, clock, logger, requestTimeoutMs: 200_000 });
    source = new LogSource({ chain, filter, batchSize: 1_000, clock, logger, random: () => 0 });
  };
  const node = (index: number): ChainSimulator => nodes[index]!;
  const read = async (from: number, to: number, verified = false): Promise<string[]> => {
    const ids: string[] = [];
    for (let next = from; next <= to;) {
      const fetched = await source.fetch({ from: next, to }, { verified, moved, signal });
      ids.push(...fetched.logs.map((log) => `${log.blockHash}:${log.logIndex}`));
      next = fetched.to + 1;
    }
    return ids;
  };
  const truth = (from: number, to: number): string[] =>
    node(0)
      .canonicalLogs(from, to)
      .map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
  const asked = (index: number): number => node(index).requests.filter((calls) => calls.includes('eth_getLogs')).length;
  const warnings = (): string => logger.messages('warn').join('\n');

  afterEach(async () => {
    await chain.close();
    await Promise.all(nodes.splice(0).map((each) => each.stop()));
  });

  it('is found at another one where it gives nothing at all, though no last block of a range tells of it', async () => {
    await open(2);
    node(0).traits.hides = () => true;
    expect(await read(1, 50)).to.deep.equal(truth(1, 50));
    expect(warnings())
      .to.match(/left out the logs of block \d+ among those of blocks 1 to 50/)
      .and.not.contain('believed');
  });

  it('is found, too, in ranges that are read at the same time', async () => {
    await open(2);
    node(0).traits.hides = () => true;
    node(1).options = { delayMs: 20 };
    const froms = [1, 11, 21, 31, 41, 51];
    const found = await Promise.all(froms.map((from) => read(from, from + 9)));
    expect(found).to.deep.equal(froms.map((from) => truth(from, from + 9)));
    expect(warnings()).not.to.contain('believed');
  });

  it('is looked for again once it has left logs out, though it had given some', async () => {
    await open(2);
    await chain.heads('latest', signal);
    const [first] = chain.endpoints as [string];
    const omissions = new Omissions({ chain, filter, size: new RangeSize(1_000), logger });
    const [log] = (await source.fetch({ from: 1, to: 9 }, { verified: false, moved, signal })).logs;
    omissions.gave(first);
    await omissions.believe(first, { from: 11, to: 20 }, { moved, signal });
    omissions.found(first, log!.blockNumber, { from: 1, to: 9 });
    const error = await rejectionOf(omissions.believe(first, { from: 21, to: 30 }, { moved, signal }), RpcError);
    expect(error.message).to.contain('left out the logs of block 21');
  });

  it('is looked for more and more rarely where there is nothing, and not once it has given logs', async () => {
    await open(2);
    for (let from = 101; from <= 261; from += 10) await read(from, from + 9);
    // After its answers 1, 2, 4, 8 and 16.
    expect(asked(1)).to.equal(5);
    await read(51, 59);
    const before = asked(1);
    for (let from = 271; from <= 691; from += 2) await read(from, from + 1);
    expect(asked(1)).to.equal(before);
  });

  it('is not what another one makes up', async () => {
    await open(2);
    const lie = (): unknown => [{ ...node(0).canonicalLogs(55, 55)[0], blockNumber: '0x78' }];
    node(1).options = { lie: ({ method }, result) => (method === 'eth_getLogs' ? lie() : result) };
    expect(await read(101, 150)).to.deep.equal([]);
    expect(warnings()).to.equal('');
  });

  it('is looked for once at one that is away', async () => {
    await open(2);
    node(1).options = { fault: () => ({ kind: 'drop' }) };
    expect(await read(101, 110)).to.deep.equal([]);
    expect(node(1).requests).to.have.length(1);
    expect(warnings()).to.equal('');
  });

  it('is looked for once there, too, where addresses need several requests', async () => {
    await open(2);
    await chain.heads('latest', signal);
    const addresses = Array.from({ length: 2_500 }, (_, at) => `0x${at.toString(16).padStart(40, '0')}`);
    const omissions = new Omissions({ chain, filter: { ...filter, addresses }, size: new RangeSize(1_000), logger });
    node(1).options = { fault: () => ({ kind: 'drop' }) };
    const before = node(1).requests.length;
    await omissions.believe(chain.endpoints[0]!, { from: 101, to: 110 }, { moved, signal });
    expect(node(1).requests.length - before).to.equal(1);
  });

  it('is not looked for at one that gives fewer blocks at once', async () => {
    await open(2);
    let most = 0;
    node(1).traits.maxRange = 5;
    node(1).traits.rangeError = { code: -32_000, message: 'block range too large, max is 5' };
    node(0).options = { fault: () => ({ kind: 'drop' }) };
    expect(await read(1, 10)).to.deep.equal(truth(1, 10));
    node(0).options = {};
    node(1).options = {
      fault: (calls) => {
        const { fromBlock, toBlock } = Object(calls.find(({ method }) => method === 'eth_getLogs')?.params[0]) as {
          fromBlock?: string;
          toBlock?: string;
        };
        most = Math.max(most, Number(toBlock) - Number(fromBlock) + 1 || 0);
        return undefined;
      },
    };
    chain.passOver(chain.endpoints[1]!);
    expect(await read(101, 200)).to.deep.equal([]);
    expect(asked(0)).to.be.greaterThan(0);
    expect(most).to.be.at.most(10);
  });

  it('is told with the answers without logs that were believed before, once', async () => {
    await open(1);
    node(0).traits.receipts = 'rooted';
    node(0).traits.hides = () => true;
    for (const to of [30, 50]) expect(await read(to - 9, to)).to.deep.equal([]);
    expect(warnings()).to.equal('');
    expect(await read(51, 54)).to.deep.equal(truth(51, 54));
    const told = logger.messages('warn').filter((line) => line.includes('no logs in 2 answers for blocks 21 to 50'));
    expect(told).to.have.length(1);
    expect(told[0]).to.contain('chainparse verify --receipts');
  });

  it('is not told of blocks whose headers were all read', async () => {
    await open(1);
    node(0).traits.receipts = 'rooted';
    expect(await read(101, 110, true)).to.deep.equal([]);
    node(0).traits.hides = (log) => Number(log.blockNumber) === 54;
    await read(51, 54, true);
    expect(warnings()).to.contain('left out').and.not.contain('believed');
  });
});
