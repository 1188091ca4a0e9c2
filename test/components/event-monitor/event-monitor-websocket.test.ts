import { expect } from 'chai';
import { systemClock } from '../../../src/runtime/clock.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { MessageLedger } from '../../support/message-ledger.js';
import { runMonitor } from '../../support/monitor-run.js';
import { seededRandom } from '../../support/seeded-random.js';
import type { SimLog } from '../../support/simulated-chain.js';
import { eventually } from '../../support/within.js';

const foreign = { address: `0x${'77'.repeat(20)}` };

function idsOf(logs: readonly SimLog[]): string[] {
  return logs.map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
}

describe('the event monitor over a WebSocket', () => {
  let node: ChainSimulator;
  let ledger: MessageLedger;
  let stop: () => void;
  let ended: Promise<void>;
  const follow = (urls: readonly string[], pollInterval: number): void => {
    const stopping = new AbortController();
    stop = () => stopping.abort(new Error('stopped'));
    const context = { clock: systemClock, stopping: stopping.signal };
    ended = runMonitor({ urls, ledger, config: { mode: 'realtime', pollInterval }, context });
  };
  const whenStored = (): Promise<unknown> =>
    eventually('the head is stored', () => ledger.checkpoint.blockHash === node.head.hash, 15_000);

  beforeEach(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 30, receipts: 'rooted' });
    ledger = new MessageLedger();
    node.mine(3);
  });
  afterEach(async () => {
    stop();
    await ended.catch(() => undefined);
    await node.stop();
  });

  it('asks for a block that it is told with one request, and for one that its bloom filter rules out with none', async () => {
    follow([node.wsUrl], 30);
    await eventually('it is subscribed', () => node.sockets.subscribers === 1);
    await whenStored();
    // The subscription begins with a question for what it missed.
    node.mine(1);
    await whenStored();
    const before = node.requests.length;
    for (let round = 0; round < 5; round++) {
      node.mine(1);
      await whenStored();
      node.mine(1, () => [foreign]);
      await whenStored();
    }
    // What is final is asked for now and then, beside the way: after two of ten blocks of twelve seconds.
    const final = ['eth_getBlockByNumber', 'eth_getBlockByNumber'].join();
    const asked = node.requests.slice(before).map((methods) => methods.join());
    expect(asked.filter((methods) => methods !== final)).to.deep.equal(
      Array.from({ length: 5 }, () => 'eth_getBlockReceipts'),
    );
    expect(asked.filter((methods) => methods === final).length).to.be.at.most(2);
    stop();
    await ended;
    expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1).filter((log) => log.address !== foreign.address)));
  });

  it('reads the blocks of a gap with the block that it is told', async () => {
    follow([node.wsUrl], 30);
    await eventually('it is subscribed', () => node.sockets.subscribers === 1);
    await whenStored();
    node.sockets.traits.subscriptions = 'silent';
    node.mine(20);
    node.sockets.traits.subscriptions = 'told';
    node.mine(1);
    await whenStored();
    stop();
    await ended;
    expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
  });

  it('reads on over HTTP when the WebSocket is gone', async () => {
    const other = await ChainSimulator.start();
    follow([other.wsUrl.replace(/\d+$/, '1'), node.url], 0.05);
    node.mine(5);
    await whenStored();
    node.mine(5);
    await whenStored();
    stop();
    await ended;
    await other.stop();
    expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
  });

  for (const seed of [1, 2, 3]) {
    it(`loses nothing and stores nothing twice while sockets break, fall silent and lie (seed ${seed})`, async () => {
      const random = seededRandom(seed);
      const { traits } = node.sockets;
      const mischief: readonly (() => void)[] = [
        () => node.sockets.drop(),
        () => node.sockets.close(),
        () => (traits.subscriptions = 'silent'),
        () => (traits.subscriptions = 'refused'),
        () => (traits.closesAtOnce = true),
        () => node.sockets.send('{"jsonrpc":"2.0","id":'),
        () => node.sockets.tell({ number: '0x1', hash: '0x' }),
        () => node.reorg(1 + Math.floor(random() * 4)),
        () => node.reorg(2, 1),
        () => (node.options = { fault: () => (random() < 0.5 ? { kind: 'drop' } : { kind: 'truncate' }) }),
      ];
      follow([node.wsUrl, node.url], 0.05);
      for (let round = 0; round < 25; round++) {
        mischief[Math.floor(random() * mischief.length)]?.();
        node.mine(1 + Math.floor(random() * 3));
        await new Promise((resolve) => setTimeout(resolve, 40));
        Object.assign(traits, { subscriptions: 'told', closesAtOnce: false });
        node.options = {};
      }
      node.mine(1);
      await whenStored();
      stop();
      await ended;
      expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
    });
  }

  it('is told new heads by an endpoint that has the blocks that were read, once another one turns out to be on another fork', async () => {
    const other = await ChainSimulator.start({}, { finalizedDistance: 30 });
    for (const each of [node, other]) each.mine(57);
    await runMonitor({ urls: [node.url], ledger });
    other.reorg(40, 50);
    follow([other.wsUrl, node.wsUrl], 0.1);
    const isToldByNode = (): boolean => {
      other.mine(1);
      return node.sockets.subscribers === 1 && other.sockets.subscribers === 0;
    };
    await eventually('the one that has them is listened to', isToldByNode, 15_000);
    node.mine(1);
    await whenStored();
    expect(ledger.ids).to.deep.equal(idsOf(node.canonicalLogs(1)));
    await other.stop();
  });
});
