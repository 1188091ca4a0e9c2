import { expect } from 'chai';
import { systemClock } from '../../../src/runtime/clock.js';
import { ChainUnreachableError } from '../../../src/runtime/errors.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { MessageLedger } from '../../support/message-ledger.js';
import { runMonitor } from '../../support/monitor-run.js';
import type { MonitorRunOptions } from '../../support/monitor-run.js';
import { rejectionOf } from '../../support/rejection.js';

/** Gives real time to endpoints that are queried beside the first, to a late head, and to WebSockets that open or answer pings. */
class PatientClock extends HastyClock {
  override sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    if ([10_000, 4_000, 2_000].includes(durationMs)) return systemClock.sleep(durationMs, signal);
    return durationMs === 3_000 ? systemClock.sleep(200, signal) : super.sleep(durationMs, signal);
  }
}

describe('an event monitor that verifies heads', () => {
  let nodes: ChainSimulator[];
  let ledger: MessageLedger;
  let logger: MemoryLogger;

  beforeEach(async () => {
    nodes = await Promise.all([0, 1, 2].map(() => ChainSimulator.start({}, { finalizedDistance: 30 })));
    for (const node of nodes) node.mine(100);
    ledger = new MessageLedger();
    logger = new MemoryLogger();
  });
  afterEach(() => Promise.all(nodes.map((node) => node.stop())));

  const node = (index: number): ChainSimulator => nodes[index] as ChainSimulator;
  const idsOf = (index: number): string[] =>
    node(index)
      .canonicalLogs(1)
      .map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
  const run = (count: number, options: Partial<MonitorRunOptions> = {}): Promise<void> =>
    runMonitor({
      urls: nodes.slice(0, count).map(({ url }) => url),
      ledger,
      config: { verifyHeads: true, endBlock: 100 },
      client: { attempts: 3, outageAttempts: 3 },
      ...options,
      context: {
        clock: new PatientClock(),
        logger,
        ...options.context,
      },
    });
  /** Stops a run that has seen the head often. */
  const stopAtHead = (): NonNullable<MonitorRunOptions['moved']> => {
    let seen = 0;
    return (_known, stop) => {
      if (ledger.checkpoint.blockHash === node(0).head.hash && ++seen > 12) stop();
    };
  };
  const logRequests = (index: number): number =>
    node(index)
      .requests.flat()
      .filter((method) => method === 'eth_getLogs').length;

  it('stores what two endpoints tell alike', async () => {
    await run(2);
    expect(ledger.ids).to.deep.equal(idsOf(0));
    for (const index of [0, 1]) expect(logRequests(index)).to.be.greaterThan(0);
    expect(logger.messages().filter((line) => line.includes('agree'))).to.deep.equal([]);
  });

  it('does not ask twice for history', async () => {
    await run(2, { config: { verifyHeads: true, endBlock: 30 } });
    expect(ledger.checkpoint.blockNumber).to.equal(30);
    expect(Math.min(logRequests(0), logRequests(1))).to.equal(0);
  });

  it('takes one node over HTTP and over a WebSocket for one, and believes it with another', async () => {
    const { url, wsUrl } = node(0);
    const error = await rejectionOf(run(0, { urls: [url, wsUrl] }), ChainUnreachableError);
    expect(error.message).to.match(/^no two endpoints agree on block \d+ in time \(127[^;]* logs; 127[^;]* logs\)/);
    await run(0, { urls: [url, wsUrl, node(1).url] });
    expect(ledger.ids).to.deep.equal(idsOf(0));
  });

  it('waits for one that lags', async () => {
    let asked = 0;
    node(1).options = { backend: () => (asked++ < 12 ? { behind: 20 } : {}) };
    await run(2);
    expect(ledger.ids).to.deep.equal(idsOf(0));
    expect(logger.messages().join('\n')).to.match(
      /asking again: no two endpoints agree on block \d+ in time .*block \d+ is not there/,
    );
  });

  it('waits for one that has a block, and not yet its logs', async () => {
    let asked = 0;
    node(1).options = { backend: () => (asked++ < 8 ? { logsBehind: 5 } : {}) };
    await run(2);
    expect(ledger.ids).to.deep.equal(idsOf(0));
  });

  it('believes two against a third, whichever it is', async () => {
    for (const liar of [0, 1, 2]) {
      ledger = new MessageLedger();
      for (const { traits } of nodes) traits.hides = () => false;
      node(liar).traits.hides = (log) => Number(log.blockNumber) === 95;
      await run(3);
      expect(ledger.ids, `${liar} lies`).to.deep.equal(idsOf(0));
    }
  });

  it('goes on where one of three is away', async () => {
    node(2).options = { fault: () => ({ kind: 'hang' }) };
    await run(3);
    expect(ledger.ids).to.deep.equal(idsOf(0));
  });

  it('ends with an error that tells what each says, where two never agree', async () => {
    node(1).traits.hides = (log) => Number(log.blockNumber) === 95;
    const error = await rejectionOf(run(2), ChainUnreachableError);
    expect((error as Error).message).to.match(/^no two endpoints agree on block 100 in time \(127.*14 logs.*13 logs/);
    expect(error.hint).to.match(/^verify_heads asks that two endpoints/);
    expect(ledger.checkpoint.blockNumber).to.equal(86);
  });

  it('does not take the newest block for another on the word of one', async () => {
    await run(2);
    const realtime = { verifyHeads: true, mode: 'realtime' } as const;
    node(0).reorg(3, 3);
    const error: unknown = await rejectionOf(run(2, { config: realtime, moved: stopAtHead() }));
    expect((error as Error).message).to.match(/no two endpoints agree on block 100/);
    expect(ledger.rollbacks).to.deep.equal([]);
    node(1).reorg(3, 3);
    await run(2, { config: realtime, moved: stopAtHead() });
    expect(ledger.rollbacks).to.have.length(1);
    expect(ledger.ids).to.deep.equal(idsOf(0));
    node(2).reorg(7, 7);
    await run(3, { config: realtime, moved: stopAtHead() });
    expect(ledger.rollbacks).to.have.length(1);
  });

  it('takes nothing back on the word of one', async () => {
    await run(2);
    for (const each of nodes.slice(0, 2)) each.mine(5);
    node(0).reorg(8, 12);
    const failed = rejectionOf(run(2, { config: { verifyHeads: true, endBlock: 104 } }));
    expect(await failed).to.be.instanceOf(ChainUnreachableError);
    expect(ledger.rollbacks).to.deep.equal([]);
    node(1).reorg(8, 12);
    await run(2, { config: { verifyHeads: true, endBlock: 104 } });
    expect(ledger.rollbacks).to.have.length(1);
    expect(ledger.ids).to.deep.equal(idsOf(0).slice(0, 104));
  });
});
