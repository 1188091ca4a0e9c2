import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import type { FetchedRange } from '../../../src/chain/blocks/range-reader.js';
import { PortalError } from '../../../src/chain/portal/portal-error.js';
import { PortalSamples } from '../../../src/chain/portal/portal-samples.js';
import { readLogs } from '../../../src/chain/transport/rpc/rpc-values.js';
import type { BlockHeader } from '../../../src/model/block.js';
import type { RawLog } from '../../../src/model/event.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { HastyClock, deadlineMs } from '../../support/hasty-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { rejectionOf } from '../../support/rejection.js';
import { simContract } from '../../support/simulated-chain.js';

const { signal } = new AbortController();
const filter = { addresses: [simContract], topics: null };
/** The block with logs, and where chance falls. */
const [busy, any, last] = [37, 91, 100];

describe('samples of a portal', () => {
  let node: ChainSimulator;
  let chain: ChainClient;
  const clock = new HastyClock();
  const logger = new MemoryLogger();

  before(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(200, (number) => (number === busy ? [{}, {}] : []));
    chain = new ChainClient({ urls: [node.url], chainId: 31_337, clock, logger, requestTimeoutMs: deadlineMs });
    await chain.chainId(signal);
  });
  beforeEach(() => {
    logger.clear();
    node.requests.length = 0;
  });
  after(async () => {
    await chain.close();
    await node.stop();
  });

  const samples = (): PortalSamples =>
    new PortalSamples({ chain, filter, clock, logger, random: () => (any - 1) / last + 0.001 });
  const headerOf = (number: number): BlockHeader => {
    const { hash, parentHash, timestamp } = node.blocks[number]!;
    return { number, hash, parentHash, timestamp, logsBloom: undefined };
  };
  const fetched = (change: (log: RawLog) => RawLog | null = (log) => log): FetchedRange => {
    const header = headerOf(last);
    const logs = readLogs(node.canonicalLogs(1, last)).flatMap((log) => change(log) ?? []);
    const timestamps = new Map(logs.map((log) => [log.blockNumber, node.blocks[log.blockNumber]!.timestamp]));
    return { from: 1, to: last, logs, last: header, headers: [header], timestamps, bytes: 1 };
  };

  it('are looked at in two requests: a block with logs, any, and the last one', async () => {
    await samples().check(fetched(), signal);
    expect(node.requests).to.have.length(2);
    expect(node.requests[0]).to.have.length(3);
    expect(logger.lines).to.deep.equal([]);
  });

  it('are looked at in one where neither tells of logs', async () => {
    const none = fetched(() => null);
    await samples().check({ ...none, from: busy + 1 }, signal);
    expect(node.requests).to.have.length(1);
  });

  const lies: Readonly<Record<string, (log: RawLog) => RawLog | null>> = {
    'other data': (log) => ({ ...log, data: `0x${'7'.padStart(64, '0')}` }),
    'another transaction': (log) => ({ ...log, transactionHash: `0x${'5'.repeat(64)}` }),
    'one log of two': (log) => (log.logIndex === 0 ? null : log),
    'another block hash': (log) => ({ ...log, blockHash: `0x${'5'.repeat(64)}` }),
  };
  for (const [what, lie] of Object.entries(lies)) {
    it(`find ${what} in the only block that has logs, wherever chance falls`, async () => {
      const error = await rejectionOf(samples().check(fetched(lie), signal), PortalError);
      expect(error.class).to.equal('disproved');
    });
  }

  it('find another time of the only block that has logs, wherever chance falls', async () => {
    const told = fetched();
    const timestamps = new Map([[busy, told.timestamps.get(busy)! + 1]]);
    const error = await rejectionOf(samples().check({ ...told, timestamps }, signal), PortalError);
    expect([error.class, error.message]).to.deep.equal(['disproved', `block ${busy} is another one than at a node`]);
  });

  it('find logs that were left out of the last block', async () => {
    const none = fetched(() => null);
    const header = headerOf(busy);
    const range = { ...none, to: busy, last: header, headers: [header] };
    const error = await rejectionOf(samples().check(range, signal), PortalError);
    expect(error.message).to.equal(`of block ${busy} it has 0 logs, and not the 2 that a node has`);
  });
});
