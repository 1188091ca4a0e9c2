import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { PortalAvoidance } from '../../../src/chain/portal/portal-avoidance.js';
import { PortalClient } from '../../../src/chain/portal/portal-client.js';
import { PortalHead } from '../../../src/chain/portal/portal-head.js';
import { PortalHistory } from '../../../src/chain/portal/portal-history.js';
import { logsQuery, portalRequests } from '../../../src/chain/portal/portal-query.js';
import { partsOf } from '../../../src/chain/blocks/log-filter.js';
import { PortalSource } from '../../../src/chain/portal/portal-source.js';
import { PortalFailedError, PortalPatience } from '../../../src/chain/portal/portal-trouble.js';
import { LogPrefetcher } from '../../../src/chain/logs/log-prefetcher.js';
import type { LogFilter } from '../../../src/model/log-filter.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { portalOf } from '../../support/portal-of-chain.js';
import { PortalServer } from '../../support/portal-server.js';
import { rejectionOf } from '../../support/rejection.js';
import { simContract } from '../../support/simulated-chain.js';
import { eventually, within } from '../../support/within.js';

const dataset = 'local-31337';
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

  const beginPatience = (): PortalPatience => new PortalPatience({ client, clock, logger, hasNodes: false });
  const open = (filter: LogFilter, batchSize = 1_000): PortalSource => {
    const patience = beginPatience();
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

  it('are not accepted if an answer begins with an earlier time than the one before it ended with', async () => {
    node.mine(60, () => [{}]);
    const { header } = portal.options.data;
    portal.options = {
      ...portal.options,
      mostBlocks: 30,
      data: {
        ...portal.options.data,
        header: (number) => ({ ...header(number), timestamp: header(number > 30 ? number - 20 : number).timestamp }),
      },
    };
    const source = open({ addresses: [simContract], topics: null });
    const call = { verified: false, moved, signal };
    expect((await source.fetch({ from: 1, to: 60 }, call)).to).to.equal(30);
    const error = await rejectionOf(source.fetch({ from: 31, to: 60 }, call), PortalFailedError);
    expect(error.message).to.contain('is not to be believed: the time of block 31 is before that of an earlier block');
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
    for (const { logs } of portal.streams) expect(JSON.stringify(logs).length).to.be.at.most(240_002);
  });

  it('are asked for by requests that a portal takes, whichever list of values is long, and however many there are', () => {
    const many = (count: number, digits: number): string[] =>
      Array.from({ length: count }, (_value, at) => `0x${at.toString(16).padStart(digits, '0')}`);
    const either: LogFilter = { addresses: many(3_900, 40), topics: many(1, 64), indexed: [many(3_000, 64), null] };
    const filter: LogFilter = {
      ...either,
      or: [
        { addresses: many(3_900, 40), topics: null },
        { addresses: null, topics: many(5_000, 64) },
      ],
    };
    const requests = portalRequests(filter);
    for (const request of requests)
      expect(JSON.stringify(logsQuery(request, { from: 1, to: 2 }, `0x${'1'.repeat(64)}`)).length).to.be.below(
        256 * 1_024,
      );
    // Each pair of an address and a value, and each value of the others, is asked for once.
    const parts = requests.flatMap(partsOf);
    const pairs = parts.flatMap(({ addresses, indexed }) =>
      indexed ? [(addresses?.length ?? 0) * (indexed[0]?.length ?? 0)] : [],
    );
    expect(pairs.reduce((sum, count) => sum + count, 0)).to.equal(3_900 * 3_000);
    const others = parts.filter(({ indexed }) => indexed === undefined);
    expect(others.flatMap(({ addresses }) => addresses ?? [])).to.deep.equal(many(3_900, 40));
    expect(others.flatMap(({ topics }) => topics ?? [])).to.deep.equal(many(5_000, 64));
    expect(requests.length).to.be.at.most(7);
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

  describe('of which a stream holds more than is read', () => {
    const lastBlock = 60;
    const all = { from: 1, to: lastBlock };
    const openAhead = (): LogPrefetcher => {
      const source = open({ addresses: [simContract], topics: null });
      const head = new PortalHead({ dataset, clock, patience: beginPatience() });
      const avoidance = new PortalAvoidance({ clock, logger });
      const history = new PortalHistory({ client, portal: source, head, nodes: null, avoidance, logger });
      return new LogPrefetcher({ source: history, moved, maxRanges: 1 });
    };
    /** The first piece takes a third of it. */
    const stickAt = (share: number): void => {
      portal.options = { ...portal.options, fault: () => ({ kind: 'stuck', share }) };
    };
    const nothingIsHeld = (): Promise<unknown> => eventually('each stream is let go', () => portal.unfinished === 0);

    beforeEach(() => {
      node.mine(lastBlock, () => [{ data: `0x${randomBytes(100_000).toString('hex')}` }]);
    });

    it('hold no stream once a run is over', async () => {
      stickAt(0.9);
      for (let run = 1; run <= 3; run++) {
        const over = new AbortController();
        const ahead = openAhead();
        expect((await ahead.next(all, over.signal)).to).to.be.below(lastBlock / 2);
        await eventually('the next piece is there', () => ahead.isReady);
        expect(portal.unfinished).to.equal(1);
        ahead.drop();
        over.abort(new Error('the run is over'));
        await nothingIsHeld();
      }
      expect(portal.streams).to.have.length(3);
    });

    it('are asked for anew by who comes back to where it had given up', async () => {
      const source = open({ addresses: [simContract], topics: null });
      const call = { verified: false, moved, signal };
      const { to } = await source.fetch(all, call);
      source.drop();
      await source.fetch({ from: to + 1, to: lastBlock }, call);
      source.drop();
      expect(portal.streams.map(({ fromBlock }) => fromBlock)).to.deep.equal([1, to + 1]);
      await nothingIsHeld();
    });

    it('let go of a stream that reaches behind what is wanted by then', async () => {
      stickAt(0.5);
      const source = open({ addresses: [simContract], topics: null });
      const call = { verified: false, moved, signal };
      const { to } = await source.fetch(all, call);
      portal.options = { ...portal.options, fault: () => undefined };
      await source.fetch({ from: to + 1, to: to + 2 }, call);
      await nothingIsHeld();
      expect(portal.streams.map(({ fromBlock }) => fromBlock)).to.deep.equal([1, to + 1]);
    });

    it('are dropped while the rest of a stream is waited for', async () => {
      stickAt(0.5);
      const source = open({ addresses: [simContract], topics: null });
      const call = { verified: false, moved };
      const { to } = await source.fetch(all, { ...call, signal });
      const given = new AbortController();
      const rest = rejectionOf(source.fetch({ from: to + 1, to: lastBlock }, { ...call, signal: given.signal }));
      given.abort(new Error('given up'));
      expect(await within(5_000, rest, () => 'it still waits')).to.equal(given.signal.reason);
      await nothingIsHeld();
      expect(portal.streams).to.have.length(1);
    });
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
