import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { Inconsistency } from '../../../src/chain/blocks/consistency.js';
import { NewBlocks } from '../../../src/chain/logs/new-blocks.js';
import { SureLogs } from '../../../src/chain/logs/sure-logs.js';
import type { BlockHeader } from '../../../src/model/block.js';
import type { RawLog } from '../../../src/model/event.js';
import { quietCall } from '../../../src/runtime/call.js';
import { ChainUnreachableError } from '../../../src/runtime/errors.js';
import { RpcError } from '../../../src/chain/transport/errors/rpc-error.js';
import { systemClock } from '../../../src/runtime/clock.js';
import type { Clock } from '../../../src/runtime/clock.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { Fault, SimCall, SimulatorOptions } from '../../support/chain-simulator.js';
import { HastyClock, deadlineMs } from '../../support/hasty-clock.js';
import { simContract, transferTopic } from '../../support/simulated-chain.js';
import type { SimEvent, SimLog } from '../../support/simulated-chain.js';
import type { NodeTraits } from '../../support/simulated-node.js';
import { rejectionOf } from '../../support/rejection.js';
import { MemoryLogger } from '../../support/memory-logger.js';

const filter = { addresses: [simContract], topics: [transferTopic] };
const signal = new AbortController().signal;
const strange = `0x${'77'.repeat(20)}`;
const topic = (value: number): string => `0x${(value * 7_919 + 1).toString(16).padStart(64, '0')}`;
/** A block whose bloom filter has more than half of its bits set, and three wanted logs between the others. */
const crowded: readonly SimEvent[] = [
  {},
  ...Array.from({ length: 250 }, (_, i) => ({ address: strange, topics: [1, 2].map((at) => topic(i * 2 + at)) })),
  {},
  {},
];

