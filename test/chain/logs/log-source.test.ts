import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { NodeLagsError } from '../../../src/chain/blocks/consistency.js';
import type { LogFilter } from '../../../src/model/log-filter.js';
import { LogSource } from '../../../src/chain/logs/log-source.js';
import type { FetchedRange } from '../../../src/chain/blocks/range-reader.js';
import { ChainUnreachableError } from '../../../src/runtime/errors.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { Backend, Fault, SimCall } from '../../support/chain-simulator.js';
import { SimRefusal } from '../../support/simulated-node.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { simContract, transferTopic } from '../../support/simulated-chain.js';
import { rejectionOf } from '../../support/rejection.js';
import { MemoryLogger } from '../../support/memory-logger.js';

const signal = new AbortController().signal;
const other = `0x${'77'.repeat(20)}`;

describe('a log source', () => {
  let node: ChainSimulator;
  let chain: ChainClient;
  let source: LogSource;
  let clock: HastyClock;
  let logger: MemoryLogger;
  let answers: number;
  let chainId: number | undefined;

  const open = (filter: LogFilter, batchSize = 1_000): void => {
    chain = new ChainClient({ urls: [node.url], chainId, clock, logger, requestTimeoutMs: 200_000 });
    // The block that is looked at without need is the first one, in which nothing is wrong here.
    source = new LogSource({ chain, filter, batchSize, clock, logger, random: () => 0 });
  };
  const fetch = (from: number, to: number, verified = true): Promise<FetchedRange> => {
    const moved = (): Promise<void> => {
      answers++;
      return Promise.resolve();
    };
    return source.fetch({ from, to }, { verified, moved, signal });
  };
  const fetchAll = async (from: number, to: number, verified = false): Promise<string[]> => {
    const ids: string[] = [];
    for (let next = from; next <= to;) {
      const fetched = await fetch(next, to, verified);
      ids.push(...idsOf(fetched));
      next = fetched.to + 1;
    }
    return ids;
  };
  const idsOf = ({ logs }: FetchedRange): string[] => logs.map((log) => `${log.blockHash}:${log.logIndex}`);
  const truth = (from: number, to: number): string[] =>
    node.canonicalLogs(from, to).map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
  const sizes = (): number[] => node.requests.filter((calls) => calls.includes('eth_getLogs')).map(() => 1);
  const faultOf = (fault: (calls: readonly SimCall[], request: number) => Fault | undefined): void => {
    node.options = { ...node.options, fault };
  };
  beforeEach(async () => {
    logger = new MemoryLogger();
    answers = 0;
    chainId = undefined;
    clock = new HastyClock();
    node = await ChainSimulator.start();
    node.mine(100, (number) => Array.from({ length: number % 3 }, () => ({})));
    open({ addresses: [simContract.toUpperCase().replace('0X', '0x')], topics: [transferTopic] });
  });
  afterEach(async () => {
    await chain.close();
    await node.stop();
  });

  it('gives the logs of a range in order, with the times of their blocks and the last block', async () => {
    const fetched = await fetch(5, 50, false);
    expect(fetched).to.include({ from: 5, to: 50 });
    expect(idsOf(fetched)).to.deep.equal(truth(5, 50));
    expect(fetched.last.hash).to.equal(node.blocks[50]?.hash);
    for (const { blockNumber } of fetched.logs) {
      expect(fetched.timestamps.get(blockNumber)).to.equal(1_700_000_000 + blockNumber * 12);
    }
  });

  it('takes the time from the logs where they tell it, and looks at the header of one block', async () => {
    node.traits.logTimestamps = 'real';
    const fetched = await fetch(5, 50, false);
    expect(fetched.timestamps.get(49)).to.equal(1_700_000_000 + 49 * 12);
    expect(node.requests.slice(1)).to.deep.equal([['eth_getBlockByNumber']]);
  });

  describe('where another node may have come', () => {
    const parentOf = async (from: number, to: number): Promise<string | undefined> =>
      (await fetch(from, to, false)).parentHash;
    /** Has a range read in the midst of which the connection breaks. */
    const breakConnection = async (): Promise<FetchedRange> => {
      const asked = node.requests.length;
      faultOf((_calls, request) => (request === asked + 1 ? { kind: 'drop' } : undefined));
      return fetch(11, 20, false);
    };

    it('tells of each range how often that was before and after it was read', async () => {
      const before = await fetch(1, 10, false);
      const within = await breakConnection();
      const after = await fetch(21, 30, false);
      expect(within.doubts?.since).to.equal(before.doubts?.until);
      expect(within.doubts?.until).to.be.above(within.doubts!.since);
      expect(after.doubts).to.deep.equal({ since: within.doubts?.until, until: within.doubts?.until });
    });

    it('asks in the same breath which block the next ranges follow, those that are verified left out', async () => {
      await parentOf(1, 10);
      expect(await parentOf(11, 20)).to.equal(undefined);
      await breakConnection();
      expect(await parentOf(21, 30)).to.equal(node.blocks[20]?.hash);
      expect((await fetch(31, 40)).parentHash).to.equal(undefined);
      const asked = node.requests.filter((calls) => calls.includes('eth_getLogs')).map(({ length }) => length);
      expect(asked).to.deep.equal([2, 2, 2, 2, 3, 2]);
    });

    it('asks for nothing before the first block, nor of whoever takes few calls at a time', async () => {
      await parentOf(1, 10);
      await breakConnection();
      const asked = node.requests.length;
      expect(await parentOf(0, 10)).to.equal(undefined);
      node.options = { batches: 2 };
      expect(await parentOf(21, 30)).to.equal(node.blocks[20]?.hash);
      expect(await parentOf(31, 40)).to.equal(undefined);
      const calls = node.requests.slice(asked).filter((names) => names.includes('eth_getLogs'));
      expect(calls.map(({ length }) => length)).to.deep.equal([2, 3, 2, 2]);
    });

    it('reads a range all the same whose block before is not told', async () => {
      await parentOf(1, 10);
      await breakConnection();
      const tells = (call: SimCall): boolean => call.params[0] !== '0x14';
      node.options = {
        lie: (call, result) => {
          if (tells(call)) return result;
          throw new SimRefusal({ code: -32_603, message: 'internal error' });
        },
      };
      expect(await parentOf(21, 30)).to.equal(undefined);
      expect(idsOf(await fetch(21, 30, false))).to.deep.equal(truth(21, 30));
    });
  });

  it('gives every header of a range that is to be verified', async () => {
    const fetched = await fetch(5, 50);
    expect(fetched.headers.map((header) => header.hash)).to.deep.equal(
      node.blocks.slice(5, 51).map((block) => block.hash),
    );
    expect(idsOf(fetched)).to.deep.equal(truth(5, 50));
  });

  it('verifies no more than 100 blocks at once', async () => {
    node.mine(100);
    expect((await fetch(1, 200)).to).to.equal(100);
    expect((await fetch(1, 200, false)).to).to.equal(200);
  });

  it('tells of each good answer, and of no other', async () => {
    faultOf((_calls, request) => (request === 1 ? { kind: 'status', status: 503 } : undefined));
    await fetch(99, 99);
    expect(answers).to.equal(1);
  });

  it('drops what came twice and what nobody asked for, and warns of the latter', async () => {
    node.traits.repeats = true;
    const [log] = node.canonicalLogs(60, 62);
    node.traits.strays = [
      { ...log!, address: other },
      { ...log!, blockNumber: '0x1' },
      { ...log!, topics: [] },
    ];
    const fetched = await fetch(60, 70, false);
    expect(idsOf(fetched)).to.deep.equal(truth(60, 70));
    expect(logger.entries.map(({ level }) => level)).to.deep.equal(['warn']);
    expect(logger.messages()[0]).to.contain('3 logs that were not asked for');
  });

  it('asks again where an answer tells one log in two ways', async () => {
    let lies = 0;
    node.options = {
      lie: ({ method }, result) => {
        if (method !== 'eth_getLogs' || lies++ > 0) return undefined;
        const logs = result as { readonly data: string }[];
        return [{ ...logs[0]!, data: `0x${'7'.padStart(64, '0')}` }, ...logs];
      },
    };
    const { logs } = await fetch(60, 70, false);
    expect(logs.map(({ data }) => data)).to.deep.equal(node.canonicalLogs(60, 70).map(({ data }) => data));
    const [warning] = logger.entries.filter(({ level }) => level === 'warn');
    expect(warning?.message).to.contain('log 0 of block 61 is told in two ways');
    expect(warning?.fields).to.include({ event: 'rpc.incomplete' });
  });

  it('takes logs of replaced blocks for a sign that the answer is out of date', async () => {
    const [log] = node.canonicalLogs(61, 62);
    node.traits.strays = [{ ...log!, removed: true }];
    await rejectionOf(fetch(60, 62), NodeLagsError);
  });

  describe('where the first rows are awaited', () => {
    const openAwaited = (addresses: readonly string[]): LogSource =>
      new LogSource({
        chain,
        filter: { addresses, topics: [transferTopic] },
        batchSize: 1_000,
        clock,
        logger,
        isAwaited: true,
      });

    it('has the first block read by itself, in one request, which tells nothing of how much may be asked for', async () => {
      node.mine(100);
      source = openAwaited([simContract]);
      expect(source.firstOf({ from: 1, to: 200 })).to.deep.equal({ from: 1, to: 1 });
      const call = { verified: false, isFirst: true, moved: () => Promise.resolve(), signal };
      const fetched = await source.fetch({ from: 1, to: 1 }, call);
      expect(idsOf(fetched)).to.deep.equal(truth(1, 1));
      expect(fetched.headers.map(({ hash }) => hash)).to.deep.equal([node.blocks[1]?.hash]);
      expect(node.requests).to.deep.equal([['eth_getBlockByNumber', 'eth_getLogs']]);
      expect(source.isProven).to.equal(false);
      await fetch(2, 200, false);
      expect(source.isProven).to.equal(true);
      expect(source.firstOf({ from: 1, to: 200 })).to.equal(null);
    });

    it('does not where that takes several requests, or nobody waits', () => {
      chain.addressCap.most = 1;
      expect(openAwaited([simContract, other]).firstOf({ from: 1, to: 200 })).to.equal(null);
      expect(source.firstOf({ from: 1, to: 200 })).to.equal(null);
    });
  });

  describe('with a node that wants smaller ranges', () => {
    it('remembers the cap that it states', async () => {
      node.traits.maxRange = 30;
      node.traits.rangeError = { code: -32_000, message: 'block range too large, max is 30' };
      expect(await fetchAll(1, 100)).to.deep.equal(truth(1, 100));
      const logCalls = node.requests.filter((calls) => calls.includes('eth_getLogs'));
      expect(logCalls).to.have.length(5);
    });

    it('tells at once how few blocks it asks for then: the next ones need not wait for its answer', async () => {
      node.traits.maxRange = 10;
      node.traits.rangeError = { code: -32_000, message: 'block range too large, max is 10' };
      const begun: string[] = [];
      const told = ({ from, to }: { from: number; to: number }): void =>
        void begun.push(`${from}-${to} ${source.isProven} ${source.givesFew}`);
      await source.fetch(
        { from: 1, to: 100 },
        { verified: false, begun: told, moved: () => Promise.resolve(), signal },
      );
      expect(begun).to.deep.equal(['1-100 false false', '1-10 true true']);
    });

    it('halves the range where the stated cap is not the real one', async () => {
      node.traits.maxRange = 3;
      node.traits.rangeError = { code: -32_000, message: 'exceed maximum block range: 5000' };
      expect(await fetchAll(1, 20)).to.deep.equal(truth(1, 20));
    });

    it('halves the range until the logs are few enough', async () => {
      node.traits.maxResults = 4;
      expect(await fetchAll(1, 100)).to.deep.equal(truth(1, 100));
    });

    it('takes a suggestion that shrinks, and no other', async () => {
      node.traits.maxResults = 9;
      node.traits.resultsError = { code: -32_005, message: 'query exceeds max results 9, retry with the range 1-100' };
      expect((await fetch(1, 100, false)).to).to.be.within(1, 20);
      open({ addresses: [simContract], topics: [transferTopic] });
      node.traits.resultsError = {
        code: -32_005,
        message: 'more than 9 results. Try with this block range [0x1, 0x7]',
      };
      expect((await fetch(1, 100, false)).to).to.equal(7);
    });

    it('asks for more again where logs are rare', async () => {
      node.traits.maxResults = 4;
      node.mine(10_000, () => []);
      await fetchAll(1, 100);
      const before = sizes().length;
      await fetchAll(101, 10_100);
      expect(sizes().length - before).to.be.lessThan(60);
    });

    it('splits where the query times out, too', async () => {
      faultOf(([, logs]) => {
        const { fromBlock, toBlock } = (logs?.params[0] ?? {}) as { fromBlock?: string; toBlock?: string };
        if (Number(toBlock) - Number(fromBlock) < 20) return undefined;
        return {
          kind: 'call-error',
          method: 'eth_getLogs',
          error: { code: -32_000, message: 'query timeout exceeded' },
        };
      });
      expect(await fetchAll(1, 100)).to.deep.equal(truth(1, 100));
      expect(clock.sleptMs).to.equal(0);
    });

    describe('and cuts off what is too long', () => {
      let cutOff: number;
      const cutsOff = (kind: Fault, blocks: number): void =>
        faultOf((calls) => {
          const logs = calls.find(({ method }) => method === 'eth_getLogs')?.params[0];
          const { fromBlock, toBlock } = (logs ?? {}) as { fromBlock?: string; toBlock?: string };
          if (logs === undefined || Number(toBlock) - Number(fromBlock) < blocks) return undefined;
          cutOff++;
          return kind;
        });
      beforeEach(() => {
        cutOff = 0;
        chainId = 31_337;
        open({ addresses: [simContract], topics: [transferTopic] });
      });

      const kinds: readonly (readonly [string, Fault])[] = [
        ['drops the connection', { kind: 'drop' }],
        ['ends in the middle of the answer', { kind: 'truncate' }],
        ['answers null', { kind: 'body', body: 'null' }],
        ['answers with an empty page', { kind: 'body', body: '' }],
      ];
      for (const [how, kind] of kinds) {
        it(`asks for less where it ${how}`, async () => {
          cutsOff(kind, 20);
          expect(await fetchAll(1, 100)).to.deep.equal(truth(1, 100));
          expect(cutOff).to.be.within(4, 24);
        });
      }

      it('asks for no less where the node is away for all', async () => {
        await fetch(1, 1);
        let away = 40;
        faultOf(() => (away-- > 0 ? { kind: 'drop' } : undefined));
        expect((await fetch(2, 100, false)).to).to.equal(100);
      });
    });

    it('asks for less where the node goes on failing in words of its own', async () => {
      node.traits.maxRange = 10;
      node.traits.rangeError = { code: -32_602, message: 'the moon is in the wrong house' };
      expect(await fetchAll(1, 100)).to.deep.equal(truth(1, 100));
      expect(logger.messages('warn')[0]).to.contain('the wrong house');
    });

    it('gives up where it goes on failing', async () => {
      node.mine(5_000, () => []);
      open({ addresses: null, topics: null }, 5_000);
      node.traits.maxRange = 0;
      node.traits.rangeError = { code: -32_603, message: 'internal error' };
      expect((await rejectionOf(fetch(1, 5_000, false))).message).to.contain('internal error');
      expect(clock.sleptMs).to.be.within(30_000, 150_000);
    });

    it('does not take one odd refusal of a single block for the last word', async () => {
      const error = { code: -32_000, message: 'block range too large' };
      faultOf((_calls, request) => (request < 4 ? { kind: 'call-error', method: 'eth_getLogs', error } : undefined));
      expect(idsOf(await fetch(2, 2))).to.deep.equal(truth(2, 2));
    });

    it('goes back to larger ranges some time after a refusal that stated no limit', async () => {
      node.mine(400, () => []);
      const error = { code: -32_000, message: 'block range too large' };
      faultOf((_calls, request) => (request < 7 ? { kind: 'call-error', method: 'eth_getLogs', error } : undefined));
      expect((await fetch(1, 64, false)).to).to.equal(1);
      for (let round = 0; round < 130; round++) await fetch(1, 500, false);
      expect((await fetch(1, 500, false)).to).to.be.greaterThan(100);
    });

    it('gives up where a single block is too much, and names it', async () => {
      node.traits.maxResults = 1;
      const error = await rejectionOf(fetch(2, 2, false), ChainUnreachableError);
      expect(error.message).to.contain('the logs of block 2 alone').and.contain('query returned too many results');
      expect(error.hint).to.contain('another endpoint');
    });

    it('gives up where query after query times out', async () => {
      node.mine(5_000, () => []);
      open({ addresses: null, topics: null }, 5_000);
      const error = { code: -32_000, message: 'query timeout exceeded' };
      faultOf(() => ({ kind: 'call-error', method: 'eth_getLogs', error }));
      expect((await rejectionOf(fetch(1, 5_000, false))).message).to.contain('query timeout exceeded');
      expect(node.requests.length).to.be.within(10, 25);
    });
  });

  describe('with a node that lags', () => {
    const behind = (backend: (request: number) => Backend): void => {
      node.options = { ...node.options, backend };
    };

    it('asks for the last header and the logs in one breath', async () => {
      await fetch(95, 100);
      expect(node.requests.filter((methods) => methods.includes('eth_getLogs'))).to.deep.equal([
        ['eth_getBlockByNumber', 'eth_getLogs'],
      ]);
    });

    it('waits for the last block', async () => {
      behind((request) => (request < 4 ? { behind: 3 } : {}));
      expect(idsOf(await fetch(95, 100))).to.deep.equal(truth(95, 100));
      expect(clock.sleptMs).to.be.within(300, 1_500);
    });

    it('waits for the last block where the node says that it is not there', async () => {
      node.traits.beyondHead = 'error';
      behind((request) => (request < 4 ? { behind: 3 } : {}));
      expect(idsOf(await fetch(95, 100, false))).to.deep.equal(truth(95, 100));
    });

    it('gives up waiting after a while, so that the head is looked at again', async () => {
      behind(() => ({ behind: 3 }));
      const error = await rejectionOf(fetch(95, 100), NodeLagsError);
      expect(error.message).to.contain('block 100 is not there');
    });

    it('finds the logs that the node did not give yet by the bloom filter of their block', async () => {
      behind((request) => (request === 1 ? { logsBehind: 4 } : {}));
      expect(await fetchAll(90, 100)).to.deep.equal(truth(90, 100));
    });

    it('does not believe the rest of an answer that left out the logs of a block', async () => {
      behind((request) => (request === 1 ? { logsBehind: 4 } : {}));
      const { to } = await fetch(90, 100);
      expect(to).to.be.below(100);
      const warnings = logger.messages('warn');
      expect(warnings[0]).to.match(/left out the logs of block 9\d among those of blocks 90 to 100/);
    });

    it('does not believe an empty answer while the block may hold logs', async () => {
      behind(() => ({ logsBehind: 4 }));
      await rejectionOf(fetch(90, 100), NodeLagsError);
    });

    it('believes an empty answer where the bloom filter shows nothing', async () => {
      open({ addresses: [other], topics: [transferTopic] });
      expect((await fetch(90, 100)).logs).to.deep.equal([]);
      expect(node.requests.flat().filter((method) => method === 'eth_getLogs')).to.have.length(1);
    });
  });

  describe('from a node that hides logs, where nobody gives receipts', () => {
    let second: ChainSimulator;
    beforeEach(async () => {
      second = await ChainSimulator.start();
      second.mine(100, (number) => Array.from({ length: number % 3 }, () => ({})));
      for (const each of [node, second]) each.traits.receipts = 'none';
      node.traits.hides = () => true;
      await chain.close();
      chain = new ChainClient({ urls: [node.url, second.url], clock, logger, requestTimeoutMs: 200_000 });
      const filter = { addresses: [simContract], topics: [transferTopic] };
      source = new LogSource({ chain, filter, batchSize: 1_000, clock, logger, random: () => 0 });
    });
    afterEach(() => second.stop());

    it('are found at another one', async () => {
      expect(await fetchAll(90, 98)).to.deep.equal(truth(90, 98));
      expect(logger.messages('warn')[0]).to.match(/left out the logs of block 98 among those of blocks 90 to 98/);
    });

    it('are asked for more rarely where the other says the same time after time', async () => {
      let byHash = 0;
      const count = (calls: readonly SimCall[]): undefined => {
        for (const { method, params } of calls) {
          if (method === 'eth_getLogs' && 'blockHash' in (params[0] as object)) byHash++;
        }
      };
      second.traits.hides = () => true;
      for (const each of [node, second]) each.options = { ...each.options, fault: count };
      for (let number = 1; number <= 60; number++) await fetch(number, number, false);
      // Once more of whoever may answer in each of 40 blocks with logs, and of the other in some of them.
      expect(byHash).to.be.above(50).and.below(65);
    });

    it('are found where another node is met behind the same URL', async () => {
      await chain.close();
      open({ addresses: [simContract], topics: [transferTopic] });
      let asked = 0;
      faultOf((calls) => {
        if (calls.some(({ method }) => method === 'eth_getLogs')) asked++;
        return undefined;
      });
      node.traits.hides = () => asked < 4;
      expect(await fetchAll(92, 92)).to.deep.equal(truth(92, 92));
      expect(logger.messages('warn')).to.deep.equal([]);
      // By its number, then by its hash, and three times more.
      asked = 0;
      node.traits.hides = () => true;
      expect(await fetchAll(92, 92)).to.deep.equal([]);
      expect(asked).to.equal(5);
    });

    it('are taken to be none where the node that is met then refuses', async () => {
      await chain.close();
      open({ addresses: [simContract], topics: [transferTopic] });
      let asked = 0;
      const error = { code: 4444, message: 'pruned history unavailable' };
      faultOf((calls) =>
        calls.some(({ method }) => method === 'eth_getLogs') && ++asked > 2 ? { kind: 'error', error } : undefined,
      );
      node.traits.hides = () => true;
      expect(await fetchAll(92, 92)).to.deep.equal([]);
      expect(asked).to.be.above(2);
    });

    it('are taken to be none where the other says the same, or is away', async () => {
      second.traits.hides = () => true;
      expect(await fetchAll(90, 92)).to.deep.equal([]);
      second.options = { fault: () => ({ kind: 'drop' }) };
      expect(await fetchAll(93, 95)).to.deep.equal([]);
      expect(logger.messages('warn').join('\n')).to.contain('nobody gives its receipts: there are taken to be none');
    });
  });

  describe('from a node that hides logs behind a block whose bits others have set', () => {
    const filter = { addresses: [simContract], topics: [transferTopic] };
    const approval = `0x${'ab'.repeat(32)}`;
    /** Block 105 holds none that is wanted, though its bits say so; the logs of blocks 106 to 112 are hidden. */
    const mine = (chainNode: ChainSimulator): void => {
      chainNode.mine(25, (number) => (number === 105 ? [{ topics: [approval] }, { address: other }] : [{}]));
    };
    const wantedOf = (chainNode: ChainSimulator): string[] =>
      chainNode
        .canonicalLogs(101, 120)
        .filter(({ address, topics }) => address === simContract && topics[0] === transferTopic)
        .map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
    beforeEach(() => {
      mine(node);
      node.traits.hides = (log) => Number(log.blockNumber) >= 106 && Number(log.blockNumber) <= 112;
    });

    it('finds them in the receipts of the blocks behind it', async () => {
      node.traits.receipts = 'rooted';
      open(filter);
      expect(await fetchAll(101, 120, true)).to.deep.equal(wantedOf(node));
      expect(logger.messages('warn')[0]).to.contain('left out the logs of block 106');
    });

    it('finds them though the receipts of a block among them fail', async () => {
      node.traits.receipts = 'rooted';
      const failing = node.canonicalLogs(105, 105)[0]?.blockHash;
      faultOf((calls) =>
        calls.some(({ method, params }) => method === 'eth_getBlockReceipts' && params[0] === failing)
          ? {
              kind: 'call-error',
              method: 'eth_getBlockReceipts',
              error: { code: -32_000, message: 'response too large' },
            }
          : undefined,
      );
      open(filter);
      expect(await fetchAll(101, 120, true)).to.deep.equal(wantedOf(node));
      expect(logger.messages('warn').join()).to.contain('left out the logs of block 106 among those of blocks 101 to');
    });

    it('finds them at another node, where nobody gives receipts', async () => {
      const second = await ChainSimulator.start();
      second.mine(100, (number) => Array.from({ length: number % 3 }, () => ({})));
      mine(second);
      for (const each of [node, second]) each.traits.receipts = 'none';
      await chain.close();
      chain = new ChainClient({ urls: [node.url, second.url], clock, logger, requestTimeoutMs: 200_000 });
      source = new LogSource({ chain, filter, batchSize: 1_000, clock, logger, random: () => 0 });
      expect(await fetchAll(101, 120, true)).to.deep.equal(wantedOf(second));
      expect(logger.messages('warn')[0]).to.contain('left out the logs of block 106');
      await second.stop();
    });
  });

  it('asks for no more again than another endpoint gave, though the one that it asked first gives all', async () => {
    const small = await ChainSimulator.start();
    small.mine(100, (number) => Array.from({ length: number % 3 }, () => ({})));
    small.traits.maxRange = 10;
    small.traits.rangeError = { code: -32_000, message: 'block range too large, max is 10' };
    await chain.close();
    chain = new ChainClient({ urls: [node.url, small.url], clock, logger, requestTimeoutMs: 200_000 });
    const filter = { addresses: [simContract], topics: [transferTopic] };
    source = new LogSource({ chain, filter, batchSize: 1_000, clock, logger, random: () => 0 });
    let isAway = false;
    faultOf((calls) => (isAway && calls.some(({ method }) => method === 'eth_getLogs') ? { kind: 'drop' } : undefined));
    await fetch(1, 5, false);
    isAway = true;
    // So it is known what the small one gives.
    expect((await fetch(6, 100, false)).to).to.equal(15);
    isAway = false;
    clock.sleptMs += 60_000;
    expect((await fetch(16, 50, false)).to).to.equal(50);
    isAway = true;
    small.traits.strays = [{ ...small.canonicalLogs(52, 54)[0]!, removed: true }];
    const told: number[] = [];
    const fetched = await source.fetch(
      { from: 51, to: 100 },
      {
        ...{ verified: false, signal, moved: () => Promise.resolve() },
        told: ({ to }) => {
          told.push(to);
          isAway = false;
          // Then it is the first one's turn again.
          small.options = { ...small.options, fault: () => ({ kind: 'drop' }) };
          clock.sleptMs += 60_000;
        },
      },
    );
    expect([told[0], fetched.to]).to.deep.equal([60, 60]);
    await small.stop();
  });

  describe('the times of blocks that nearly all have logs', () => {
    /** Block 100 + n has no logs where `isEmpty` says so. */
    const mine = async (isEmpty: (number: number) => boolean): Promise<void> => {
      node.mine(200, (number) => (isEmpty(number) ? [] : [{}]));
      // Near the head they are read with all headers.
      await chain.header('latest', signal);
      await fetch(101, 120, false);
      node.requests.splice(0);
    };
    const timesAsked = (): number[] =>
      node.requests.filter((calls) => !calls.includes('eth_getLogs')).map(({ length }) => length);

    it('are asked for beside the logs, and so are those of the few without', async () => {
      await mine((number) => number === 125);
      expect(idsOf(await fetch(121, 130, false))).to.deep.equal(truth(121, 130));
      expect(timesAsked()).to.deep.equal([9]);
    });

    it('are asked for once the logs are there where more blocks have none', async () => {
      await mine((number) => number % 4 === 0);
      await fetch(121, 130, false);
      expect(timesAsked()).to.deep.equal([7]);
    });

    it('are asked for again, those that are wanted, where the first answer does not come', async () => {
      await mine((number) => number === 125);
      let failures = 0;
      faultOf((calls) => {
        if (failures > 0 || calls.some(({ method }) => method === 'eth_getLogs')) return undefined;
        failures++;
        return { kind: 'body', body: '[]' };
      });
      const { timestamps, logs } = await fetch(121, 130, false);
      expect(logs.map(({ blockNumber }) => timestamps.get(blockNumber))).to.not.include(undefined);
      expect(failures).to.equal(1);
    });

    it('are compared with the logs: those of another chain are not believed', async () => {
      await mine(() => false);
      let lies = 0;
      node.options = {
        lie: ({ method, params }, result) => {
          if (method !== 'eth_getBlockByNumber' || Number(params[0]) !== 125 || lies++ > 0) return undefined;
          return { ...(result as object), hash: `0x${'77'.repeat(32)}`, timestamp: '0x7' };
        },
      };
      const { timestamps, logs } = await fetch(121, 130, false);
      expect(logs).to.have.length(10);
      expect(timestamps.get(125)).to.equal(Number(node.blocks[125]?.timestamp));
      expect(lies).to.be.greaterThan(1);
    });
  });

  describe('while the chain is reorganised', () => {
    it('asks again until headers and logs are of the same chain', async () => {
      node.reorg(8, 8);
      node.options = { backend: (request) => ({ beforeReorg: request === 1 || request === 4 }) };
      expect(idsOf(await fetch(85, 100))).to.deep.equal(truth(85, 100));
      expect(clock.sleptMs).to.be.greaterThan(0);
    });

    it('asks again also where logs tell their time themselves', async () => {
      node.traits.logTimestamps = 'real';
      node.reorg(8, 8);
      // Asked call by call (the first request is refused), a node that still has the old chain answers with its logs.
      node.options = { batches: 'none', backend: (request) => ({ beforeReorg: request === 3 }) };
      expect(await fetchAll(85, 100)).to.deep.equal(truth(85, 100));
    });

    it('does not mix logs of two chains below the final block either', async () => {
      node.reorg(8, 8, () => [{}]);
      node.options = { backend: (request) => ({ beforeReorg: request === 1 }) };
      expect(idsOf(await fetch(85, 100, false))).to.deep.equal(truth(85, 100));
    });
  });
});
