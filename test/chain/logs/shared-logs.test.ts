import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { NodeLagsError } from '../../../src/chain/blocks/consistency.js';
import { NewBlocks } from '../../../src/chain/logs/new-blocks.js';
import { SharedLogs } from '../../../src/chain/logs/shared-logs.js';
import type { BlockHeader } from '../../../src/model/block.js';
import { quietCall } from '../../../src/runtime/call.js';
import { ChainUnreachableError } from '../../../src/runtime/errors.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { Fault, SimCall, SimulatorOptions } from '../../support/chain-simulator.js';
import { HastyClock, deadlineMs } from '../../support/hasty-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { rejectionOf } from '../../support/rejection.js';
import { transferTopic } from '../../support/simulated-chain.js';
import type { NodeTraits } from '../../support/simulated-node.js';

const never = new AbortController().signal;
const addressWanted = {
  code: -32_701,
  message: 'Please specify an address in your request or, to remove restrictions',
};
const contractOf = (index: number): string => `0x${(index + 0x1000).toString(16).padStart(40, '0')}`;

describe('the logs of new blocks, for all pipelines of a process', function () {
  this.timeout(20_000);
  let node: ChainSimulator;
  let chain: ChainClient;
  let shared: SharedLogs;
  let clock: HastyClock;
  const logger = new MemoryLogger();

  afterEach(() => node.stop());

  const begin = async (options: SimulatorOptions, traits: Partial<NodeTraits> = {}): Promise<void> => {
    clock = new HastyClock();
    node = await ChainSimulator.start({ sealed: true, ...options }, { receipts: 'none', ...traits });
    const parts = { clock, logger };
    chain = new ChainClient({ urls: [node.url], chainId: 31_337, ...parts, requestTimeoutMs: deadlineMs });
    shared = new SharedLogs({ chain, ...parts });
  };
  /** Pipelines that follow a contract each, and have read a block. */
  const follow = async (count: number): Promise<NewBlocks[]> => {
    const filterOf = (index: number): object => ({ addresses: [contractOf(index)], topics: [transferTopic] });
    const followers = Array.from({ length: count }, (_none, index) => {
      const filter = filterOf(index) as { addresses: string[]; topics: string[] };
      return new NewBlocks({ chain, filter, clock, logger, doubts: true, shared });
    });
    node.mine(1, () => followers.map((_none, index) => ({ address: contractOf(index) })));
    await fetchAll(followers);
    node.requests.length = 0;
    return followers;
  };
  /** How many logs each finds in the newest block. */
  const fetchAll = async (followers: readonly NewBlocks[]): Promise<(number | undefined)[]> => {
    const header = (await chain.header(node.head.number, never)) as BlockHeader;
    const fetched = await Promise.all(
      followers.map((one) => one.fetch([header], quietCall(new AbortController().signal))),
    );
    return fetched.map((range) => range?.logs.length);
  };
  const askedForLogs = (): number =>
    node.requests.filter((calls) => calls.some((it) => it === 'eth_getLogs' || it === 'eth_getBlockReceipts')).length;

  it('of many blocks at once are waited for without a warning of too many listeners', async () => {
    await begin({});
    node.mine(30);
    const { signal } = new AbortController();
    const numbers = Array.from({ length: 30 }, (_none, index) => index + 1);
    const headers = (await chain.headers(numbers, quietCall(never))) as BlockHeader[];
    const warnings: Error[] = [];
    const note = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', note);
    await shared.read(headers, signal);
    process.off('warning', note);
    expect(warnings).to.deep.equal([]);
  });

  it('are asked for once by a thousand to which a block says nothing', async () => {
    await begin({ sealed: false });
    const followers = await follow(1_000);
    node.mine(1, () => []);
    expect(new Set(await fetchAll(followers))).to.deep.equal(new Set([0]));
    // As often as one pipeline alone would: its header proves nothing, and the node's head stands still.
    expect(askedForLogs()).to.be.within(1, 4);
  });

  for (const receipts of ['none', 'all', 'rooted'] as const) {
    it(`are asked for once, and each finds its own in them (receipts: ${receipts})`, async () => {
      await begin({}, { receipts });
      const followers = await follow(40);
      node.mine(1, () => Array.from({ length: 40 }, (_none, index) => ({ address: contractOf(index) })));
      expect(new Set(await fetchAll(followers))).to.deep.equal(new Set([1]));
      expect(askedForLogs()).to.equal(1);
    });
  }

  it('are asked for a second time, and no more, where their header proves nothing', async () => {
    await begin({ sealed: false });
    const followers = await follow(40);
    node.mine(1, () => [{ address: contractOf(3) }]);
    const found = await fetchAll(followers);
    expect(found.reduce<number>((sum, count) => sum + (count ?? 0), 0)).to.equal(1);
    expect(askedForLogs()).to.be.at.most(2);
  });

  it('are not believed before they are whole', async () => {
    let left = 2;
    const lie: SimulatorOptions['lie'] = (call, result) =>
      call.method === 'eth_getLogs' && left-- > 0 ? (result as unknown[]).slice(1) : result;
    await begin({});
    const followers = await follow(3);
    node.options = { ...node.options, lie };
    node.mine(1, () => [0, 1, 2].map((index) => ({ address: contractOf(index) })));
    expect(await fetchAll(followers)).to.deep.equal([1, 1, 1]);
  });

  it('are read anew for another header that bears the same hash', async () => {
    await begin({});
    const [one, other] = await follow(2);
    node.mine(1, () => [0, 1].map((index) => ({ address: contractOf(index) })));
    const header = (await chain.header(node.head.number, never)) as BlockHeader;
    node.requests.length = 0;
    await one!.fetch([header], quietCall(never));
    await other!.fetch([header], quietCall(never));
    expect(askedForLogs()).to.equal(1);
    await other!.fetch([{ ...header, receiptsRoot: `0x${'cd'.repeat(32)}` }], quietCall(never));
    expect(askedForLogs()).to.be.greaterThan(1);
  });

  it('are only the own ones where a pipeline is alone', async () => {
    await begin({});
    const [alone, other] = await follow(2);
    other!.close();
    const filters: unknown[] = [];
    node.options = {
      ...node.options,
      lie: ({ method, params }, result) => {
        if (method === 'eth_getLogs') filters.push((params[0] as { address?: unknown }).address);
        return result;
      },
    };
    node.mine(1, () => [{ address: contractOf(0) }]);
    expect(await fetchAll([alone!])).to.deep.equal([1]);
    expect(new Set(filters)).to.deep.equal(new Set([contractOf(0)]));
  });

  it('are asked for by each where no node gives a block as a whole', async () => {
    await begin({});
    const followers = await follow(3);
    node.traits.maxResults = 50;
    node.mine(1, () => Array.from({ length: 60 }, (_none, index) => ({ address: contractOf(index) })));
    expect(await fetchAll(followers)).to.deep.equal([1, 1, 1]);
  });

  for (const status of [200, 403]) {
    it(`are asked for by each where no node gives those of any contract, by its policy (HTTP ${status})`, async () => {
      await begin({});
      const followers = await follow(3);
      let refused = 0;
      const fault = (calls: readonly SimCall[]): Fault | undefined => {
        if (!calls.some((call) => call.method === 'eth_getLogs' && !('address' in (call.params[0] as object)))) return;
        refused++;
        if (status === 200) return { kind: 'call-error', method: 'eth_getLogs', error: addressWanted };
        return { kind: 'status', status, body: JSON.stringify({ jsonrpc: '2.0', id: 1, error: addressWanted }) };
      };
      node.options = { ...node.options, fault };
      for (let block = 0; block < 2; block++) {
        node.mine(1, () => followers.map((_none, index) => ({ address: contractOf(index) })));
        expect(await fetchAll(followers)).to.deep.equal([1, 1, 1]);
      }
      expect(refused).to.equal(1);
    });
  }

  it('are not asked for by each because the node is away', async () => {
    await begin({});
    await follow(2);
    node.mine(1, () => [{ address: contractOf(0) }]);
    const header = (await chain.header(node.head.number, never)) as BlockHeader;
    node.options = { ...node.options, fault: () => ({ kind: 'drop' }) };
    await rejectionOf(shared.read([header], new AbortController().signal), ChainUnreachableError);
    expect(shared.isWorthwhile).to.equal(true);
  });

  it('are waited for where the node does not have the block yet, for all at once', async () => {
    await begin({});
    const followers = await follow(40);
    node.mine(1, () => followers.map((_none, index) => ({ address: contractOf(index) })));
    const header = (await chain.header(node.head.number, never)) as BlockHeader;
    const strange = { ...header, hash: `0x${'ab'.repeat(32)}` };
    node.requests.length = 0;
    const failures = await Promise.all(
      followers.map((one) => rejectionOf(one.fetch([strange], quietCall(never)), NodeLagsError)),
    );
    expect(new Set(failures.map(({ message }) => message)).size).to.equal(1);
    expect(askedForLogs()).to.be.at.most(20);
  });

  it('go on being read for the others where one gives up', async () => {
    await begin({ delayMs: 30 });
    const [one, other] = await follow(2);
    node.mine(1, () => [{ address: contractOf(0) }, { address: contractOf(1) }]);
    const header = (await chain.header(node.head.number, never)) as BlockHeader;
    const leaving = new AbortController();
    const left = one!.fetch([header], quietCall(leaving.signal)).catch((error: unknown) => (error as Error).message);
    const stayed = other!.fetch([header], quietCall(never));
    leaving.abort(new Error('it has ended'));
    expect([await left, (await stayed)?.logs.length]).to.deep.equal(['it has ended', 1]);
  });
});
