import { expect } from 'chai';
import { ChainUnreachableError } from '../../../../src/runtime/errors.js';
import { ChainSimulator } from '../../../support/chain-simulator.js';
import type { SimCall } from '../../../support/chain-simulator.js';
import { MemoryLogger } from '../../../support/memory-logger.js';
import { MessageLedger } from '../../../support/message-ledger.js';
import { runMonitor } from '../../../support/monitor-run.js';
import type { MonitorRunOptions } from '../../../support/monitor-run.js';
import { portalOf } from '../../../support/portal-of-chain.js';
import { PortalServer } from '../../../support/portal-server.js';
import { rejectionOf } from '../../../support/rejection.js';
import { SimRefusal } from '../../../support/simulated-node.js';
import { address, emitted, factoryConfig, made, truthOf } from './factory-chain.js';

const child = (number: number): string => address(0xc000 + number);

describe('an event monitor of a factory with history: portal', () => {
  let node: ChainSimulator;
  let portal: PortalServer;
  let ledger: MessageLedger;

  beforeEach(async () => {
    node = await ChainSimulator.start({ sealed: true }, { finalizedDistance: 20 });
    portal = await PortalServer.start({ data: portalOf(node, 0) });
    ledger = new MessageLedger();
  });
  afterEach(() => Promise.all([node.stop(), portal.stop()]));

  const run = ({ config, ...options }: Partial<MonitorRunOptions> = {}): Promise<void> =>
    runMonitor({
      ...{ urls: [], portalUrl: portal.url, ledger, ...options },
      config: { ...factoryConfig(), portalDataset: 'local-31337', ...config },
    });

  it('reads what children emit, before their announcement and after it, without an RPC URL', async () => {
    node.mine(200, (number) => {
      if (number === 30) return [emitted(child(1), 30), made(child(1)), emitted(child(1), 31), emitted(child(9))];
      if (number === 90) return [made(child(2)), emitted(child(2)), made(child(1))];
      return [emitted(child(1)), emitted(child(2)), emitted(child(9))];
    });
    await run();
    expect(ledger.ids).to.deep.equal(truthOf(node));
    expect(ledger.ids).to.have.length.above(300);
  });

  it('reads the earlier blocks of children that are announced later', async () => {
    node.mine(60, () => [emitted(child(1)), emitted(child(2))]);
    await run();
    node.mine(60, (number) => (number === 80 ? [made(child(2)), made(child(1))] : [emitted(child(1))]));
    await run();
    expect(ledger.ids).to.deep.equal(truthOf(node));
    expect(ledger.ids).to.have.length.above(150);
  });

  it('keeps no children of a chain that does not hang on the blocks that were read', async () => {
    node.mine(60, () => [emitted(child(1))]);
    await run();
    node.mine(60, (number) => (number === 80 ? [made(child(1)), emitted(child(2))] : [emitted(child(2))]));
    const other = await ChainSimulator.start({ sealed: true });
    other.mine(120, (number) => (number === 80 ? [made(child(2))] : [emitted(child(3))]));
    const own = portalOf(node, 0);
    const astray = portalOf(other, 0);
    // It has gone over to another chain above the last block that was read.
    const ofBlock = (number: number): typeof own => (number > 60 ? astray : own);
    portal.options = {
      data: {
        finalized: own.finalized,
        header: (number) => ofBlock(number).header(number),
        logs: (number) => ofBlock(number).logs(number),
      },
    };
    expect((await rejectionOf(run(), ChainUnreachableError)).message).to.match(
      /^block 61 is not the child of block 60/,
    );
    portal.options = { data: own };
    await run();
    expect(ledger.ids).to.deep.equal(truthOf(node));
    await other.stop();
  });

  it('is left once for all that a factory asks for, where it wants to be left alone', async () => {
    portal.options = { data: portalOf(node, 20), fault: () => ({ kind: 'status', status: 429, retryAfter: '900' }) };
    node.mine(120, (number) =>
      number % 40 === 0 ? [made(child(number / 40))] : [emitted(child(1)), emitted(child(2))],
    );
    const logger = new MemoryLogger();
    await run({ urls: [node.url], context: { logger } });
    expect(ledger.ids).to.deep.equal(truthOf(node));
    expect(logger.messages('warn').filter((line) => line.includes('for 15 min'))).to.have.length(1);
    expect(portal.streams.length).to.be.at.most(4);
  });

  it('tells once that a node does not keep the blocks by which it would be held against it', async () => {
    portal.options = { data: portalOf(node, 20) };
    node.mine(200, (number) => (number % 40 === 0 ? [made(child(number / 40))] : [emitted(child(1))]));
    const lie = ({ method, params }: SimCall): unknown => {
      if (method !== 'eth_getBlockByNumber' || !(Number(params[0]) < 100)) return undefined;
      throw new SimRefusal({ code: 4444, message: 'pruned history unavailable' });
    };
    node.options = { ...node.options, lie };
    const logger = new MemoryLogger();
    await run({ urls: [node.url], context: { logger } });
    expect(ledger.ids).to.deep.equal(truthOf(node));
    expect(logger.messages('warn').filter((line) => line.includes('are not held against'))).to.have.length(1);
  });

  it('follows the head behind its history, with an RPC URL', async () => {
    portal.options = { data: portalOf(node, 20) };
    node.mine(150, (number) => (number === 40 ? [made(child(1))] : [emitted(child(1)), emitted(child(2))]));
    let isGrown = false;
    await run({
      urls: [node.url],
      config: { mode: 'realtime', startBlock: 1 },
      moved: (_known, stop) => {
        const isWaiting = ledger.children.known?.children.some(({ earlier }) => earlier !== null) ?? true;
        if (ledger.checkpoint.blockHash !== node.head.hash || isWaiting) return;
        if (isGrown) stop();
        else node.mine(2, () => [made(child(2)), emitted(child(2))]);
        isGrown = true;
      },
    });
    expect(ledger.ids).to.deep.equal(truthOf(node));
  });
});
