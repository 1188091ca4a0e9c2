import { expect } from 'chai';
import { isCheaperWithoutAddresses } from '../../../src/chain/logs/address-cost.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { Fault, SimCall } from '../../support/chain-simulator.js';
import { MessageLedger } from '../../support/message-ledger.js';
import { runMonitor } from '../../support/monitor-run.js';
import type { MonitorRunOptions } from '../../support/monitor-run.js';
import { transferAbi } from '../../support/transfer-emitter.js';

const address = (number: number): string => `0x${number.toString(16).padStart(40, '0')}`;
const addresses = Array.from({ length: 10_000 }, (_, at) => address(0x10000 + at));
const foreign = address(0xbad);

describe('a pipeline of 10,000 addresses', () => {
  let node: ChainSimulator;
  let ledger: MessageLedger;
  let asked: SimCall[];

  beforeEach(async () => {
    asked = [];
    const fault = (calls: readonly SimCall[]): undefined => void asked.push(...calls);
    node = await ChainSimulator.start({ fault, sealed: true }, { finalizedDistance: 20, maxAddresses: 1_000 });
    ledger = new MessageLedger();
  });
  afterEach(() => node.stop());

  const config = { contracts: [{ addresses, abi: transferAbi }], startBlock: 1, batchSize: 2_000 };
  const mine = (count: number, strangers = 1): void =>
    node.mine(count, (number) => [
      { address: addresses[(number * 997) % 10_000] ?? '' },
      { address: addresses[(number * 31) % 10_000] ?? '' },
      ...Array.from({ length: strangers }, () => ({ address: foreign })),
    ]);
  const run = (options: Partial<MonitorRunOptions> = {}): Promise<void> =>
    runMonitor({ urls: [node.url], ledger, config, ...options });
  const truth = (): string[] =>
    node
      .canonicalLogs(1)
      .filter((log) => log.address !== foreign)
      .map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
  const askedFor = (): number[] =>
    asked
      .filter(({ method }) => method === 'eth_getLogs')
      .map(
        ({ params }) => [(params[0] as { readonly address?: string | readonly string[] }).address ?? []].flat().length,
      );

  for (const receipts of ['rooted', 'none'] as const) {
    it(`costs one request a block at the head, with ${receipts === 'none' ? 'no ' : ''}receipts`, async () => {
      node.traits.receipts = receipts;
      mine(5);
      let blocks = 0;
      await run({
        config: { ...config, mode: 'realtime' },
        client: { doubtMs: receipts === 'none' ? 0 : undefined },
        moved: (_known, stop) => {
          if (ledger.checkpoint.blockHash !== node.head.hash) return;
          if (blocks === 0) asked.length = 0;
          if (blocks++ < 30) mine(1);
          else stop();
        },
      });
      expect(ledger.ids).to.deep.equal(truth());
      const calls = asked.filter(({ method }) => method === 'eth_getLogs' || method === 'eth_getBlockReceipts');
      expect(calls).to.have.length(30);
    });
  }

  it('is split by its addresses in history where others emit far more', async () => {
    mine(150, 120);
    await run();
    expect(ledger.ids).to.deep.equal(truth());
    expect(askedFor()).to.include(1_000);
  });

  it('asks for the topics alone in history where hardly anybody else emits', async () => {
    mine(150, 0);
    await run();
    expect(ledger.ids).to.deep.equal(truth());
    expect(askedFor().filter((count) => count > 0)).to.deep.equal([]);
  });

  it('learns of a node that takes fewer addresses, once', async () => {
    node.traits.maxAddresses = 300;
    mine(150, 120);
    await run();
    expect(ledger.ids).to.deep.equal(truth());
    const counts = askedFor();
    const refused = counts.filter((count) => count > 300);
    expect(refused.length).to.be.within(2, 12);
    expect(counts.lastIndexOf(refused.at(-1) ?? 0)).to.be.below(counts.length - 20);
  });

  describe('of a node that gives no logs of any contract, by its policy,', () => {
    const error = { code: -32_701, message: 'Please specify an address in your request or, to remove restrictions' };
    let refused: number;
    /** Says so from the first request without addresses on that asks for more than so many blocks. */
    const refuse = (status: number, beyond = 0): void => {
      refused = 0;
      const isRefused = ({ method, params }: SimCall): boolean => {
        const { address: wanted, fromBlock, toBlock } = params[0] as Readonly<Record<string, string | undefined>>;
        const blocks = fromBlock === undefined ? 1 : Number(toBlock) - Number(fromBlock) + 1;
        return method === 'eth_getLogs' && wanted === undefined && blocks > beyond;
      };
      const fault = (calls: readonly SimCall[]): Fault | undefined => {
        if (!calls.some((call) => call.method === 'eth_getLogs' && isRefused(call))) return undefined;
        refused++;
        if (status === 200) return { kind: 'call-error', method: 'eth_getLogs', error };
        return { kind: 'status', status, body: JSON.stringify({ jsonrpc: '2.0', id: 1, error }) };
      };
      node.options = { ...node.options, fault };
    };

    for (const status of [200, 403]) {
      it(`is read by its addresses, in history and at the head (HTTP ${status})`, async () => {
        refuse(status);
        mine(150);
        let blocks = 0;
        await run({
          config: { ...config, mode: 'realtime' },
          moved: (_known, stop) => {
            if (ledger.checkpoint.blockHash !== node.head.hash) return;
            if (blocks++ < 2) mine(1);
            else stop();
          },
        });
        expect(ledger.ids).to.deep.equal(truth());
        // One sample of history, and one that asks for new blocks.
        expect(refused).to.be.within(2, 4);
      });
    }

    it('is read by its addresses where only a sample of them was given', async () => {
      refuse(403, 8);
      mine(150, 0);
      await run();
      expect(ledger.ids).to.deep.equal(truth());
      expect(refused).to.be.within(1, 3);
    });
  });

  it('is asked for in the cheaper way', () => {
    const many = { addresses: 10_000, parts: 10, blocks: 2_000 };
    expect(isCheaperWithoutAddresses({ blocks: 8, logs: 2_400, wanted: 8, bytes: 1_440_000 }, many)).to.equal(false);
    expect(isCheaperWithoutAddresses({ blocks: 8, logs: 80, wanted: 70, bytes: 48_000 }, many)).to.equal(true);
    expect(isCheaperWithoutAddresses({ blocks: 8, logs: 0, wanted: 0, bytes: 2 }, many)).to.equal(true);
  });
});
