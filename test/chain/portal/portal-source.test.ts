import { expect } from 'chai';
import { PortalClient } from '../../../src/chain/portal/portal-client.js';
import { PortalHead } from '../../../src/chain/portal/portal-head.js';
import { PortalSource } from '../../../src/chain/portal/portal-source.js';
import { PortalPatience } from '../../../src/chain/portal/portal-trouble.js';
import { LogPrefetcher } from '../../../src/chain/logs/log-prefetcher.js';
import type { LogFilter } from '../../../src/model/log-filter.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { portalOf } from '../../support/portal-of-chain.js';
import { PortalServer } from '../../support/portal-server.js';
import { simContract } from '../../support/simulated-chain.js';

const moved = (): Promise<void> => Promise.resolve();
const addressOf = (number: number): string => `0x${number.toString(16).padStart(40, '0')}`;

describe('blocks from a portal', () => {
  let node: ChainSimulator;
  let portal: PortalServer;
  let client: PortalClient;
  const clock = new HastyClock();
  const logger = new MemoryLogger();
  const { signal } = new AbortController();

  beforeEach(async () => {
    node = await ChainSimulator.start();
    portal = await PortalServer.start({ data: portalOf(node, 0) });
    client = new PortalClient({ url: portal.url, clock });
  });
  afterEach(async () => {
    await client.close();
    await Promise.all([node.stop(), portal.stop()]);
  });

  const open = (filter: LogFilter, batchSize = 1_000): PortalSource => {
    const dataset = 'local-31337';
    const patience = new PortalPatience({ client, clock, logger, hasNodes: false });
    const head = new PortalHead({ dataset, clock, patience });
    return new PortalSource({ dataset, head, filter, batchSize, clock, patience, check: moved });
  };
  const readAll = async (source: PortalSource, to: number): Promise<string[]> => {
    const ahead = new LogPrefetcher({ source, moved });
    const ids: string[] = [];
    for (let next = 1; next <= to;) {
      const fetched = await ahead.next({ from: next, to }, signal);
      expect(fetched.from).to.equal(next);
      ids.push(...fetched.logs.map((log) => `${log.blockHash}:${log.logIndex}`));
      next = fetched.to + 1;
    }
    ahead.drop();
    return ids;
  };
  const truth = (): string[] => node.canonicalLogs().map((log) => `${log.blockHash}:${Number(log.logIndex)}`);

  it('come piece by piece from one stream where it holds much, each block once', async () => {
    const data = `0x${'ab'.repeat(20_000)}`;
    node.mine(400, () => [{ data }]);
    const source = open({ addresses: [simContract], topics: null });
    expect(await readAll(source, 400)).to.deep.equal(truth());
    expect(portal.streams).to.have.length(1);
  });

  it('come from several streams at once where answers end early', async () => {
    node.mine(400, () => [{}]);
    portal.options = { ...portal.options, mostBlocks: 30 };
    const source = open({ addresses: [simContract], topics: null });
    expect(await readAll(source, 400)).to.deep.equal(truth());
    expect(portal.streams.length).to.be.within(14, 22);
  });

  it('are asked for by several requests where there are many addresses', async () => {
    const addresses = Array.from({ length: 9_000 }, (_address, at) => addressOf(at + 1));
    node.mine(300, (number) => [1, 5_000, 9_000, 9_001].map((at) => ({ address: addressOf((at + number) % 9_500) })));
    portal.options = { ...portal.options, mostBlocks: 40 };
    const wanted = new Set(addresses);
    const expected = node
      .canonicalLogs()
      .filter(({ address }) => wanted.has(address))
      .map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
    expect(await readAll(open({ addresses, topics: null }), 300)).to.deep.equal(expected);
    for (const { logs } of portal.streams) expect(logs?.[0]?.['address']?.length).to.be.at.most(4_000);
  });

  it('begin anew where who asked goes on elsewhere', async () => {
    const data = `0x${'cd'.repeat(20_000)}`;
    node.mine(400, () => [{ data }]);
    const source = open({ addresses: [simContract], topics: null });
    const ahead = new LogPrefetcher({ source, moved });
    await ahead.next({ from: 1, to: 400 }, signal);
    ahead.drop();
    await ahead.next({ from: 200, to: 400 }, signal);
    ahead.drop();
    expect(portal.streams.map(({ fromBlock }) => fromBlock).slice(0, 2)).to.deep.equal([1, 200]);
  });

  it('are asked for by all that may be wanted at once', async () => {
    node.mine(10, () => [{}]);
    const other = { addresses: [addressOf(7)], topics: null, indexed: [null, [`0x${'1'.repeat(64)}`]] };
    await readAll(open({ addresses: [simContract], topics: null, or: [other] }), 10);
    expect(portal.streams[0]?.logs).to.deep.equal([
      { address: [simContract] },
      { address: [addressOf(7)], topic2: [`0x${'1'.repeat(64)}`] },
    ]);
  });
});
