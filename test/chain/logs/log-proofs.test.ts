import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { LogSource } from '../../../src/chain/logs/log-source.js';
import { quietCall } from '../../../src/runtime/call.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { SimCall } from '../../support/chain-simulator.js';
import { HastyClock, deadlineMs } from '../../support/hasty-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { simContract, transferTopic } from '../../support/simulated-chain.js';
import type { SimLog } from '../../support/simulated-chain.js';

const filter = { addresses: [simContract], topics: [transferTopic] };
const signal = new AbortController().signal;
const blocks = 1_500;

describe('what an endpoint tells that was caught', function () {
  this.timeout(60_000);
  const nodes: ChainSimulator[] = [];
  let chain: ChainClient;
  let logger: MemoryLogger;

  /** Starts nodes whose blocks hold up to 30 logs each; the first of them lies. */
  const open = async (count: number, receipts: 'none' | 'rooted', chainId = 31_337): Promise<void> => {
    for (let index = 0; index < count; index++) {
      const node = await ChainSimulator.start();
      node.mine(blocks, (number) => Array.from({ length: (number * 7) % 31 }, () => ({})));
      node.traits.receipts = receipts;
      nodes.push(node);
    }
    const clock = new HastyClock();
    logger = new MemoryLogger();
    const urls = nodes.map(({ url }) => url);
    chain = new ChainClient({ urls, chainId, clock, logger, requestTimeoutMs: deadlineMs });
  };
  const lie = (to: (logs: SimLog[]) => unknown): void => {
    const told = ({ method }: SimCall, result: unknown): unknown =>
      method === 'eth_getLogs' ? to(result as SimLog[]) : result;
    nodes[0]!.options = { ...nodes[0]!.options, lie: told };
  };
  const read = async (to = blocks): Promise<string[]> => {
    const source = new LogSource({ chain, filter, batchSize: 500, clock: new HastyClock(), logger, random: () => 0 });
    const found: string[] = [];
    for (let from = 1; from <= to;) {
      const fetched = await source.fetch({ from, to: blocks }, { ...quietCall(signal), verified: false });
      found.push(...fetched.logs.map((log) => `${log.blockHash}:${log.logIndex}:${log.data}`));
      from = fetched.to + 1;
    }
    return found;
  };
  const truth = (): string[] =>
    nodes[0]!.canonicalLogs(1).map((log) => `${log.blockHash}:${Number(log.logIndex)}:${log.data}`);
  const warnings = (): readonly string[] => logger.messages('warn');

  afterEach(async () => {
    await chain.close();
    await Promise.all(nodes.splice(0).map((node) => node.stop()));
  });

  it('is whole where its limit changes with each answer, and its receipts are true', async () => {
    await open(1, 'rooted');
    let answers = 0;
    lie((logs) => logs.slice(0, 150 + ((++answers * 137) % 900)));
    expect(await read()).to.deep.equal(truth());
  });

  it('is whole, too, where another endpoint tells and nobody gives receipts', async () => {
    await open(2, 'none');
    let answers = 0;
    lie((logs) => logs.slice(0, 150 + ((++answers * 137) % 900)));
    expect(await read()).to.deep.equal(truth());
  });

  it('is whole where it gives the first half of what many blocks hold', async () => {
    await open(1, 'rooted');
    lie((logs) => (logs.length > 200 ? logs.slice(0, Math.ceil(logs.length / 2)) : logs));
    expect(await read()).to.deep.equal(truth());
  });

  for (const [what, change] of [
    ['alters', (log: SimLog) => [{ ...log, data: log.data.replace(/.$/, 'f') }]],
    ['adds', (log: SimLog) => [log, { ...log, logIndex: '0x3e7' }]],
    ['leaves out', () => []],
  ] as const) {
    for (const [count, receipts, who] of [
      [1, 'rooted', 'by its receipts'],
      [2, 'none', 'by another endpoint'],
    ] as const) {
      // An added log is no more than one that another endpoint does not have (yet).
      if (what === 'adds' && count === 2) continue;
      it(`is as it was where it ${what} a log of some blocks, ${who}`, async () => {
        await open(count, receipts);
        lie((logs) =>
          logs.flatMap((log) =>
            Number(log.blockNumber) % 400 === 7 && log.logIndex === '0x4' ? [...change(log)] : [log],
          ),
        );
        chain.caught.add(chain.endpoints[0]!);
        expect(await read()).to.deep.equal(truth());
        expect(warnings().join('\n')).to.match(/(left out the logs|did not tell the logs as they are) of block \d+/);
      });
    }
  }

  it('is taken as it is, and told once, where nothing proves it', async () => {
    await open(1, 'none');
    lie((logs) => logs.map((log) => ({ ...log, data: log.data.replace(/.$/, 'f') })));
    chain.distrust(chain.endpoints[0]!);
    expect(await read()).to.have.length(truth().length);
    const told = warnings().filter((text) => text.includes('its logs are taken as they are'));
    expect(told).to.have.length(1);
    expect(told[0]).to.match(/gave wrong answers, and nobody gives the receipts of block \d+/);
  });

  it('is no log of a block whose header tells of none', async () => {
    await open(1, 'rooted');
    const [node] = nodes as [ChainSimulator];
    node.mine(1, () => [{ address: `0x${'77'.repeat(20)}` }]);
    const [foreign] = node.canonicalLogs(blocks + 1) as [SimLog];
    const { address } = node.canonicalLogs(1)[0]!;
    lie((logs) => [...logs, { ...foreign, address, logIndex: '0x1' }]);
    chain.caught.add(chain.endpoints[0]!);
    const source = new LogSource({ chain, filter, batchSize: 500, clock: new HastyClock(), logger, random: () => 0 });
    const { logs } = await source.fetch(
      { from: blocks + 1, to: blocks + 1 },
      { ...quietCall(signal), verified: false },
    );
    expect(logs).to.deep.equal([]);
  });

  it('is proven from its first answer on that was cut off', async () => {
    await open(1, 'rooted');
    lie((logs) => logs.slice(0, 600));
    await read(1);
    expect(chain.caught.has(chain.endpoints[0]!)).to.equal(true);
  });

  it('is proven by its receipts where no header tells of its logs', async () => {
    await open(1, 'rooted', 4_242);
    const logsBloom = `0x${'00'.repeat(256)}`;
    const told = ({ method }: SimCall, result: unknown): unknown => {
      if (method === 'eth_getBlockByNumber') return { ...(result as object), logsBloom };
      return method === 'eth_getLogs'
        ? (result as SimLog[]).filter((log) => Number(log.blockNumber) % 400 !== 7)
        : result;
    };
    nodes[0]!.options = { chainId: 4_242, lie: told };
    chain.caught.add(chain.endpoints[0]!);
    expect(await read()).to.deep.equal(truth());
  });

  it('is proven no more after many good answers', async () => {
    await open(1, 'rooted');
    const [name] = chain.endpoints as [string];
    chain.distrust(name);
    for (let answer = 1; answer < 256; answer++) chain.caught.answered(name);
    expect(chain.caught.has(name)).to.equal(true);
    await read();
    expect(chain.caught.has(name)).to.equal(false);
  });
});
