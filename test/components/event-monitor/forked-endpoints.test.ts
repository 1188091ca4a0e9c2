import { expect } from 'chai';
import { ChainUnreachableError, NeedsRewindError } from '../../../src/runtime/errors.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { Fault } from '../../support/chain-simulator.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { MessageLedger } from '../../support/message-ledger.js';
import { runMonitor } from '../../support/monitor-run.js';
import { rejectionOf } from '../../support/rejection.js';

const refused: Fault = { kind: 'status', status: 503 };

describe('an event monitor whose endpoints are on two forks of one chain id', () => {
  let nodes: ChainSimulator[];
  let ledger: MessageLedger;
  let logger: MemoryLogger;
  let clock: HastyClock;

  const node = (index: number): ChainSimulator => nodes[index] as ChainSimulator;
  const nameOf = (index: number): string => new URL(node(index).url).host;
  const told = (event: string): string[] =>
    logger.entries.filter(({ fields }) => fields['event'] === event).map(({ message }) => message);
  /** Follows the chain through endpoints, the best one first, until the first node's newest block is stored, and something else is so. */
  const follow = (
    order: readonly number[],
    isDone: (headBlock: number | null | undefined) => boolean = () => true,
  ): Promise<void> =>
    runMonitor({
      urls: order.map((index) => node(index).url),
      ledger,
      config: { mode: 'realtime' },
      context: { clock, logger },
      moved: (known, stop) => {
        if (ledger.checkpoint.blockHash === node(0).head.hash && isDone(known?.headBlock)) stop();
      },
    });
  const expectRowsOf = (index: number): void => {
    const logs = node(index).canonicalLogs(1);
    expect(ledger.ids).to.deep.equal(logs.map(({ blockHash, logIndex }) => `${blockHash}:${Number(logIndex)}`));
  };

  beforeEach(async () => {
    [ledger, logger, clock] = [new MessageLedger(), new MemoryLogger(), new HastyClock()];
    nodes = await Promise.all([0, 1, 2].map(() => ChainSimulator.start({}, { finalizedDistance: 30 })));
    for (const each of nodes) each.mine(100);
    await follow([0]);
    // Block 60 is below the final one.
    for (const index of [1, 2]) node(index).reorg(40, 50);
    node(0).mine(5);
    logger.clear();
  });
  afterEach(() => Promise.all(nodes.map((each) => each.stop())));

  it('goes on with the one that has the blocks that were read, and names both once', async () => {
    const hash = ledger.checkpoint.blockHash ?? '';
    await follow([1, 0]);
    expect(ledger.rollbacks).to.deep.equal([]);
    expectRowsOf(0);
    expect(told('rpc.other_fork')).to.deep.equal([
      `the endpoints disagree: ${nameOf(0)} has block 100 (${hash}), ${nameOf(1)} has another one: ` +
        `${nameOf(1)} is put aside for 10 min`,
    ]);
  });

  it('tells the head of that one, also where there is nothing new', async () => {
    const heads: (number | null | undefined)[] = [];
    await follow([0, 1], (head) => {
      if (heads.length === 0) node(0).options = { fault: () => refused };
      if (head === 110) node(0).options = {};
      heads.push(head);
      return head === 105 && heads.includes(110);
    });
    expect(heads.length).to.be.below(30);
  });

  it('waits where more are on another fork than have the blocks that were read, and says so once', async () => {
    const { message } = (await rejectionOf(follow([1, 2, 0]), ChainUnreachableError)) as Error;
    expect(message).to.match(/^the endpoints disagree: .* have another one$/);
    expect(ledger.rollbacks).to.deep.equal([]);
    expect(told('rpc.other_fork')).to.have.length(1);
    expect(told('rpc.other_fork')[0]).to.not.contain('put aside');
  });

  it('waits for the one that does not answer, and goes on with it', async () => {
    node(0).options = { fault: () => (clock.sleptMs < 45_000 ? refused : undefined) };
    await follow([0, 1]);
    expect(clock.sleptMs).to.be.at.least(45_000);
    expect(told('source.lag').length).to.be.above(5);
    expect(ledger.rollbacks).to.deep.equal([]);
    expectRowsOf(0);
  });

  it('waits for a minute for one that never answers, and then ends as where nobody answers, and says who told of it', async () => {
    node(0).options = { fault: () => ({ kind: 'drop' }) };
    const since = clock.sleptMs;
    const { message, hint } = await rejectionOf(follow([0, 1]), ChainUnreachableError);
    expect(message).to.equal(
      'block 100 was replaced, and so was every block that is remembered; ' +
        `${nameOf(1)} says so, ${nameOf(0)} tells nothing`,
    );
    expect(hint).to.contain('take it out of the RPC URLs');
    expect(ledger.rollbacks).to.deep.equal([]);
    expect(clock.sleptMs - since).to.be.within(60_000, 120_000);
  });

  it('ends soon where all that answer are on another fork, and names them', async () => {
    const since = clock.sleptMs;
    const { message } = (await rejectionOf(follow([1, 2]), NeedsRewindError)) as Error;
    expect(message).to.contain(`; ${nameOf(1)}, ${nameOf(2)} say so; `);
    expect(clock.sleptMs - since).to.be.below(30_000);
  });
});
