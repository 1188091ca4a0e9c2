import { expect } from 'chai';
import { Anvil } from '../../support/anvil.js';
import { MessageLedger } from '../../support/message-ledger.js';
import { runMonitor } from '../../support/monitor-run.js';
import { deployTransferEmitter, emitTransfers, emittedLogs, transferAbi } from '../../support/transfer-emitter.js';

describe('the event monitor on a local EVM node that reorganises', function () {
  this.timeout(60_000);
  let anvil: Anvil;
  let emitter: string;

  before(async () => {
    anvil = await Anvil.start();
    emitter = await deployTransferEmitter(anvil);
  });
  after(() => anvil.stop());

  /** Follows the head until its block is stored. */
  const follow = async (ledger: MessageLedger, startBlock: number): Promise<void> => {
    const head = await anvil.block(await anvil.head());
    const contracts = [{ addresses: [emitter], abi: transferAbi }];
    await runMonitor({
      urls: [anvil.url],
      ledger,
      config: { mode: 'realtime', contracts, startBlock },
      moved: (_known, stop) => ledger.checkpoint.blockHash === head.hash && stop(),
    });
  };

  for (const depth of [1, 2, 3, 5, 8, 13, 20]) {
    it(`ends with exactly the chain's events after ${depth} blocks were replaced`, async () => {
      const ledger = new MessageLedger();
      const start = (await anvil.head()) + 1;
      for (let value = 1; value <= 22; value++) await emitTransfers(anvil, emitter, { value, count: 2 });
      await follow(ledger, start);
      expect(ledger.rows).to.have.length(44);
      await anvil.reorg(depth);
      await emitTransfers(anvil, emitter, { value: 99, count: 3 });
      await follow(ledger, start);
      expect(ledger.rollbacks).to.have.length(1);
      const truth = await emittedLogs(anvil, emitter, start);
      expect(ledger.ids).to.deep.equal(truth.map((log) => `${log.blockHash}:${Number(log.logIndex)}`));
    });
  }
});
