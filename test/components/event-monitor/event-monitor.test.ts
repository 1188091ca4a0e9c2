import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { createDecoder } from '../../../src/chain/abi/decoder.js';
import type { EventMonitorConfig } from '../../../src/components/event-monitor/config.js';
import { EventMonitor } from '../../../src/components/event-monitor/event-monitor.js';
import { HeadFeed } from '../../../src/chain/blocks/head-feed.js';
import type { HistoryCut } from '../../../src/model/shard.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { ChainMismatchError, ChainUnreachableError, NeedsRewindError } from '../../../src/runtime/errors.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import type { LogLevel } from '../../../src/runtime/logger.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { MessageLedger } from '../../support/message-ledger.js';
import { monitorConfig, runMonitor } from '../../support/monitor-run.js';
import type { MonitorRunOptions } from '../../support/monitor-run.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { simContract, type SimLog } from '../../support/simulated-chain.js';
import { rejectionOf } from '../../support/rejection.js';
import { eventually } from '../../support/within.js';
import { MemoryLogger } from '../../support/memory-logger.js';

function idsOf(logs: readonly SimLog[]): string[] {
  return logs.map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
}

describe('the event monitor', () => {
  let node: ChainSimulator;
  let ledger: MessageLedger;

  beforeEach(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 30 });
    ledger = new MessageLedger();
  });
  afterEach(() => node.stop());

  const run = (options: Partial<MonitorRunOptions> = {}): Promise<void> =>
    runMonitor({ urls: [node.url], ledger, ...options });
  /** Follows the head until the newest block is stored and `isDone` agrees. */
  const follow = (isDone: () => boolean = () => true, options: Partial<MonitorRunOptions> = {}): Promise<void> =>
    run({
      ...options,
      config: { mode: 'realtime', ...options.config },
      moved: (known, stop) => {
        options.moved?.(known, stop);
        if (ledger.checkpoint.blockHash === node.head.hash && isDone()) stop();
      },
    });

  it('warns once of contracts that have no code, and tells them with its progress', async () => {
    const missing = `0x${'ab'.repeat(20)}`;
    const shown = '0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB';
    const logger = new MemoryLogger();
    await node.stop();
    node = await ChainSimulator.start({}, { withoutCode: [missing] });
    node.mine(3);
    const told: unknown[] = [];
    const abi = monitorConfig.contracts[0]!.abi;
    await follow(() => node.head.number === 6, {
      config: { startBlock: 1, contracts: [{ addresses: [simContract, missing], abi }] },
      context: { logger },
      moved: (known) => {
        if (known?.withoutCode === undefined) return;
        told.push(known.withoutCode);
        if (node.head.number < 6) node.mine(1);
      },
    });
    expect(told.length).to.be.greaterThan(1);
    expect(told[0]).to.deep.equal([shown]);
    expect(logger.messages('warn').filter((message) => message.includes(shown))).to.deep.equal([
      `no contract on chain-31337 at ${shown}, as of block 3: it emits no events; check its address and chain_name in the definition`,
    ]);
    expect(node.requests.flat().filter((method) => method === 'eth_getCode')).to.have.length(2);
  });

  describe('reading history', () => {
    it('stores every event from the start block to the head', async () => {
      node.mine(200);
      await run();
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
      expect(ledger.checkpoint).to.include({ startBlock: 1, blockNumber: 200, blockHash: node.head.hash });
    });

    it('ends at the end block of the definition, or at that of the command line', async () => {
      node.mine(100);
      await run({ config: { endBlock: 40 } });
      expect(ledger.checkpoint.blockNumber).to.equal(40);
      await run({ config: { endBlock: 40 }, run: { toBlock: 60 } });
      expect(ledger.checkpoint.blockNumber).to.equal(60);
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1, 60)));
    });

    it('asks for the block below its first one while it waits for the head', async () => {
      node.mine(100);
      let isAsked = (): void => undefined;
      const asked = new Promise<void>((resolve) => (isAsked = resolve));
      node.options = {
        hold: (calls) => {
          if (calls.some(({ params }) => params[0] === '0x31')) isAsked();
          return calls.some(({ params }) => params[0] === 'latest') ? asked : undefined;
        },
      };
      await run({ config: { startBlock: 50 } });
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(50)));
    });

    it('reads the first block of all by itself, so that it is stored soon, and none where it goes on', async () => {
      // Of more logs the ends would be asked for again.
      node.mine(500, (number) => (number % 5 === 2 ? [{}] : []));
      const stored: number[] = [];
      const alone: unknown[] = [];
      node.options = {
        hold: (calls) => {
          const [filter] = calls.find(({ method }) => method === 'eth_getLogs')?.params ?? [];
          const { fromBlock, toBlock } = (filter ?? {}) as { fromBlock?: unknown; toBlock?: unknown };
          if (fromBlock !== undefined && fromBlock === toBlock) alone.push(fromBlock);
          return undefined;
        },
      };
      const config = { batchSize: 1_000, startBlock: 7, endBlock: 200 };
      await run({ config, stored: (message) => stored.push(message.kind === 'events' ? message.toBlock : 0) });
      expect(stored).to.deep.equal([7, 200]);
      expect(alone).to.deep.equal(['0x7']);
      await run({ config: { ...config, endBlock: 450 } });
      expect(alone).to.deep.equal(['0x7']);
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(7, 450)));
    });

    it('moves the checkpoint over blocks without events', async () => {
      node.mine(90, () => []);
      await run();
      expect(ledger.rows).to.deep.equal([]);
      expect(ledger.checkpoint.blockHash).to.equal(node.head.hash);
    });

    it('asks no block twice: what is done stays done', async () => {
      node.mine(90);
      await run();
      const before = node.requests.flat().length;
      await run();
      expect(node.requests.flat().slice(before)).not.to.include('eth_getLogs');
    });

    it('waits for an end block that the chain has yet to reach', async () => {
      node.mine(10);
      await run({
        config: { endBlock: 25 },
        moved: () => {
          if (node.head.number < 30) node.mine(1);
        },
      });
      expect(ledger.checkpoint.blockNumber).to.equal(25);
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1, 25)));
    });

    it('cuts large ranges between blocks into batches of some 5,000 events', async () => {
      node.mine(22, () => Array.from({ length: 500 }, () => ({})));
      node.mine(64, () => []);
      const sizes: number[] = [];
      await run({ stored: (message) => sizes.push(message.kind === 'events' ? message.events.length : 0) });
      expect(sizes.slice(0, 3)).to.deep.equal([5_000, 5_000, 1_000]);
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
    });

    it('reads only as far as the finality that was asked for', async () => {
      node.mine(100);
      await run({ config: { finality: 'finalized' } });
      expect(ledger.checkpoint.blockNumber).to.equal(70);
      await run({ config: { finality: 'safe' } });
      expect(ledger.checkpoint.blockNumber).to.equal(70);
      node.traits.safeDistance = 20;
      await run({ config: { finality: 'safe' } });
      expect(ledger.checkpoint.blockNumber).to.equal(80);
      await run({ config: { finality: 12 } });
      expect(ledger.checkpoint.blockNumber).to.equal(88);
    });

    it('goes on with what becomes final while the head stands still', async () => {
      node.mine(100);
      for (const finality of ['finalized', 'safe'] as const) {
        ledger = new MessageLedger();
        [node.traits.finalizedDistance, node.traits.safeDistance] = [30, 30];
        const endOnTime = { mode: 'historical', endBlock: 90, finality } as const;
        let answers = 0;
        await run({
          config: endOnTime,
          moved: (_known, stop) => {
            if (ledger.checkpoint.blockNumber === 70)
              [node.traits.finalizedDistance, node.traits.safeDistance] = [5, 5];
            if (++answers > 200) stop();
          },
        });
        expect(ledger.checkpoint.blockNumber).to.equal(90);
      }
    });

    it('takes a block 64 below the head for final, and says so, where the node knows no finality', async () => {
      node.traits.finalizedDistance = null;
      node.mine(100);
      const logger = new MemoryLogger();
      await run({ config: { finality: 'finalized' }, context: { logger } });
      expect(ledger.checkpoint.blockNumber).to.equal(36);
      expect(logger.messages('warn')).to.deep.equal([
        'the node does not tell which block is finalized: block 64 below its head is taken for it',
      ]);
    });

    it('tells each step of its progress', async () => {
      node.mine(10);
      const steps: unknown[] = [];
      await run({ moved: (known) => steps.push(known) });
      const known = { mode: 'historical', nextBlock: 11, targetBlock: 10, headBlock: 10, finalizedBlock: 0 };
      expect(steps.at(-1)).to.deep.equal(known);
    });
  });

  describe('cutting its history', () => {
    const cut = async (changes: Partial<EventMonitorConfig>, toBlock?: number): Promise<HistoryCut | null> => {
      const config = { ...monitorConfig, shards: 4, ...changes };
      const parts = { clock: systemClock, logger: silentLogger };
      const chain = new ChainClient({ urls: [node.url], ...parts });
      const monitor = new EventMonitor(config, { chain, decoder: createDecoder(config) });
      const { checkpoint } = ledger.state();
      const { signal } = new AbortController();
      return monitor.cut({ run: { toBlock }, checkpoint, ...parts, signal }).finally(() => chain.close());
    };

    it('leaves all that a run would not read, or that may be replaced, out of the stretches', async () => {
      node.mine(600);
      const lastOf = async (...asked: Parameters<typeof cut>): Promise<number | undefined> =>
        (await cut(...asked))?.stretches.at(-1)?.toBlock;
      expect(await lastOf({})).to.equal(536);
      expect(await lastOf({ finality: 200 })).to.equal(400);
      expect(await lastOf({ finality: 200, endBlock: 580 })).to.equal(400);
      expect(await lastOf({ finality: 'finalized' })).to.equal(536);
      expect(await lastOf({ finality: 200 }, 300)).to.equal(300);
      expect(await lastOf({ finality: 600 })).to.equal(undefined);
    });
  });

  describe('following the head', () => {
    it('starts at the head where no start block is given', async () => {
      node.mine(50);
      const mined = { left: 5 };
      await follow(() => mined.left === 0, {
        config: { mode: 'realtime', startBlock: null },
        moved: () => {
          if (mined.left-- > 0) node.mine(1);
          else mined.left = 0;
        },
      });
      expect(ledger.checkpoint.startBlock).to.be.within(50, 52);
      expect(ledger.checkpoint.blockHash).to.equal(node.head.hash);
    });

    it('catches up from the checkpoint, then stores new blocks as they come', async () => {
      node.mine(40);
      await run();
      node.mine(100);
      let left = 20;
      await follow(() => left === 0, { moved: () => left > 0 && node.mine(Math.sign(left--)) });
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
    });

    it('moves no more once its node gives no head, and ends with what that says', async () => {
      node.mine(20);
      await follow();
      let moves = 0;
      const lose: MonitorRunOptions['moved'] = (known) => {
        if ((known?.headBlock ?? null) === null) return;
        const error = { code: -32_000, message: 'header not found' };
        node.options = { fault: () => ({ kind: 'call-error', method: 'eth_getBlockByNumber', error }) };
        moves++;
      };
      const error = await rejectionOf(run({ config: { mode: 'realtime' }, moved: lose }), ChainUnreachableError);
      expect(error.message).to.match(
        /the node does not know any block: header not found \(code -32000\), after 150 tries$/,
      );
      expect(moves).to.be.below(6);
    });

    it('says where it stands also where it goes on at the head, and no block comes', async () => {
      node.mine(20);
      await follow();
      const told: unknown[] = [];
      await follow(() => told.length > 3, {
        moved: (known) => void told.push(known && [known.nextBlock, known.headBlock]),
      });
      expect(told).to.deep.include([21, 20]);
    });

    it('forgets blocks once they are final, the final one excepted', async () => {
      node.mine(80);
      await follow();
      expect(ledger.recentBlocks[0]?.number).to.equal(50);
      node.mine(20);
      await follow();
      expect(ledger.recentBlocks[0]?.number).to.equal(70);
      expect(ledger.recentBlocks).to.have.length(31);
    });

    it('counts each answer as progress that tells the head which it has read, and looks at nothing else for it', async () => {
      node.mine(70);
      let steps = 0;
      const before = (): readonly string[] => [...new Set(node.requests.slice(-20).flat())];
      await follow(() => steps > 60, { moved: () => steps++ });
      expect(before()).to.deep.equal(['eth_getBlockByNumber']);
      expect(ledger.checkpoint.blockHash).to.equal(node.head.hash);
    });

    it('tells of answers without news only now and then where that is enough', async () => {
      node.mine(70);
      const clock = new HastyClock();
      const steps: number[] = [];
      const follows = { config: { mode: 'realtime' as const }, context: { clock, quietMs: 5_000 } };
      await run({
        ...follows,
        moved: (known, stop) => {
          if (known === undefined) steps.push(clock.monotonic());
          if (steps.length === 10) stop();
        },
      });
      const gaps = steps.slice(1).map((at, index) => at - (steps[index] ?? 0));
      expect(Math.min(...gaps)).to.be.at.least(5_000);
      expect(Math.max(...gaps)).to.be.below(7_000);
    });

    it('asks no more while it can’t tell of its progress, as where the database is away, and goes on afterwards', async () => {
      node.mine(70);
      const stop = new AbortController();
      let tells = 0;
      let back = (): void => undefined;
      const away = new Promise<void>((resolve) => (back = resolve));
      const moved = async (): Promise<void> => {
        if (ledger.checkpoint.blockHash === node.head.hash && ++tells > 20) await away;
      };
      const running = run({ config: { mode: 'realtime' }, context: { moved, stopping: stop.signal } });
      // The answer that can't be told of, and the one with which the run wakes to wait.
      await eventually('it waits', () => tells >= 22);
      const asked = node.requests.length;
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(node.requests.length).to.be.below(asked + 3);
      back();
      node.mine(1);
      await eventually('it reads on', () => ledger.checkpoint.blockHash === node.head.hash);
      stop.abort();
      await running;
    });

    it('counts a wait that ends with an answer as progress, and none other', async () => {
      node.mine(5);
      let steps = 0;
      let answers = 0;
      let polls = 0;
      node.options = {
        fault: () => (answers++ > 8 && answers % 2 === 0 ? { kind: 'status', status: 503 } : undefined),
      };
      await follow(() => ++polls > 20, { moved: () => steps++ });
      expect(steps).to.be.lessThan(answers);
    });
  });

  describe('when the chain changes its mind', () => {
    for (let depth = 1; depth <= 20; depth++) {
      it(`takes back and reads anew ${depth} blocks, in flight`, async () => {
        node.mine(60);
        let reorgs = 0;
        await follow(() => reorgs === 1, {
          moved: () => {
            if (ledger.checkpoint.blockHash === node.head.hash && reorgs === 0) node.reorg(depth, depth + (reorgs = 1));
          },
        });
        expect(ledger.rollbacks.map((rollback) => rollback.ancestor.number)).to.deep.equal([60 - depth]);
        expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
      });

      it(`takes back ${depth} blocks that were replaced while it was stopped`, async () => {
        node.mine(60);
        await run();
        node.reorg(depth, depth + 40);
        await follow();
        expect(ledger.rollbacks.map((rollback) => rollback.ancestor.number)).to.deep.equal([60 - depth]);
        expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
      });
    }

    it('notices that a block was replaced by one of the same height', async () => {
      node.mine(60);
      await run();
      node.reorg(3, 3);
      await follow();
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
    });

    it('notices a shorter chain by the hash of its head', async () => {
      node.mine(60);
      await run();
      node.reorg(5, 2);
      await follow();
      expect(ledger.checkpoint.blockNumber).to.equal(57);
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
    });

    for (const mode of ['historical', 'realtime'] as const) {
      it(`takes back the last blocks of a finished run that has nothing more to read (${mode})`, async () => {
        node.mine(60);
        await run({ config: { mode, endBlock: 58 } });
        node.reorg(4, 40);
        await run({ config: { mode, endBlock: 58 } });
        expect(ledger.rollbacks.map(({ ancestor }) => ancestor.number)).to.deep.equal([56]);
        expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1, 58)));
        await run({ config: { mode, endBlock: 58 } });
        expect(ledger.rollbacks).to.have.length(1);
      });
    }

    it('tells of no finality before it knows that what it has read is of the same chain', async () => {
      node.mine(60);
      await follow();
      node.reorg(5, 40);
      const told: { readonly finalized: number | undefined; readonly isTakenBack: boolean }[] = [];
      await follow(undefined, {
        moved: (known) => told.push({ finalized: known?.finalizedBlock, isTakenBack: ledger.rollbacks.length > 0 }),
      });
      expect(told.filter(({ isTakenBack }) => !isTakenBack).map(({ finalized }) => finalized ?? -1)).to.satisfy(
        (blocks: readonly number[]) => blocks.length > 0 && blocks.every((block) => block <= 55),
      );
      expect(told.at(-1)).to.deep.equal({ finalized: 65, isTakenBack: true });
    });

    it('knows by what is remembered whether what is final now is what was read, and takes no single word for it', async () => {
      node.mine(60);
      const former = node.head;
      node.reorg(5, 40);
      const [log] = node.canonicalLogs(60, 60);
      const read = { number: 60, hash: log!.blockHash };
      const chain = new ChainClient({ urls: [node.url], clock: systemClock, logger: silentLogger });
      const monitor = new EventMonitor(monitorConfig, { chain, decoder: createDecoder(monitorConfig) });
      const { signal } = new AbortController();
      expect(await monitor.finalized([read], signal)).to.equal(65);
      expect(await monitor.finalized([{ number: 70, hash: former.hash }], signal)).to.equal(65);
      expect(await monitor.finalized([{ number: 60, hash: former.hash }], signal)).to.equal(null);
      // Another one behind the same URL answers once, and tells the block that was replaced.
      let isAstray = true;
      const header = chain.header.bind(chain);
      chain.header = async (number, dropped) => {
        const told = await header(number, dropped);
        const wrong = isAstray && told !== null ? { ...told, hash: former.hash } : told;
        isAstray = false;
        return wrong;
      };
      expect(await monitor.finalized([read], signal)).to.equal(-1);
      expect(await monitor.finalized([read], signal)).to.equal(65);
      await chain.close();
    });

    it('takes back the last blocks of a history up to a head that is no higher since', async () => {
      node.mine(60);
      await run();
      node.reorg(4, 4);
      await run();
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
    });

    it('takes a lower head on the same chain for a node that lags', async () => {
      node.mine(60);
      await run();
      let polls = 0;
      node.options = { backend: () => (polls < 8 ? { behind: 7 } : {}) };
      await follow(() => polls > 10, { moved: () => polls++ });
      expect(ledger.rollbacks).to.deep.equal([]);
    });

    it('takes back all it has read where all of it was replaced', async () => {
      node.mine(60);
      await follow(undefined, { config: { mode: 'realtime', startBlock: null } });
      expect(ledger.checkpoint.startBlock).to.equal(60);
      node.reorg(8, 20);
      await follow();
      expect(ledger.checkpoint.startBlock).to.equal(60);
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(60)));
      node.reorg(25, 30);
      await follow();
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(60)));
    });

    it('finds the ancestor in the final block itself', async () => {
      node.mine(60);
      await run();
      node.reorg(30, 31);
      await follow();
      expect(ledger.rollbacks.map((rollback) => rollback.ancestor.number)).to.deep.equal([30]);
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
    });

    it('gives up where a final block was replaced', async () => {
      node.mine(60);
      await run();
      node.reorg(31, 40);
      const error = await rejectionOf(follow(), NeedsRewindError);
      expect(error).to.include({ code: 'NEEDS_REWIND', exitCode: 6, keeps: 29 });
      expect((error as Error).message).to.equal(
        `block 60 was replaced, and so was every block that is remembered; ${new URL(node.url).host} says so; ` +
          'the newest stored events that are still part of the chain are those of block 29',
      );
    });

    it('goes by the rows that there are to say what may be kept, and by the start where none of them may', async () => {
      node.mine(60, (number) => (number % 10 === 5 ? [{}] : []));
      await run({ config: { startBlock: 12 } });
      node.reorg(33, 40);
      expect(await rejectionOf(follow())).to.include({ keeps: 25 });
      node.reorg(60, 70);
      expect(await rejectionOf(follow())).to.include({ keeps: 11 });
    });

    it('says that nothing may be kept where a chain was begun anew', async () => {
      node.mine(60);
      await run({ config: { startBlock: 0 } });
      node.reorg(60, 70);
      expect(await rejectionOf(follow())).to.include({ keeps: null });
    });

    it('gives up where a final block was replaced while only final ones are read', async () => {
      node.mine(200);
      const replaceOnce = (): void => {
        if (ledger.checkpoint.blockNumber === 170 && node.head.number === 200) node.reorg(150, 400);
      };
      await rejectionOf(follow(undefined, { config: { finality: 'finalized' }, moved: replaceOnce }), NeedsRewindError);
      expect(ledger.checkpoint.blockNumber).to.equal(170);
    });

    it('gives up where the checkpoint of a finished history was replaced', async () => {
      node.mine(90);
      await run({ config: { endBlock: 20 } });
      node.reorg(80, 100);
      await rejectionOf(run(), NeedsRewindError);
    });
  });

  describe('when the chain is begun anew below what was read', () => {
    /** Replaces all above block 50 by so many blocks that the head stays below what was read. */
    const begin = (): void => node.reorg(150, 60);

    it('gives up in flight, and says which block the chain still has', async () => {
      node.mine(200);
      const once = (): void => {
        if (ledger.checkpoint.blockNumber === 200 && node.head.number === 200) begin();
      };
      const error = await rejectionOf(
        follow(() => node.head.number === 110, { moved: once }),
        NeedsRewindError,
      );
      expect(error).to.include({ code: 'NEEDS_REWIND', exitCode: 6, keeps: 50 });
    });

    for (const mode of ['historical', 'realtime'] as const) {
      it(`gives up at the start of a ${mode} run, too`, async () => {
        node.mine(200);
        await run();
        begin();
        expect(await rejectionOf(run({ config: { mode } }))).to.include({ code: 'NEEDS_REWIND', keeps: 50 });
        expect(ledger.rollbacks).to.deep.equal([]);
      });

      it(`keeps nothing where a ${mode} run shares nothing with it`, async () => {
        node.mine(200);
        await run({ config: { startBlock: 0 } });
        node.reorg(200, 3);
        expect(await rejectionOf(run({ config: { mode, startBlock: 0 } }))).to.include({ keeps: null });
      });
    }

    it('takes all back where all of it is remembered', async () => {
      node.mine(20);
      await run();
      node.reorg(19, 4);
      await run();
      expect(ledger.rollbacks.map(({ ancestor }) => ancestor.number)).to.deep.equal([1]);
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
    });

    /** Follows a node whose head lags by 120 blocks for 60 polls: it takes nothing back, and asks little more than once a poll. */
    async function followLagging(): Promise<void> {
      await run();
      await run();
      let polls = 0;
      node.options = { backend: () => (polls < 60 ? { behind: 120 } : {}) };
      const before = node.requests.length;
      await follow(() => polls > 60, { moved: () => polls++ });
      expect(ledger.rollbacks).to.deep.equal([]);
      expect(node.requests.length - before).to.be.below(80);
    }

    it('waits for a node that lags, however far, without asking for the same again and again', async () => {
      node.mine(200);
      await followLagging();
    });

    it('asks once whether a lower head that stays the same is of its chain, though a block below it must tell', async () => {
      node.mine(200, (number) => (number <= 50 ? [{}] : []));
      await followLagging();
    });

    it('waits where no row is as low as the head, and says once that nothing tells whether the chain is another', async () => {
      node.mine(200, (number) => (number > 150 ? [{}] : []));
      await run();
      node.reorg(200, 40);
      const clock = new HastyClock();
      const told: string[] = [];
      const log = (level: LogLevel, message: string, fields?: object): void => {
        if ({ event: '', ...fields }.event === 'source.head_below') told.push(`${level} ${message}`);
      };
      let toldAfterMs = 0;
      const moved: MonitorRunOptions['moved'] = (_known, stop) => {
        if (told.length === 0) toldAfterMs = clock.sleptMs;
        if (clock.sleptMs > 200_000) stop();
      };
      await run({ config: { mode: 'realtime' }, context: { clock, logger: { log } }, moved });
      expect(ledger.checkpoint.blockNumber).to.equal(200);
      expect(told).to.have.length(1);
      expect(told[0]).to.match(
        /^warn the chain's head, block 40, has been below block 200, which is read, for 6\d s: /,
      );
      expect(toldAfterMs).to.be.within(55_000, 70_000);
    });

    it('warns at the end of a historical run whose node has fallen back below what was read before', async () => {
      node.mine(200);
      await run();
      const logger = new MemoryLogger();
      node.options = { backend: () => ({ behind: 120 }) };
      await run({ context: { logger } });
      expect(logger.messages('warn')).to.deep.equal([
        "the chain's head, block 80, is below block 200, which was read before: the node is syncing, or its chain was begun anew; which of them shows once there are blocks to compare",
      ]);
      expect(ledger.checkpoint.blockNumber).to.equal(200);
    });

    it('does not where the node is one of several that are a block or two behind each other', async () => {
      node.mine(200);
      await run();
      const logger = new MemoryLogger();
      node.options = { backend: () => ({ behind: 2 }) };
      await run({ context: { logger } });
      expect(logger.messages('warn')).to.deep.equal([]);
    });

    it('says it in flight, too, where all blocks between are known as those below the head that was read', async () => {
      node.mine(40);
      const clock = new HastyClock();
      const logger = new MemoryLogger();
      let lastHead: number | null | undefined;
      const moved: MonitorRunOptions['moved'] = (known, stop) => {
        lastHead = known?.headBlock ?? lastHead;
        if (node.head.number < 60 && ledger.checkpoint.blockHash === node.head.hash) node.mine(1);
        if (ledger.checkpoint.blockNumber === 60) node.options = { backend: () => ({ behind: 15 }) };
        if (clock.sleptMs > 300_000) stop();
      };
      await run({ config: { mode: 'realtime' }, context: { clock, logger }, moved });
      expect(lastHead).to.equal(45);
      expect(logger.messages('warn').filter((message) => message.includes('has been below'))).to.have.length(1);
      expect(ledger.rollbacks).to.deep.equal([]);
    });

    describe('and another node of the same id stands behind the URL', () => {
      let other: ChainSimulator;
      let proxy: TcpProxy;
      let url: string;

      beforeEach(async () => {
        node.mine(900, (number) => (number < 500 || number > 850 ? [{}] : []));
        other = await ChainSimulator.start({}, { finalizedDistance: 30 });
        other.mine(1);
        other.reorg(1, 700);
        ({ proxy, url } = await TcpProxy.before(node.url));
      });
      afterEach(async () => {
        await proxy.close();
        await other.stop();
      });

      it('stores nothing of two chains where it happens while history is read', async () => {
        let count = 0;
        const stored = (): void => {
          if (++count === 2) proxy.lead(other.url);
        };
        const error = await rejectionOf(run({ urls: [url], config: { endBlock: 600 }, stored }));
        expect(error).to.be.instanceOf(NeedsRewindError).and.to.include({ keeps: 0 });
        expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1, ledger.checkpoint.blockNumber ?? 0)));
      });

      it('is known by the block below the first one that was read where no row is as low as the head', async () => {
        let isSwapped = false;
        let moves = 0;
        const error = await rejectionOf(
          follow(() => moves > 500, {
            urls: [url],
            config: { mode: 'realtime', startBlock: 600 },
            moved: () => {
              moves++;
              if (isSwapped || ledger.checkpoint.blockHash !== node.head.hash) return;
              isSwapped = true;
              proxy.lead(other.url);
            },
          }),
        );
        expect(error).to.be.instanceOf(NeedsRewindError).and.to.include({ keeps: 599 });
        expect(ledger.rollbacks).to.deep.equal([]);
      });
    });

    it('says so again where the head is below a second time, and never where it is for a short time', async () => {
      node.mine(200, (number) => (number > 150 ? [{}] : []));
      await run();
      const clock = new HastyClock();
      const told: number[] = [];
      const log = (_level: LogLevel, _message: string, fields?: object): void => {
        if ({ event: '', ...fields }.event === 'source.head_below') told.push(clock.sleptMs);
      };
      // Below for 40 s of each minute at first, then for 90 s of each 100.
      node.options = {
        backend: () => {
          const { sleptMs } = clock;
          const isBelow = sleptMs < 180_000 ? sleptMs % 60_000 < 40_000 : sleptMs % 100_000 < 90_000;
          return isBelow ? { behind: 120 } : {};
        },
      };
      const moved: MonitorRunOptions['moved'] = (_known, stop) => {
        if (clock.sleptMs > 420_000) stop();
      };
      await run({ config: { mode: 'realtime' }, context: { clock, logger: { log } }, moved });
      expect(told.length).to.be.within(2, 3);
      expect(Math.min(...told)).to.be.above(200_000);
    });
  });

  describe('when another chain stands behind the URL', () => {
    let other: ChainSimulator;

    beforeEach(async () => {
      other = await ChainSimulator.start({ chainId: 5 }, { finalizedDistance: 30 });
      other.mine(1);
      // A fork of its own: what is mined in the same way is the same chain.
      other.reorg(1, 90);
    });
    afterEach(() => other.stop());

    /** Follows the head until all is read, lets `swap` happen, and goes on. */
    const swapped = (urls: readonly string[], swap: () => void, isDone = (): boolean => false): Promise<void> => {
      let isSwapped = false;
      return follow(() => isSwapped && isDone(), {
        urls,
        moved: () => {
          if (isSwapped || ledger.checkpoint.blockHash !== node.head.hash) return;
          isSwapped = true;
          swap();
        },
      });
    };
    const expectNothingLost = (error: unknown): void => {
      expect(error).to.be.instanceOf(ChainMismatchError);
      expect(error).to.include({ code: 'CHAIN_MISMATCH', exitCode: 6 });
      expect(ledger.rollbacks).to.deep.equal([]);
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
    };

    for (const blocks of [20, 60, 120]) {
      it(`ends without taking back anything of ${blocks} blocks, where connections break`, async () => {
        node.mine(blocks);
        const { proxy, url } = await TcpProxy.before(node.url);
        expectNothingLost(await rejectionOf(swapped([url], () => proxy.lead(other.url))));
        await proxy.close();
      });

      it(`ends without taking back anything of ${blocks} blocks, where nothing else shows it`, async () => {
        node.mine(blocks);
        const truth = new MessageLedger();
        await runMonitor({ urls: [node.url], ledger: truth });
        const swap = (): void => {
          node.options = { chainId: 5 };
          node.reorg(blocks, blocks + 5);
        };
        await rejectionOf(swapped([node.url], swap), ChainMismatchError);
        expect(ledger.rollbacks).to.deep.equal([]);
        expect(ledger.ids).to.deep.equal(truth.ids);
      });
    }

    it('stores nothing of it while history is read', async () => {
      node.mine(900);
      const { proxy, url } = await TcpProxy.before(node.url);
      other.mine(900);
      let stored = 0;
      const clock = new HastyClock();
      await rejectionOf(
        run({
          urls: [url],
          context: { clock },
          stored: () => {
            clock.sleptMs += 2_000;
            if (++stored === 2) proxy.lead(other.url);
          },
        }),
        ChainMismatchError,
      );
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1, ledger.checkpoint.blockNumber ?? 0)));
    });

    it('goes on with the endpoints that still serve the right one', async () => {
      node.mine(60);
      const { proxy, url } = await TcpProxy.before(node.url);
      const swap = (): void => {
        proxy.lead(other.url);
        node.mine(5);
      };
      await swapped([url, node.url], swap, () => node.head.number === 65);
      expect(ledger.rollbacks).to.deep.equal([]);
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
      await proxy.close();
    });
  });

  describe('the start', () => {
    beforeEach(() => node.mine(90));

    it('asks for no head that others have just heard of, but where it reads up to the head alone', async () => {
      const parts = { chainId: 31_337, clock: systemClock, logger: silentLogger };
      const client = new ChainClient({ urls: [node.url], ...parts });
      const heads = new HeadFeed({ chain: client, ...parts });
      const { signal } = new AbortController();
      const shares = { chain: { client, heads }, context: { clock: systemClock } };
      const asks = (): number =>
        node.requests.filter((methods) => String(methods) === 'eth_getBlockByNumber,eth_getBlockByNumber').length;
      try {
        await heads.tags.ask('finalized', signal);
        await heads.next(0, 60_000, signal);
        const before = asks();
        await follow(undefined, { ...shares, config: { pollInterval: 60 } });
        expect(ledger.checkpoint.blockHash).to.equal(node.head.hash);
        expect(asks()).to.equal(before);
        await run({ ...shares, config: { pollInterval: 60 } });
        expect(asks()).to.equal(before + 1);
      } finally {
        heads.close();
        await client.close();
      }
    });

    it('refuses a node of another chain than the definition means', async () => {
      const error = await rejectionOf(run({ config: { chainId: 5 } }), ChainMismatchError);
      expect(error).to.be.instanceOf(ChainMismatchError);
      expect(error.message).to.contain('chain 5').and.contain('31337');
    });

    it("refuses a chain that is not the checkpoint's, unless the run starts afresh", async () => {
      await run({ config: { endBlock: 10 } });
      ledger.checkpoint = { ...ledger.checkpoint, chainId: 5 };
      const error = await rejectionOf(run(), ChainMismatchError);
      expect(error).to.be.instanceOf(ChainMismatchError);
      expect(error.message).to.contain('chain 5').and.contain('31337');
      await run({ run: { fresh: true } });
      expect(ledger.checkpoint.blockNumber).to.equal(90);
    });

    it('reads again from a block before the stretch that was read', async () => {
      await run({ config: { startBlock: 50 } });
      await run({ run: { fromBlock: 20 } });
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(20)));
    });

    it('warns where the run begins behind its end', async () => {
      const logger = new MemoryLogger();
      await run({ config: { startBlock: 200 }, context: { logger } });
      expect(logger.messages()).to.deep.equal(['nothing to read: the run begins at block 200 and ends at block 90']);
    });

    it('warns where all of what it was asked for has been read, and not where a plain run finds nothing', async () => {
      const logger = new MemoryLogger();
      await run({ run: { toBlock: 20 } });
      await run({ run: { fromBlock: 3, toBlock: 5 }, context: { logger } });
      expect(logger.messages()).to.deep.equal([
        'nothing to read: all up to block 20 has been read (--fresh reads it again), and the run ends at block 5',
      ]);
      await run({ config: { endBlock: 20 }, context: { logger } });
      expect(logger.messages('warn')).to.have.length(1);
    });

    it('warns of the blocks that a start behind the checkpoint leaves out', async () => {
      const logger = new MemoryLogger();
      await run({ run: { toBlock: 20 } });
      await run({ run: { fromBlock: 40 }, context: { logger } });
      expect(logger.messages('warn')).to.have.length(1);
      expect(logger.messages('warn')[0]).to.contain('blocks 21 to 39');
    });

    it('warns of them also where it begins afresh at the head, which is beyond it', async () => {
      const logger = new MemoryLogger();
      await run({ run: { toBlock: 20 } });
      await follow(undefined, { run: { fresh: true }, config: { startBlock: null }, context: { logger } });
      expect(logger.messages('warn')).to.deep.equal([
        'blocks 21 to 89 are left out: the pipeline has been read up to block 20, and this run begins at block 90',
      ]);
    });

    it('warns of stored events that nothing takes back once it has begun beyond blocks that are not final', async () => {
      const logger = new MemoryLogger();
      await run({ run: { toBlock: 70 } });
      await run({ run: { fromBlock: 80 }, context: { logger } });
      expect(logger.messages('warn')).to.deep.equal([
        'blocks 71 to 79 are left out: the pipeline has been read up to block 70, and this run begins at block 80',
        'events up to block 70 were stored before those blocks were final: this run takes none of them back where the chain has replaced them; to read them again: --from-block 60',
      ]);
    });

    it('warns of them also where they are final by now, if the chain has replaced them', async () => {
      const logger = new MemoryLogger();
      await run({ run: { toBlock: 70 } });
      node.reorg(25);
      node.mine(60);
      await run({ run: { fromBlock: 80 }, context: { logger } });
      expect(logger.messages('warn')).to.have.length(2);
      expect(logger.messages('warn')[1]).to.contain('--from-block 60');
    });

    it('does not warn of events whose blocks have become final as they were', async () => {
      const logger = new MemoryLogger();
      await run({ run: { toBlock: 70 } });
      node.mine(60);
      await run({ run: { fromBlock: 80 }, context: { logger } });
      expect(logger.messages('warn')).to.have.length(1);
    });
  });

  describe('the end', () => {
    it('sends nothing more once it shall stop', async () => {
      node.mine(90);
      let messages = 0;
      await run({ config: { batchSize: 10 }, stored: (_message, stop) => ++messages === 2 && stop() });
      expect(messages).to.equal(2);
      // The blocks that are new follow in messages of their own.
      expect(ledger.checkpoint.blockNumber).to.be.within(20, 26);
    });

    it('does not wait for an answer that is not there when it shall stop', async () => {
      node.mine(90);
      const stopping = new AbortController();
      node.options = {
        fault: (_calls, request) => {
          if (request < 4) return undefined;
          setImmediate(() => stopping.abort());
          return { kind: 'hang' };
        },
      };
      await run({ context: { stopping: stopping.signal } });
    });

    it('throws the reason for which its calls were dropped', async () => {
      node.mine(90);
      const dropped = new AbortController();
      const reason = new Error('too late');
      node.options = {
        fault: (_calls, request) => {
          if (request < 4) return undefined;
          setImmediate(() => dropped.abort(reason));
          return { kind: 'hang' };
        },
      };
      expect(await rejectionOf(run({ context: { signal: dropped.signal } }))).to.equal(reason);
    });

    it('lets an error of its owner pass', async () => {
      node.mine(90);
      const lost = new Error('the lease is lost');
      const moved = (): void => {
        if (ledger.rows.length > 0) throw lost;
      };
      expect(await rejectionOf(run({ moved }))).to.equal(lost);
    });
  });
});
