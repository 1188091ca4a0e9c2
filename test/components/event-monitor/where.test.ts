import { expect } from 'chai';
import { halvesOf } from '../../../src/chain/logs/filter-parts.js';
import { bloomTestOf } from '../../../src/chain/blocks/bloom.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { SimCall } from '../../support/chain-simulator.js';
import { MessageLedger } from '../../support/message-ledger.js';
import { runMonitor } from '../../support/monitor-run.js';
import type { MonitorRunOptions } from '../../support/monitor-run.js';
import { transferTopic } from '../../support/simulated-chain.js';
import type { SimLog } from '../../support/simulated-chain.js';

/** The senders of a simulated chain's transfers are seven, their receivers five. */
const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;
const address = (value: number): string => `0x${value.toString(16).padStart(40, '0')}`;
const senders = [word(0xa001), word(0xa003)];

describe('an event monitor with a filter', () => {
  let node: ChainSimulator;
  let ledger: MessageLedger;
  let asked: SimCall[];

  beforeEach(async () => {
    asked = [];
    const fault = (calls: readonly SimCall[]): undefined => void asked.push(...calls);
    node = await ChainSimulator.start({ fault }, { finalizedDistance: 30 });
    ledger = new MessageLedger();
    node.mine(200, (number) => Array.from({ length: number % 4 }, () => ({})));
  });
  afterEach(() => node.stop());

  const run = (options: Partial<MonitorRunOptions>): Promise<void> =>
    runMonitor({ urls: [node.url], ledger, ...options });
  const wanted = (isWanted: (log: SimLog) => boolean): string[] =>
    node
      .canonicalLogs(1)
      .filter(isWanted)
      .map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
  const bySender = (log: SimLog): boolean => senders.includes(log.topics[1] ?? '');
  const where = { 'args.from': { in: [address(0xa001), address(0xa003)] } };

  it('asks for topics alone, in history and at the head, and stores what fits', async () => {
    await run({ config: { where } });
    expect(ledger.ids).to.deep.equal(wanted(bySender));
    const topics = asked
      .filter(({ method }) => method === 'eth_getLogs')
      .map(({ params }) => (params[0] as { topics: unknown }).topics);
    expect(topics).to.have.length.above(1);
    for (const each of topics) expect(each).to.deep.equal([transferTopic, senders]);
  });

  it('compares values after decoding', async () => {
    await run({ config: { where: { ...where, 'args.value': { gt: '100000' } } } });
    expect(ledger.ids).to.deep.equal(wanted((log) => bySender(log) && Number(log.data) > 100_000));
  });

  for (const receipts of ['rooted', 'none'] as const) {
    it(`follows the head and reorganisations with ${receipts === 'none' ? 'no' : 'proven'} receipts`, async () => {
      node.traits.receipts = receipts;
      let reorgs = 0;
      await run({
        config: { where, mode: 'realtime' },
        moved: (_known, stop) => {
          if (ledger.checkpoint.blockHash !== node.head.hash) return;
          if (reorgs++ < 4) node.reorg(3, 4, (number) => Array.from({ length: number % 3 }, () => ({})));
          else stop();
        },
      });
      expect(ledger.ids).to.deep.equal(wanted(bySender));
      expect(ledger.rollbacks).to.have.length.above(0);
    });
  }

  it('finds logs that the node leaves out, by the bloom filter of the topics', async () => {
    let isHiding = true;
    node.traits.hides = (log) => isHiding && bySender(log) && Number(log.blockNumber) > 150;
    await run({
      config: { where, mode: 'realtime' },
      moved: (_known, stop) => {
        isHiding = false;
        if (ledger.checkpoint.blockHash === node.head.hash) stop();
      },
    });
    expect(ledger.ids).to.deep.equal(wanted(bySender));
  });

  it('says by the topics of a filter whether a block may hold what is wanted', () => {
    const block = node.blocks.findLast(({ logs }) => logs.length === 1);
    const [log] = block?.logs ?? [];
    const filter = { addresses: null, topics: [transferTopic] };
    const mayHold = (indexed: readonly (readonly string[] | null)[]): boolean =>
      bloomTestOf({ ...filter, indexed })(block?.logsBloom);
    expect(mayHold([[log?.topics[1] ?? '']])).to.equal(true);
    expect(mayHold([null, [word(0xffff)]])).to.equal(false);
    expect(bloomTestOf({ ...filter, indexed: [[word(0xffff)]], or: [filter] })(block?.logsBloom)).to.equal(true);
  });

  it('is cut up by the topics with the most values where a node finds it too long', () => {
    const filter = { addresses: ['a'], topics: ['t', 'u'], indexed: [null, ['1', '2', '3']] };
    expect(halvesOf(filter)).to.deep.equal([
      { ...filter, indexed: [null, ['1', '2']] },
      { ...filter, indexed: [null, ['3']] },
    ]);
  });
});
