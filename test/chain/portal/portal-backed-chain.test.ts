import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { PortalBackedChain } from '../../../src/chain/portal/portal-backed-chain.js';
import { PortalFailedError } from '../../../src/chain/portal/portal-trouble.js';
import type { BlockHeader } from '../../../src/model/block.js';
import { quietCall } from '../../../src/runtime/call.js';
import { ChainUnreachableError } from '../../../src/runtime/errors.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { HastyClock, deadlineMs } from '../../support/hasty-clock.js';
import { rejectionOf } from '../../support/rejection.js';

const { signal } = new AbortController();

describe('a chain whose nodes do not keep all that its portal has', () => {
  let node: ChainSimulator;
  let nodes: ChainClient;
  let chain: PortalBackedChain;
  /** What the portal was asked for. */
  let asked: number[];
  let isAway: boolean;
  let isAvoided: boolean;
  let header: (block: number | string) => Promise<BlockHeader | null>;
  const avoidance = {
    get isOn() {
      return isAvoided;
    },
  };

  beforeEach(async () => {
    node = await ChainSimulator.start();
    node.mine(300);
    const clock = new HastyClock();
    nodes = new ChainClient({
      urls: [node.url],
      chainId: 31_337,
      clock,
      logger: silentLogger,
      requestTimeoutMs: deadlineMs,
    });
    asked = [];
    [isAway, isAvoided] = [false, false];
    header = (block) => {
      asked.push(Number(block));
      if (isAway) return Promise.reject(new PortalFailedError("the portal can't be used"));
      const { number, hash, parentHash, timestamp } = node.blocks[Number(block)]!;
      return Promise.resolve({ number, hash, parentHash, timestamp, logsBloom: undefined });
    };
    chain = new PortalBackedChain(nodes, { header }, avoidance);
    await chain.heads('finalized', signal);
  });
  afterEach(() => Promise.all([nodes.close(), node.stop()]));

  const lose = (isLost: (number: number) => boolean): void => {
    node.options = {
      lie: ({ method, params: [block] }, result) =>
        method === 'eth_getBlockByNumber' && isLost(Number(block)) ? null : result,
    };
  };
  const refuse = (): void => {
    const error = { code: 4444, message: 'pruned history unavailable' };
    node.options = { fault: () => ({ kind: 'call-error', method: 'eth_getBlockByNumber', error }) };
  };

  it('gives headers in the order in which they are asked for, whoever has them', async () => {
    lose((number) => number < 100);
    const headers = await chain.headers([250, 50, 150], quietCall(signal));
    expect(headers.map((header) => header?.number)).to.deep.equal([250, 50, 150]);
    expect(asked).to.deep.equal([50]);
    refuse();
    expect((await chain.headers([7], quietCall(signal)))[0]?.hash).to.equal(node.blocks[7]!.hash);
  });

  it('takes nobody but nodes for new blocks', async () => {
    lose((number) => number > 290);
    expect(await chain.header(295, signal)).to.equal(null);
    const { length } = node.requests;
    expect(await chain.headers([295, 296], quietCall(signal))).to.deep.equal([null, null]);
    expect(node.requests.length - length, 'requests, none of them made again').to.equal(1);
    expect(asked).to.deep.equal([]);
  });

  it('asks the portal for nothing where it was found out, nor instead of a node that is away, or by a tag', async () => {
    lose(() => true);
    isAvoided = true;
    expect(await chain.header(50, signal)).to.equal(null);
    isAvoided = false;
    expect(await chain.header('finalized', signal)).to.equal(null);
    node.options = { fault: () => ({ kind: 'drop' }) };
    await rejectionOf(chain.header(50, signal), ChainUnreachableError);
    await rejectionOf(chain.headers([50], quietCall(signal)), ChainUnreachableError);
    expect(asked).to.deep.equal([]);
  });

  it('asks the portal for what one node does not keep while another is away, and waits for that where the portal gives nothing', async () => {
    const away = await ChainSimulator.start();
    away.mine(300);
    const { url } = away;
    const clock = new HastyClock();
    const both = { urls: [url, node.url], chainId: 31_337, clock, logger: silentLogger, requestTimeoutMs: deadlineMs };
    const two = new ChainClient(both);
    chain = new PortalBackedChain(two, { header }, avoidance);
    refuse();
    away.options = { fault: () => ({ kind: 'drop' }) };
    // A run asks for what lies below its first block beside the head.
    expect((await chain.header(50, signal))?.hash).to.equal(node.blocks[50]!.hash);
    node.options = {};
    await chain.heads('finalized', signal);
    refuse();
    expect((await chain.headers([7, 8], quietCall(signal))).map((each) => each?.number)).to.deep.equal([7, 8]);
    expect(asked).to.deep.equal([50, 7, 8]);
    expect(clock.sleptMs, 'waited for nobody').to.be.below(2_000);
    isAway = true;
    away.options = { fault: () => (clock.sleptMs < 20_000 ? { kind: 'drop' } : undefined) };
    expect((await chain.header(60, signal))?.hash).to.equal(away.blocks[60]!.hash);
    await Promise.all([two.close(), away.stop()]);
  });

  it('tells what the node said where the portal gives nothing either', async () => {
    isAway = true;
    lose(() => true);
    expect(await chain.header(50, signal)).to.equal(null);
    refuse();
    const error = await rejectionOf(chain.header(50, signal), ChainUnreachableError);
    expect(error.message).to.match(/pruned history unavailable/);
    expect(asked).to.deep.equal([50, 50]);
  });
});
