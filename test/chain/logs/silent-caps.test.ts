import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { NodeLagsError } from '../../../src/chain/blocks/consistency.js';
import { LogSource } from '../../../src/chain/logs/log-source.js';
import type { FetchedRange } from '../../../src/chain/blocks/range-reader.js';
import { quietCall } from '../../../src/runtime/call.js';
import { ChainUnreachableError } from '../../../src/runtime/errors.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { SimCall } from '../../support/chain-simulator.js';
import { HastyClock, deadlineMs } from '../../support/hasty-clock.js';
import { simContract, transferTopic } from '../../support/simulated-chain.js';
import type { SimLog } from '../../support/simulated-chain.js';
import type { NodeTraits } from '../../support/simulated-node.js';
import { rejectionOf } from '../../support/rejection.js';
import { MemoryLogger } from '../../support/memory-logger.js';

const filter = { addresses: [simContract], topics: [transferTopic] };
const signal = new AbortController().signal;

describe('a node that cuts answers off and does not say so', function () {
  this.timeout(30_000);
  let node: ChainSimulator;
  let logger: MemoryLogger;
  let clock: HastyClock;

  beforeEach(async () => {
    node = await ChainSimulator.start();
    logger = new MemoryLogger();
    clock = new HastyClock();
  });

  afterEach(() => node.stop());

  /** Answers eth_getLogs with so many logs at most: the oldest, or the newest ones. */
  const cut = (most: number, keeps: 'oldest' | 'newest' = 'oldest', traits: Partial<NodeTraits> = {}): void => {
    Object.assign(node.traits, traits);
    const lie = ({ method }: SimCall, result: unknown): unknown => {
      if (method !== 'eth_getLogs') return result;
      return keeps === 'oldest' ? (result as SimLog[]).slice(0, most) : (result as SimLog[]).slice(-most);
    };
    node.options = { ...node.options, lie };
  };
  const open = (batchSize = 2_000, urls = [node.url]): LogSource => {
    const chain = new ChainClient({ urls, chainId: 31_337, clock, logger, requestTimeoutMs: deadlineMs });
    return new LogSource({ chain, filter, batchSize, clock, logger, random: () => 0 });
  };
  /** Reads blocks as a history; returns how many logs they hold. */
  const readAll = async (to: number, batchSize = 2_000, urls = [node.url]): Promise<number> => {
    const source = open(batchSize, urls);
    let count = 0;
    for (let from = 1; from <= to;) {
      const fetched = await source.fetch({ from, to }, { ...quietCall(signal), verified: false });
      count += fetched.logs.length;
      from = fetched.to + 1;
    }
    return count;
  };
  const asked = (of = 'eth_getLogs'): number => node.requests.flat().filter((method) => method === of).length;

  it('is found out at its first answer, and asked for less', async () => {
    node.mine(300, () => Array.from({ length: 10 }, () => ({})));
    cut(1_000);
    expect(await readAll(300)).to.equal(3_000);
    expect(logger.messages('warn')).to.have.length(2);
    expect(logger.messages('warn')[0]).to.match(
      /gives 1000 logs of blocks 1 to 300, and does not say that there are more/,
    );
    expect(logger.messages('warn')[1]).to.contain('its logs are taken as they are');
    expect(node.requests.filter((calls) => calls.includes('eth_getLogs')).length).to.be.below(40);
  });

  for (const [most, keeps] of [
    [777, 'oldest'],
    [1_000, 'newest'],
    [995, 'oldest'],
    [128, 'newest'],
  ] as const) {
    it(`is found out whatever the number is (${most}), and whether it gives the oldest or the newest ones (${keeps})`, async () => {
      node.mine(260, (number) => Array.from({ length: number % 23 }, () => ({})));
      cut(most, keeps);
      expect(await readAll(260, 100)).to.equal(node.canonicalLogs(1).length);
    });
  }

  it('is found out where its limit is just what the first ranges hold', async () => {
    node.mine(1_000, () => Array.from({ length: 5 }, () => ({})));
    cut(500);
    expect(await readAll(1_000, 100)).to.equal(5_000);
  });

  it('is found out where one block holds all that it gives', async () => {
    node.mine(6, (number) => Array.from({ length: number === 2 ? 900 : 1 }, () => ({})));
    cut(500, 'oldest', { receipts: 'all' });
    expect(await readAll(6, 3)).to.equal(905);
  });

  it('ends the run where nothing gives the whole of a block', async () => {
    node.mine(12, () => Array.from({ length: 300 }, () => ({})));
    cut(200);
    const error = await rejectionOf(readAll(12, 6), ChainUnreachableError);
    expect((error as Error).message).to.match(/gives 200 logs .* and does not say that there are more/);
  });

  it('is not suspected for long where blocks always hold the same number of logs', async () => {
    node.mine(1_000, () => [{}]);
    node.traits.maxRange = 100;
    await readAll(1_000, 100);
    expect(asked()).to.be.below(10 + 2 * 3 + 4);
    expect(logger.messages('warn')).to.deep.equal([]);
  });

  it('is not taken for one that gave less once, when it was asked a second time', async () => {
    node.mine(40, (number) => Array.from({ length: number <= 10 ? 12 : 150 }, () => ({})));
    let answers = 0;
    const lie = ({ method }: SimCall, result: unknown): unknown =>
      method === 'eth_getLogs' && ++answers === 2 ? [] : result;
    node.options = { ...node.options, lie };
    expect(await readAll(40, 10)).to.equal(node.canonicalLogs(1).length);
    expect(answers, 'the stretch is asked for again').to.be.above(10);
    expect(logger.messages('warn').join()).not.to.contain('does not say that there are more');
  });

  it('does not hide it by an endpoint beside it that gives all', async () => {
    const other = await ChainSimulator.start();
    for (const one of [node, other]) one.mine(300, () => Array.from({ length: 10 }, () => ({})));
    cut(1_000);
    expect(await readAll(300, 2_000, [node.url, other.url])).to.equal(3_000);
    await other.stop();
  });

  it('is found out by another one where it goes away while that is asked', async () => {
    const other = await ChainSimulator.start();
    for (const one of [node, other]) one.mine(300, () => Array.from({ length: 10 }, () => ({})));
    const goAway = ({ method }: SimCall, result: unknown): unknown => {
      if (method === 'eth_getLogs') node.options = { ...node.options, fault: () => ({ kind: 'drop' }) };
      return result;
    };
    node.options = { ...node.options, lie: goAway };
    expect(await readAll(300, 2_000, [node.url, other.url])).to.equal(3_000);
    await other.stop();
  });

  /** Has logs name other blocks than their own; returns what ends that. */
  const mislead = (): (() => void) => {
    node.mine(300, () => [{}]);
    let lies = true;
    const lie = ({ method }: SimCall, result: unknown): unknown => {
      if (method !== 'eth_getLogs' || !lies) return result;
      return (result as SimLog[]).map((log) => ({ ...log, blockHash: `0x${'66'.repeat(32)}` }));
    };
    // The last block of the range, whose header is read in any case, has no logs.
    node.mine(10, () => []);
    node.options = { ...node.options, lie };
    return () => (lies = false);
  };

  it('is asked for little, and less and less often, as long as its logs name other blocks', async () => {
    const beHonest = mislead();
    const source = open();
    const fetch = (): Promise<FetchedRange> =>
      source.fetch({ from: 1, to: 310 }, { ...quietCall(signal), verified: false });
    const waits: number[] = [];
    for (let round = 0; round < 3; round++) {
      const since = clock.sleptMs;
      await rejectionOf(fetch(), NodeLagsError);
      waits.push(clock.sleptMs - since);
    }
    // Those of the whole range once, and at each try the last one and another.
    expect(asked('eth_getBlockByNumber')).to.be.below(300 + 12 * 2 + 10);
    expect(waits[1]).to.be.above(2 * waits[0]!);
    beHonest();
    // Of an endpoint that was caught so many blocks are proven at once.
    expect((await fetch()).logs).to.have.length(100);
  });

  it('is found out where its logs name other blocks, though they tell their times', async () => {
    node.traits.logTimestamps = 'real';
    const beHonest = mislead();
    const error = await rejectionOf(readAll(310), ChainUnreachableError);
    expect((error as Error).message).to.match(/a log stands in another block/);
    beHonest();
    expect(await readAll(310)).to.equal(300);
  });
});