describe('the logs of new blocks, made sure of', function () {
  this.timeout(20_000);
  const nodes: ChainSimulator[] = [];
  let clock: HastyClock;
  /** Where two endpoints must be heard, nobody may be hasty. */
  const calmly = (urls = nodes.map(({ url }) => url)): ChainClient =>
    new ChainClient({ urls, chainId: 31_337, clock: systemClock, logger, doubtMs: 10 });
  let logger: MemoryLogger;

  beforeEach(() => {
    clock = new HastyClock();
    logger = new MemoryLogger();
  });

  afterEach(() => Promise.all(nodes.splice(0).map((node) => node.stop())));

  const start = async (options: SimulatorOptions, traits: Partial<NodeTraits> = {}): Promise<ChainSimulator> => {
    const node = await ChainSimulator.start({ sealed: true, ...options }, { receipts: 'none', ...traits });
    nodes.push(node);
    return node;
  };
  const connect = (): ChainClient =>
    new ChainClient({
      urls: nodes.map(({ url }) => url),
      chainId: 31_337,
      clock,
      logger,
      requestTimeoutMs: deadlineMs,
    });

  /** Reads the newest blocks of the first node. */
  const read = async (count = 1, chain = connect(), time: Clock = clock): Promise<readonly RawLog[]> => {
    const { number } = nodes[0]!.head;
    const numbers = Array.from({ length: count }, (_, index) => number - count + 1 + index);
    const headers = (await chain.headers(numbers, quietCall(signal))) as BlockHeader[];
    return new SureLogs({ chain, filter, clock: time, logger }).read(headers, quietCall(signal));
  };
  const wanted = (logs: readonly SimLog[]): SimLog[] => logs.filter(({ address }) => address === simContract);
  const asked = (method: string): number =>
    nodes.flatMap(({ requests }) => requests.flat()).filter((it) => it === method).length;

  /** Changes the first answers of a method, and no later one. */
  const firstly = (method: string, times: number, change: (result: unknown) => unknown): SimulatorOptions['lie'] => {
    let left = times;
    return (call: SimCall, result) => (call.method === method && left-- > 0 ? change(result) : result);
  };

  it('are those that receipts hold, in one request, whatever eth_getLogs would have left out', async () => {
    const node = await start(
      { lie: firstly('eth_getLogs', 99, (logs) => (logs as unknown[]).slice(1)) },
      { receipts: 'all' },
    );
    node.mine(1, () => crowded);
    expect(await read()).to.have.length(3);
    expect([asked('eth_getBlockReceipts'), asked('eth_getLogs'), clock.sleptMs]).to.deep.equal([1, 0, 0]);
  });

  it('wait for receipts that a node does not have yet, or of which it does not have all', async () => {
    for (const change of [() => [], (all: unknown) => (all as unknown[]).slice(0, -1)]) {
      const node = await start({ lie: firstly('eth_getBlockReceipts', 2, change) }, { receipts: 'all' });
      node.mine(2, () => [{}, {}, {}]);
      expect(await read(2)).to.have.length(6);
      await nodes.splice(0)[0]!.stop();
    }
    expect(asked('eth_getLogs')).to.equal(0);
  });

  /** Gives of ranges the newest logs alone, and of single blocks all. */
  const cut =
    (most: number): SimulatorOptions['lie'] =>
    ({ method, params: [asked] }, result) =>
      method === 'eth_getLogs' && (asked as { blockHash?: string }).blockHash === undefined
        ? (result as unknown[]).slice(-most)
        : result;

  it('are asked for block by block where a range holds none of a block whose header tells of some', async () => {
    const node = await start({ lie: cut(25) });
    node.mine(10, () => [{}, {}, {}]);
    expect(await read(10)).to.have.length(30);
    expect(logger.messages('warn')).to.deep.equal([]);
  });

  it('are asked for block by block where a range gives so many that there may be more', async () => {
    const node = await start({ lie: cut(115) });
    node.mine(10, () => Array.from({ length: 12 }, () => ({})));
    expect(await read(10)).to.have.length(120);
  });

  it('are not believed where the receipts never give the root that those of this chain give', async () => {
    const node = await start({}, { receipts: 'all' });
    node.mine(1);
    const chain = connect();
    await read(1, chain);
    node.traits.receipts = 'lacking';
    node.mine(1, () => [{}, {}, {}]);
    const error = await rejectionOf(read(1, chain), Inconsistency);
    expect(error.message).to.match(/receipts that 127\.0\.0\.1:\d+ gives for block 2 do not give the root/);
    expect(logger.messages('warn')[0]).to.equal(error.message);
  });

  it('are complained of once for each block, however often its receipts are asked for, and in one line where they are many', async () => {
    const node = await start({}, { receipts: 'all' });
    node.mine(1);
    const chain = connect();
    await read(1, chain);
    node.traits.receipts = 'lacking';
    node.mine(3, () => [{}, {}, {}]);
    const sure = new SureLogs({ chain, filter, clock, logger });
    const headers = (await chain.headers([2, 3, 4], quietCall(signal))) as BlockHeader[];
    const texts: string[] = [];
    for (let times = 0; times < 2; times++)
      texts.push((await rejectionOf(sure.read(headers, quietCall(signal)), Inconsistency)).message);
    expect(logger.messages('warn')).to.have.length(3);
    expect(texts).to.deep.equal(Array(2).fill(`${logger.messages('warn')[0]}, nor do those of 2 more`));
  });

  describe('of endpoints of which one gives false receipts', () => {
    /** One that gives none, and one whose receipts lack logs of the newest block. */
    const startBoth = async (): Promise<(number: number) => Promise<readonly RawLog[]>> => {
      for (const receipts of ['none', 'all'] as const) (await start({}, { receipts })).mine(1);
      const chain = connect();
      await read(1, chain);
      nodes[1]!.traits.receipts = 'lacking';
      for (const node of nodes) node.mine(1, () => [{}, {}, { address: strange }, {}]);
      nodes[0]!.mine(1);
      const sure = new SureLogs({ chain, filter, clock, logger });
      return async (number) =>
        sure.read((await chain.headers([number], quietCall(signal))) as BlockHeader[], quietCall(signal));
    };

    it('are those that another says twice, and the former is left alone for a minute', async () => {
      const readBlock = await startBoth();
      // What it says otherwise is worth no more.
      nodes[1]!.traits.hides = ({ logIndex }) => Number(logIndex) === 3;
      expect(await readBlock(2)).to.have.length(3);
      expect(clock.sleptMs).to.be.within(5_000, 6_000);
      const receipts = asked('eth_getBlockReceipts');
      nodes[1]!.mine(1);
      for (const node of nodes) node.mine(1, () => [{}, {}]);
      expect(await readBlock(4)).to.have.length(2);
      expect([asked('eth_getBlockReceipts'), clock.sleptMs < 8_000]).to.deep.equal([receipts, true]);
    });

    it('are not believed where they lack what even false receipts hold', async () => {
      const readBlock = await startBoth();
      nodes[0]!.traits.hides = ({ logIndex }) => Number(logIndex) === 0;
      const error = await rejectionOf(readBlock(2), Inconsistency);
      expect(error.message).to.contain('and hold logs of which nobody else tells');
    });
  });

  it('are asked for once by pipelines that share the chain', async () => {
    const node = await start({}, { receipts: 'all' });
    node.mine(1);
    const chain = connect();
    await Promise.all([read(1, chain), read(1, chain), read(1, chain)]);
    expect(asked('eth_getBlockReceipts')).to.equal(1);
  });

  it('are those of another endpoint’s receipts where one gives none', async () => {
    for (const receipts of ['none', 'all'] as const) (await start({}, { receipts })).mine(1, () => crowded);
    expect(await read()).to.have.length(3);
    expect([asked('eth_getLogs'), clock.sleptMs]).to.deep.equal([0, 0]);
  });

  it('are told in vain once by a node that is not done with a crowded block, and found after a pause', async () => {
    const node = await start({ lie: firstly('eth_getLogs', 1, () => []) });
    node.mine(1, () => crowded);
    expect(await read()).to.have.length(3);
    expect(clock.sleptMs).to.be.at.least(2_000);
    expect(asked('eth_getLogs')).to.be.at.least(3);
  });

  it('are doubted for a shorter time once the node is past their block', async () => {
    const node = await start({});
    node.mine(1, () => crowded);
    const chain = connect();
    const headers = (await chain.headers([1], quietCall(signal))) as BlockHeader[];
    node.mine(1);
    await new SureLogs({ chain, filter, clock, logger }).read(headers, quietCall(signal));
    expect([asked('eth_getLogs'), clock.sleptMs]).to.deep.equal([2, 2_000]);
  });

  it('are believed at once where two endpoints say the same', async () => {
    for (const node of [await start({}), await start({})]) node.mine(1, () => crowded);
    expect(await read(1, calmly(), systemClock)).to.have.length(3);
    expect(asked('eth_getLogs')).to.equal(2);
  });

  it('are said once by one node over HTTP and over a WebSocket, and found when it is done with a crowded block', async () => {
    const node = await start({ lie: firstly('eth_getLogs', 2, () => []) });
    node.mine(1, () => crowded);
    const chain = calmly([node.url, node.wsUrl]);
    expect(await read(1, chain, systemClock)).to.have.length(3);
    await chain.close();
  });

  it('are believed at once where all of a block is wanted and gives its bloom filter', async () => {
    const node = await start({});
    node.mine(3, () => [{}, {}]);
    expect(await read(3)).to.have.length(6);
    expect([asked('eth_getLogs'), clock.sleptMs]).to.deep.equal([3, 0]);
  });

  it('are found where the bloom filter was shown as zeros, by the hash of other headers', async () => {
    const hollow = (call: SimCall, result: unknown): unknown => {
      if (call.method === 'eth_getLogs') return [];
      if (call.method !== 'eth_getBlockByNumber') return result;
      return { ...(result as object), logsBloom: `0x${'0'.repeat(512)}` };
    };
    const node = await start({ lie: hollow }, { receipts: 'all' });
    node.mine(1, () => []);
    node.mine(1, () => [{}, {}]);
    expect(await read(2)).to.have.length(2);
    node.traits.receipts = 'none';
    const chain = connect();
    expect(await read(2, chain)).to.have.length(0);
    expect(logger.messages('warn')[0]).to.match(/goes on giving no logs for block 2/);
  });

  it('are not taken for none at once where a bloom filter of zeros is all that says so', async () => {
    const zeros = { logsBloom: `0x${'0'.repeat(512)}` };
    const none = firstly('eth_getLogs', 1, () => []);
    const node = await start({
      sealed: false,
      lie: (call, result) =>
        call.method === 'eth_getBlockByNumber' ? { ...(result as object), ...zeros } : none?.(call, result),
    });
    node.mine(1, () => [{}, {}]);
    expect(await read()).to.have.length(2);
  });

  it('are never silently taken for none where a clear bloom filter tells of some', async () => {
    const node = await start({ lie: (call, result) => (call.method === 'eth_getLogs' ? [] : result) });
    node.mine(1, () => [{}, { address: strange }]);
    expect(await read()).to.deep.equal([]);
    expect(logger.messages('warn')[0]).to.match(/goes on giving no logs for block 1/);
    expect(clock.sleptMs).to.be.at.least(6_000);
  });

  it('are not believed as long as two endpoints say different things', async () => {
    const [first, second] = [
      await start({}),
      await start({ lie: (call, result) => (call.method === 'eth_getLogs' ? [] : result) }),
    ];
    for (const node of [first, second]) node.mine(1, () => crowded);
    const error = await rejectionOf(read(1, calmly(), systemClock), Inconsistency);
    expect(error.message).to.match(/no two answers agree on the logs of block 1/);
  });

  /** Connects to two nodes of the same blocks, of which the first goes away once it has answered. */
  const loseFirst = async (receipts: NodeTraits['receipts'], fault: Fault = { kind: 'drop' }): Promise<ChainClient> => {
    const [first, second] = [await start({}, { receipts }), await start({})];
    for (const node of [first, second]) node.mine(1, () => crowded);
    const chain = connect();
    await read(1, chain);
    first.options = { ...first.options, fault: () => fault };
    for (const node of [first, second]) node.mine(1, () => crowded);
    return chain;
  };

  const troubled = { code: -32_603, message: 'service temporarily unavailable' };
  for (const [how, fault] of [
    ['is away', { kind: 'drop' }],
    ['has troubles of its own', { kind: 'error', error: troubled }],
  ] as const) {
    it(`are those of an endpoint without receipts as soon as the only one that gives some ${how}`, async () => {
      const chain = await loseFirst('all', fault);
      const since = clock.sleptMs;
      expect(await read(1, chain)).to.have.length(3);
      expect(clock.sleptMs - since).to.be.below(100_000);
    });
  }

  it('wait for no endpoint that is known to be away', async () => {
    const chain = await loseFirst('none');
    await rejectionOf(chain.via({ only: chain.endpoints.slice(0, 1) }).header('latest', signal), ChainUnreachableError);
    const since = clock.sleptMs;
    expect(await read(1, chain)).to.have.length(3);
    expect((clock.sleptMs - since) % 2_000).to.equal(0);
  });

  for (const message of ['header not found', 'block not found: 5b1c00aa', `0x${'5b'.repeat(32)} could not be found`]) {
    it(`are not taken for none where the node says "${message}" of their block's hash, and gives none of its number`, async () => {
      const isByHash = ({ method, params: [asked] }: SimCall): boolean =>
        method === 'eth_getLogs' && (asked as { blockHash?: string }).blockHash !== undefined;
      const unknown: Fault = { kind: 'call-error', method: 'eth_getLogs', error: { code: -32_000, message } };
      const fault = (calls: readonly SimCall[]): Fault | undefined => (calls.some(isByHash) ? unknown : undefined);
      const node = await start({ backend: () => ({ logsBehind: 1 }), fault });
      node.mine(1, () => crowded);
      expect(await rejectionOf(read(), RpcError)).to.include({ class: 'lag' });
    });
  }

  it('wait for receipts of a node that has not found their block yet, and says so in other words', async () => {
    const unknown: Fault = {
      kind: 'call-error',
      method: 'eth_getBlockReceipts',
      error: { code: -32_000, message: 'block 0xabc not found' },
    };
    let left = 1;
    const fault = (calls: readonly SimCall[]): Fault | undefined =>
      calls.some(({ method }) => method === 'eth_getBlockReceipts') && left-- > 0 ? unknown : undefined;
    const node = await start({ fault }, { receipts: 'all' });
    node.mine(1, () => crowded);
    expect(await read()).to.have.length(3);
    expect([asked('eth_getBlockReceipts'), asked('eth_getLogs')]).to.deep.equal([2, 0]);
  });

  it('are heard again where one of the nodes behind a URL does not know their block in between', async () => {
    let times = 0;
    const lags: Fault = {
      kind: 'call-error',
      method: 'eth_getLogs',
      error: { code: -32_000, message: 'header not found' },
    };
    const node = await start({
      fault: (calls) => (calls.some(({ method }) => method === 'eth_getLogs') && ++times === 2 ? lags : undefined),
    });
    node.mine(1, () => crowded);
    expect(await read()).to.have.length(3);
  });

  it('are asked for no more once another block has come in the place of theirs', async () => {
    let times = 0;
    const node: ChainSimulator = await start({
      fault: (calls) => {
        if (calls.some(({ method }) => method === 'eth_getLogs') && ++times === 2) node.reorg(1);
        return undefined;
      },
    });
    node.mine(1, () => crowded);
    expect((await rejectionOf(read(), Inconsistency)).message).to.equal('block 1 is another one by now');
    expect(asked('eth_getLogs')).to.equal(2);
  });

  it('are not out of reach where one endpoint refuses them, and another has their block no more', async () => {
    const refuses: Fault = {
      kind: 'call-error',
      method: 'eth_getLogs',
      error: { code: -32_601, message: 'no such method' },
    };
    const [first, second] = [await start({ fault: () => refuses }), await start({})];
    for (const node of [first, second]) node.mine(1, () => crowded);
    const chain = calmly();
    const headers = (await chain.headers([1], quietCall(signal))) as BlockHeader[];
    second.reorg(1, 2);
    const reading = new SureLogs({ chain, filter, clock: systemClock, logger }).read(headers, quietCall(signal));
    expect(await rejectionOf(reading)).not.to.be.instanceOf(ChainUnreachableError);
  });

  it('of a block whose header excludes them, by its hash, need no question', async () => {
    const node = await start({});
    node.mine(2, () => []);
    const chain = connect();
    const headers = (await chain.headers([1, 2], quietCall(signal))) as BlockHeader[];
    const fetched = await new NewBlocks({ chain, filter, clock, logger, doubts: true }).fetch(
      headers,
      quietCall(signal),
    );
    expect(fetched?.logs).to.deep.equal([]);
    expect(asked('eth_getLogs') + asked('eth_getBlockReceipts')).to.equal(0);
    expect(wanted(node.canonicalLogs())).to.deep.equal([]);
  });
});
