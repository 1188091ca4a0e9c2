import { expect } from 'chai';
import { PortalFailedError } from '../../../src/chain/portal/portal-trouble.js';
import { ChainUnreachableError, NeedsRewindError } from '../../../src/runtime/errors.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { SimCall, SimulatorOptions } from '../../support/chain-simulator.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { MessageLedger } from '../../support/message-ledger.js';
import { runMonitor } from '../../support/monitor-run.js';
import type { MonitorRunOptions } from '../../support/monitor-run.js';
import { portalOf } from '../../support/portal-of-chain.js';
import { PortalServer } from '../../support/portal-server.js';
import type { AskedStream, Line, PortalFault } from '../../support/portal-server.js';
import { rejectionOf } from '../../support/rejection.js';
import { simContract, transferOf } from '../../support/simulated-chain.js';

/** Where nobody listens. */
const nobody = 'http://127.0.0.1:9';
const config = { portalDataset: 'local-31337', batchSize: 20 } as const;

describe('an event monitor with history: portal', () => {
  let node: ChainSimulator;
  let portal: PortalServer;
  let ledger: MessageLedger;
  let logger: MemoryLogger;

  beforeEach(async () => {
    node = await ChainSimulator.start({ sealed: true });
    node.mine(300, (number) => Array.from({ length: number % 4 }, (_event, at) => transferOf(number * 10 + at)));
    portal = await PortalServer.start({ data: portalOf(node) });
    ledger = new MessageLedger();
    logger = new MemoryLogger();
  });
  afterEach(() => Promise.all([node.stop(), portal.stop()]));

  const run = (options: Partial<MonitorRunOptions> = {}): Promise<void> =>
    runMonitor({
      ...{ urls: [], portalUrl: portal.url, ledger, ...options },
      config: { ...config, ...options.config },
      context: { logger, ...options.context },
    });
  const idsIn = (chain: ChainSimulator, from: number, to: number): string[] =>
    chain.canonicalLogs(from, to).map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
  const idsOf = (from: number, to: number): string[] => idsIn(node, from, to);

  it('reads up to the finalized block without any RPC URL', async () => {
    await run();
    expect(ledger.ids).to.deep.equal(idsOf(1, 236));
    expect(ledger.checkpoint.blockNumber).to.equal(236);
    expect(ledger.checkpoint.blockHash).to.equal(node.blocks[236]!.hash);
    expect(node.requests).to.deep.equal([]);
  });

  it('stores the rows that a run by RPC stores', async () => {
    await run();
    const byRpc = new MessageLedger();
    await runMonitor({ urls: [node.url], ledger: byRpc, config: { batchSize: 20, endBlock: 236 } });
    expect(ledger.rows).to.deep.equal(byRpc.rows);
  });

  it('ends at the finalized block where more was asked for, and says so', async () => {
    await run({ config: { endBlock: 290 } });
    expect(ledger.checkpoint.blockNumber).to.equal(236);
    expect(logger.lines.join('\n')).to.match(/the portal has blocks up to 236 as final.*no RPC URL/);
  });

  it('goes on from its checkpoint once more is final', async () => {
    await run();
    node.mine(50);
    await run();
    expect(ledger.ids).to.deep.equal(idsOf(1, 286));
  });

  it('reads the newest blocks from the RPC URLs where there are any', async () => {
    await run({ urls: [node.url], config: { endBlock: 300 } });
    expect(ledger.ids).to.deep.equal(idsOf(1, 300));
    const highest = Math.max(...portal.streams.map(({ toBlock }) => toBlock));
    expect(highest).to.equal(236);
    expect(portal.streams.length).to.be.greaterThan(1);
  });

  it('follows the head in real time behind its history', async () => {
    await run({
      urls: [node.url],
      config: { mode: 'realtime', finality: 'latest' },
      stored: (message, stop) => {
        if (message.kind === 'events' && message.toBlock === 300) node.mine(3);
        if (message.kind === 'events' && message.toBlock === 303) stop();
      },
    });
    expect(ledger.ids).to.deep.equal(idsOf(1, 303));
  });

  describe('without any RPC URL', () => {
    const otherParent = `0x${'ab'.repeat(32)}`;
    /** The portal's block, and all that stand for it, hangs on another one than it has before. */
    const breakAt = (block: number): void => {
      const data = portalOf(node);
      const header: typeof data.header = (number) =>
        number === block ? { ...data.header(number), parentHash: otherParent } : data.header(number);
      portal.options = { data: { ...data, header }, mostBlocks: 20 };
    };

    it('never stores answers that do not follow each other, however often it asks', async () => {
      const change = ([first, ...others]: Line[]): Line[] => [
        { ...first!, header: { ...first!.header, parentHash: otherParent } },
        ...others,
      ];
      const fault = ({ fromBlock }: AskedStream): PortalFault | undefined =>
        fromBlock > 30 ? { kind: 'lines', change } : undefined;
      portal.options = { ...portal.options, mostBlocks: 20, fault };
      const error = await rejectionOf(run(), ChainUnreachableError);
      expect(error).to.include({ exitCode: 6 });
      expect(error.message).to.match(/is not the child of block \d+, which was told before$/);
      expect(ledger.checkpoint.blockNumber ?? 0).to.be.below(60);
    });

    it('ends at the finalized block whatever finality is asked for', async () => {
      await run({ config: { finality: 20, endBlock: 230 } });
      expect(ledger.checkpoint.blockNumber).to.equal(230);
      expect(logger.lines.join('\n')).not.to.match(/as final, and no RPC URL is set/);
    });

    it('says that newer blocks are not final yet where a run by RPC has read more', async () => {
      await runMonitor({ urls: [node.url], ledger, config: { endBlock: 290 } });
      await run();
      const warning = logger.lines.find((line) => line.startsWith('warn: '));
      expect(warning).to.match(/the portal's newest final block, 236, is below block 290/);
      expect(warning).not.to.contain('node');
    });

    it('stores none that do not hang on those that an earlier run has stored', async () => {
      await run({ config: { endBlock: 102 } });
      breakAt(103);
      expect((await rejectionOf(run(), ChainUnreachableError)).message).to.match(
        /^block 103 is not the child of block 102/,
      );
      expect(ledger.checkpoint.blockNumber).to.equal(102);
    });

    it('says how to take back what it has stored where the portal goes over to another chain', async () => {
      const other = await ChainSimulator.start({ sealed: true });
      other.mine(300, () => [transferOf(7)]);
      await run({ config: { endBlock: 100 } });
      portal.options = { data: portalOf(other), mostBlocks: 20 };
      const error = await rejectionOf(run(), NeedsRewindError);
      expect(error.message).to.match(/block 100/);
      expect(ledger.checkpoint.blockHash).to.equal(node.blocks[100]!.hash);
      await other.stop();
    });
  });

  it('refuses to follow the head without an RPC URL', async () => {
    const error = await rejectionOf(run({ config: { mode: 'realtime' } }));
    expect(error.message).to.match(/a realtime run follows the chain's head/);
  });

  it('reads from the RPC URLs where the portal is not to be reached', async () => {
    await run({ portalUrl: nobody, urls: [node.url], config: { endBlock: 236 } });
    expect(ledger.ids).to.deep.equal(idsOf(1, 236));
    expect(logger.lines.join('\n')).to.match(/settled blocks are read from the RPC URLs for 10 min/);
  });

  it('ends with a hint at the RPC URL where the portal is not to be reached and there is none', async () => {
    const error = await rejectionOf(run({ portalUrl: nobody }), PortalFailedError);
    expect(error).to.include({ exitCode: 6, code: 'PORTAL_UNREACHABLE' });
    expect(error.hint).to.match(/--rpc-url/);
    // Nobody knows yet which blocks there are.
    expect(logger.lines.join('\n')).to.match(/warn: the portal .* does not tell its newest final block, trying again/);
  });

  it('names the data set that has no final block, where there is no RPC URL', async () => {
    portal.options = { ...portal.options, fault: () => ({ kind: 'nothing' }) };
    const error = await rejectionOf(run(), ChainUnreachableError);
    expect(error.message).to.match(/^the portal 127\.0\.0\.1:\d+ has no final block of data set local-31337 yet$/);
    expect(error).to.include({ exitCode: 6 });
    expect(error.hint).to.match(/portal_dataset/);
    expect(logger.lines.join('\n')).not.to.contain('the node');
  });

  it('warns of a data set that is known as one of another chain, which nothing else tells', async () => {
    for (const dataset of ['base-mainnet', 'local-31337']) {
      portal.options = { ...portal.options, dataset };
      await run({ config: { portalDataset: dataset } });
    }
    expect(ledger.ids).to.deep.equal(idsOf(1, 236));
    expect(warnings(/data set/)).to.deep.equal([
      "warn: data set 'base-mainnet' is what SQD Portal calls chain base, and chain-31337 is wanted: check portal_dataset in the definition",
    ]);
  });

  it('names the data set that a portal does not have', async () => {
    const error = await rejectionOf(run({ config: { portalDataset: 'other-1' } }));
    expect(error.message).to.match(/has no data set 'other-1'/);
  });

  it('does not believe a portal that leaves out logs which a node has', async () => {
    // Whichever block a sample falls on, it has logs: what is read before one falls on such a block would stay.
    const full = await ChainSimulator.start();
    full.mine(300, () => [{}, {}]);
    const data = portalOf(full);
    portal.options = { data: { ...data, logs: (number) => data.logs(number).slice(1) } };
    await run({ urls: [full.url], config: { endBlock: 236 } });
    expect(logger.lines.join('\n')).to.match(/not to be believed.*read from the RPC URLs as long as this run lasts/);
    expect(ledger.ids).to.deep.equal(idsIn(full, 1, 236));
    await full.stop();
  });

  /** A portal whose logs say something else from a block on. */
  const falseFrom = (first: number): void => {
    const data = portalOf(node);
    const logs = (number: number): ReturnType<typeof data.logs> =>
      data.logs(number).map((log) => (number < first ? log : { ...log, data: `0x${'9'.padStart(64, '0')}` }));
    portal.options = { data: { ...data, logs } };
  };

  it('stores nothing of a portal whose logs are all false', async () => {
    falseFrom(0);
    await run({ urls: [node.url], config: { endBlock: 236 } });
    const byRpc = new MessageLedger();
    await runMonitor({ urls: [node.url], ledger: byRpc, config: { batchSize: 20, endBlock: 236 } });
    expect(ledger.rows).to.deep.equal(byRpc.rows);
    expect(logger.lines.join('\n')).not.to.match(/chainparse verify/);
  });

  it('says how that is put right which it took from a portal before it was found out', async () => {
    falseFrom(101);
    portal.options = { ...portal.options, mostBlocks: 10 };
    await run({ urls: [node.url], config: { endBlock: 236 } });
    const told = /blocks 1 to (\d+) were read from it before.* verify ID --from-block 1 --to-block \1 --repair/;
    const to = Number(told.exec(logger.lines.join('\n'))?.[1]);
    expect(to).to.be.within(20, 236);
  });

  it('does not believe a portal of another chain', async () => {
    const other = await ChainSimulator.start();
    other.mine(300);
    portal.options = { data: portalOf(other) };
    await run({ urls: [node.url], config: { endBlock: 236 } });
    expect(ledger.ids).to.deep.equal(idsOf(1, 236));
    expect(logger.lines.join('\n')).to.match(/block \d+ is another one than at a node/);
    await other.stop();
  });

  it('sends the hash of the block before with what follows it', async () => {
    await run();
    const parents = portal.streams.filter(({ parentBlockHash }) => parentBlockHash !== undefined);
    for (const { fromBlock, parentBlockHash } of parents)
      expect(parentBlockHash).to.equal(node.blocks[fromBlock - 1]!.hash);
    expect(parents.length).to.be.greaterThan(0);
  });

  it('asks for the addresses and topics that are wanted, in lower case', async () => {
    await run();
    const [asked] = portal.streams.filter(({ logs }) => logs !== undefined);
    expect(asked?.logs?.[0]?.['address']).to.deep.equal([simContract]);
    expect(asked?.logs?.[0]?.['topic0']?.length).to.be.greaterThan(0);
  });

  it('waits as long as it is asked to', async () => {
    const faults: PortalFault[] = [
      { kind: 'status', status: 429, retryAfter: '7' },
      { kind: 'status', status: 503, retryAfter: '3' },
    ];
    portal.options = { ...portal.options, fault: ({ logs }) => (logs === undefined ? undefined : faults.shift()) };
    const clock = new HastyClock();
    await run({ context: { clock } });
    expect(clock.sleptMs).to.be.within(10_000, 12_000);
    expect(ledger.ids).to.deep.equal(idsOf(1, 236));
  });

  /** Every stream goes wrong; the newest final block is told all the same. */
  const failing = (fault: PortalFault): void => {
    portal.options = { ...portal.options, fault: ({ logs }) => (logs === undefined ? undefined : fault) };
  };
  const warnings = (pattern: RegExp): readonly string[] =>
    logger.lines.filter((line) => line.startsWith('warn: ') && pattern.test(line));

  for (const [what, fault] of [
    ['has no room', { kind: 'status', status: 503 }],
    ['wants to be left alone for a while, again and again', { kind: 'status', status: 429, retryAfter: '4' }],
    ['is away behind its gateway', { kind: 'status', status: 502 }],
    ['has nothing', { kind: 'nothing' }],
    ['breaks every answer off', { kind: 'cut', share: 0 }],
  ] as const) {
    it(`is left for the RPC URLs within half a minute where it ${what}`, async () => {
      failing(fault);
      const clock = new HastyClock();
      await run({ urls: [node.url], config: { endBlock: 236 }, context: { clock } });
      expect(ledger.ids).to.deep.equal(idsOf(1, 236));
      expect(warnings(/settled blocks are read from the RPC URLs for 10 min/)).to.have.length(1);
      expect(clock.sleptMs).to.be.within(15_000, 32_000);
    });
  }

  it('is left at once where it wants to be left alone for longer than that, and for as long', async () => {
    failing({ kind: 'status', status: 429, retryAfter: '3600' });
    const clock = new HastyClock();
    await run({ urls: [node.url], config: { endBlock: 236 }, context: { clock } });
    expect(ledger.ids).to.deep.equal(idsOf(1, 236));
    expect(warnings(/HTTP 429: settled blocks are read from the RPC URLs for 60 min/)).to.have.length(1);
    expect(clock.sleptMs).to.be.below(1_000);
  });

  it('is asked again after a while where it refused a request', async () => {
    const clock = new HastyClock();
    let refused = 0;
    const fault = ({ logs }: AskedStream): PortalFault | undefined => {
      if (logs === undefined || refused > 0) return undefined;
      refused++;
      return { kind: 'status', status: 400, body: 'Bad range' };
    };
    portal.options = { ...portal.options, fault };
    await run({ urls: [node.url], config: { endBlock: 236 }, context: { clock } });
    expect(ledger.ids).to.deep.equal(idsOf(1, 236));
    expect(warnings(/HTTP 400 Bad range: settled blocks are read from the RPC URLs for 10 min/)).to.have.length(1);
  });

  describe('beside a node that does not keep its history', () => {
    const isOld = ({ method, params }: SimCall): boolean =>
      method === 'eth_getBlockByNumber' && Number(params[0]) < 150;
    const refusal = { code: 4444, message: 'pruned history unavailable' };
    const fault: SimulatorOptions['fault'] = (calls) =>
      calls.some(isOld) ? { kind: 'call-error', method: 'eth_getBlockByNumber', error: refusal } : undefined;
    const pruned: Readonly<Record<string, SimulatorOptions>> = {
      refuses: { fault },
      'does not know': { lie: (call, result) => (isOld(call) ? null : result) },
    };
    for (const [what, options] of Object.entries(pruned)) {
      it(`is read, and gone on with, where that node ${what} old blocks`, async () => {
        node.options = options;
        await run({ urls: [node.url], config: { startBlock: 10, endBlock: 100 } });
        await run({ urls: [node.url], config: { startBlock: 10, endBlock: 300 } });
        expect(ledger.ids).to.deep.equal(idsOf(10, 300));
      });
    }
  });

  describe('whose data set begins late', () => {
    beforeEach(() => {
      portal.options = { ...portal.options, first: 100 };
    });

    it('is read from its first block on without any RPC URL', async () => {
      await run({ config: { startBlock: 100 } });
      expect(ledger.ids).to.deep.equal(idsOf(100, 236));
    });

    it('says where it begins where a run begins lower without any RPC URL', async () => {
      const error = await rejectionOf(run(), PortalFailedError);
      expect(error.message).to.match(/dataset starts from block 100$/);
      expect(error.hint).to.match(/^set start_block: 100 or higher, .*or an RPC URL by --rpc-url/);
      expect(ledger.ids).to.deep.equal([]);
    });

    it('is read from its first block on, and what lies below it from the RPC URLs', async () => {
      await run({ urls: [node.url], config: { endBlock: 236 } });
      expect(ledger.ids).to.deep.equal(idsOf(1, 236));
      const asked = portal.streams.filter(({ fromBlock }) => fromBlock >= 100);
      expect(asked[0]?.fromBlock).to.equal(100);
      expect(asked.at(-1)?.toBlock).to.equal(236);
      expect(portal.streams.length - asked.length, 'asked for what it does not have').to.equal(1);
      expect(warnings(/./)).to.deep.equal([]);
    });
  });

  it('is waited for where there is no RPC URL, which is told once', async () => {
    let isBack = false;
    const clock = new HastyClock();
    portal.options = {
      ...portal.options,
      fault: ({ logs }) => {
        isBack ||= clock.monotonic() > 40_000;
        return logs === undefined || isBack ? undefined : { kind: 'status', status: 503 };
      },
    };
    await run({ context: { clock } });
    expect(ledger.ids).to.deep.equal(idsOf(1, 236));
    expect(warnings(/the portal 127\.0\.0\.1:\d+ does not give blocks .*HTTP 503/)).to.have.length(1);
  });
});
