import { expect } from 'chai';
import { Anvil } from '../support/anvil.js';
import { itAtLength } from '../support/extent.js';
import { LyingProxy } from '../support/lying-proxy.js';
import type { Lie } from '../support/lying-proxy.js';
import { idsOf, Scenario } from '../support/scenario.js';
import type { ScenarioSource } from '../support/scenario.js';
import { deployTransferEmitter, emittedLogs, emitTransfers } from '../support/transfer-emitter.js';
import type { NodeLog } from '../support/transfer-emitter.js';

const noBloom = `0x${'0'.repeat(512)}`;
const isNew = (params: readonly unknown[]): boolean => 'blockHash' in (params[0] as object);

describe('a run on a node that leaves logs out', function () {
  this.timeout(260_000);
  let anvil: Anvil;
  let emitter: string;

  beforeEach(async () => {
    anvil = await Anvil.start({ args: ['--gas-limit', '20000000000'] });
    emitter = await deployTransferEmitter(anvil);
  });

  afterEach(() => anvil.stop());

  const begin = async (lie: Lie, source: Partial<ScenarioSource>): Promise<readonly [Scenario, LyingProxy]> => {
    const proxy = await LyingProxy.start(anvil.url, lie);
    const what = { mode: 'realtime', contract: emitter, startBlock: 1, ...source } as const;
    return [await Scenario.begin('sqlite:lying.db', proxy.url, what), proxy];
  };

  /** Follows the head over some blocks; each is mined when the one before it is stored. */
  const follow = async (lie: Lie, blocks: number, mine: (block: number) => Promise<unknown>): Promise<string> => {
    const [scenario, proxy] = await begin(lie, {});
    const run = scenario.run();
    for (let block = 0; block < blocks; block++) {
      await mine(block);
      const head = await anvil.head();
      await scenario.reaches(head);
    }
    run.signal('SIGTERM');
    expect((await run.exit()).code).to.equal(0);
    expect(await scenario.exported()).to.deep.equal(idsOf(await emittedLogs(anvil, emitter)));
    await proxy.stop();
    return run.stderr;
  };
  const transfers = (block: number): Promise<unknown> =>
    emitTransfers(anvil, emitter, { value: block * 100, count: 9 });

  /** A block in whose bloom filter more than half of the bits are set. */
  const crowd = async (block: number): Promise<void> => {
    await anvil.setAutomine(false);
    for (let i = 1; i <= 520; i++) {
      const to = `0x${(block * 1_000 + i).toString(16).padStart(40, '0')}`;
      await emitTransfers(anvil, emitter, { value: i, to });
    }
    await anvil.mine();
    await anvil.setAutomine(true);
  };

  it('stores every event of crowded new blocks whose receipts come late', async () => {
    const seen = new Map<string, number>();
    const firstly = (key: string): boolean => {
      seen.set(key, (seen.get(key) ?? 0) + 1);
      return seen.get(key) === 1;
    };
    const lie: Lie = ({ method, params }, result) => {
      const isAsked = method === 'eth_getBlockReceipts' || (method === 'eth_getLogs' && isNew(params));
      return isAsked && firstly(`${method} ${JSON.stringify(params)}`) ? [] : result;
    };
    await follow(lie, 2, crowd);
  });

  itAtLength(
    'stores every event of crowded new blocks where there are no receipts, and the first answer is empty',
    async () => {
      const seen = new Set<string>();
      const lie: Lie = ({ method, params }, result) => {
        if (method === 'eth_getBlockReceipts') throw new Error('the method does not exist/is not available');
        const key = JSON.stringify(params);
        if (method !== 'eth_getLogs' || seen.has(key)) return result;
        seen.add(key);
        return isNew(params) ? [] : result;
      };
      await follow(lie, 2, crowd);
    },
  );

  it('stores every event of new blocks where eth_getLogs leaves one out, or the bloom filter is shown as zeros', async () => {
    const lie: Lie = ({ method }, result) => {
      if (method === 'eth_getLogs') return (result as NodeLog[]).slice(1);
      const isHeader = method === 'eth_getBlockByNumber' && result !== null;
      return isHeader ? { ...(result as object), logsBloom: noBloom } : result;
    };
    await follow(lie, 5, transfers);
  });

  it('stores every event of a history of which a node gives at most 1,000 at once, and says so in the log', async () => {
    for (let block = 0; block < 29; block++) await emitTransfers(anvil, emitter, { value: block * 1_000, count: 300 });
    await anvil.mine(70);
    const lie: Lie = ({ method }, result) =>
      method === 'eth_getLogs' ? (result as unknown[]).slice(0, 1_000) : result;
    const [scenario, proxy] = await begin(lie, { mode: 'historical' });
    const run = scenario.run();
    expect((await run.exit()).code, run.stderr).to.equal(0);
    expect(await scenario.exported()).to.have.length(29 * 300);
    expect(run.stderr).to.match(/gives 1000 logs of blocks \d+ to \d+, and does not say that there are more/);
    await proxy.stop();
  });

  itAtLength('ends, and says why, where the logs of a history name other blocks', async () => {
    for (let block = 0; block < 20; block++) await emitTransfers(anvil, emitter, { value: block * 10, count: 3 });
    await anvil.mine(70);
    const other = `0x${'66'.repeat(32)}`;
    const lie: Lie = ({ method }, result) =>
      method === 'eth_getLogs' ? (result as NodeLog[]).map((log) => ({ ...log, blockHash: other })) : result;
    const [scenario, proxy] = await begin(lie, { mode: 'historical', endBlock: 25 });
    const run = scenario.run();
    expect((await run.exit(200_000)).code).to.equal(6);
    expect(run.stderr).to.match(/error: .*blocks 1 to \d+ as a whole: a log stands in another block/);
    expect(await scenario.exported()).to.deep.equal([]);
    await proxy.stop();
  });
});
