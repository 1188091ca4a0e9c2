import { AbiCoder } from 'ethers';
import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { CallReader } from '../../../src/chain/calls/call-reader.js';
import type { BlockCalls, CallAnswer, ContractCall } from '../../../src/chain/calls/contract-call.js';
import { quietCall } from '../../../src/runtime/call.js';
import { ChainUnreachableError } from '../../../src/runtime/errors.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { ContractNode } from '../../support/contract-node.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { rejectionOf } from '../../support/rejection.js';

const target = `0x${'a'.repeat(40)}`;
const { signal } = new AbortController();
const word = (value: number): string => AbiCoder.defaultAbiCoder().encode(['uint256'], [value]);
/** The contract answers with the block's number and the call's data; one whose data ends with `ff` reverts. */
const answerTo = (data: string, block: number): string | null =>
  data.endsWith('ff') ? null : word(block * 1_000 + Number(data));

describe('CallReader', () => {
  let node: ContractNode;
  let client: ChainClient;

  beforeEach(async () => {
    node = await ContractNode.start();
    node.contracts.set(target, answerTo);
    client = new ChainClient({
      ...{ urls: [node.url], chainId: 1, clock: new HastyClock(), logger: silentLogger },
      requestTimeoutMs: 200_000,
    });
  });
  afterEach(() => Promise.all([client.close(), node.stop()]));

  const callsOf = (count: number): ContractCall[] =>
    Array.from({ length: count }, (_each, n) => ({ target, data: `0x${(n + 1).toString(16).padStart(8, '0')}` }));
  const at = (number: number, count: number): BlockCalls => ({
    block: { number, hash: ContractNode.hash(number) },
    calls: callsOf(count),
  });
  const read = async (...groups: readonly BlockCalls[]): Promise<readonly CallAnswer[]> => {
    const answers = await new CallReader(client).read(groups, quietCall(signal));
    return groups.flatMap(({ calls }) => calls.map((call) => answers.get(call)!));
  };
  const expected = (...groups: readonly BlockCalls[]): readonly CallAnswer[] =>
    groups.flatMap(({ block, calls }) =>
      calls.map(({ data }) => {
        const number = 'number' in block ? block.number : 100;
        return { data: answerTo(data, number), endpoint: new URL(node.url).host, block: number };
      }),
    );

  it('asks many calls of many blocks in few requests', async () => {
    const groups = Array.from({ length: 30 }, (_each, n) => at(n + 1, 2));
    expect(await read(...groups)).to.deep.equal(expected(...groups));
    expect(node.requests).to.be.at.most(5);
    expect(node.asked).to.have.length(60);
  });

  for (const hashesAre of ['understood', 'refused'] as const) {
    it(`asks one by one where a node takes no batches, and lets no call stand for another (hashes ${hashesAre})`, async () => {
      node.mostTogether = 1;
      node.hashesAre = hashesAre;
      node.hashes.set(5, `0x${'9'.repeat(64)}`);
      const reverting = { ...at(6, 2), calls: [{ target, data: '0x000000ff' }, ...callsOf(2)] };
      expect(await read(at(5, 2), reverting, at(7, 1))).to.deep.equal([
        ...[{ lacks: 'block' }, { lacks: 'block' }],
        ...expected(reverting, at(7, 1)),
      ]);
    });
  }

  it('halves what is too much for one answer', async () => {
    node.mostAnswered = 7;
    expect(await read(at(5, 20))).to.deep.equal(expected(at(5, 20)));
  });

  it('tells what one endpoint lacks where the others do not answer, and nothing where none does', async () => {
    const silent = await ContractNode.start();
    await client.close();
    client = new ChainClient({
      ...{ urls: [node.url, silent.url], chainId: 1, clock: new HastyClock(), logger: silentLogger },
      requestTimeoutMs: 200_000,
    });
    await silent.stop();
    node.statesFrom = 50;
    node.hashes.set(60, `0x${'9'.repeat(64)}`);
    const [first, second, ...others] = await read(at(5, 1), at(60, 1), at(61, 1));
    expect(first).to.have.property('unasked').that.contains('the chain can not be reached: 127.0.0.1');
    expect(first).to.include({ lacks: 'state' });
    expect(second).to.include({ lacks: 'block' });
    expect(others).to.deep.equal(expected(at(61, 1)));
    node.failures = Array.from({ length: 500 }, () => ({ code: -32603, message: 'internal error' }));
    await rejectionOf(read(at(61, 1)), ChainUnreachableError);
  });

  it('goes on with what a failure has left', async () => {
    const failure = { code: -32603, message: 'internal error' };
    node.failures = [failure, failure, failure];
    expect(await read(at(5, 10))).to.deep.equal(expected(at(5, 10)));
    expect(node.asked).to.have.length(13);
  });

  it('uses Multicall3 from its deployment on, and not before', async () => {
    node.multicallFrom = 50;
    const groups = [at(10, 5), at(60, 150)];
    expect(await read(...groups)).to.deep.equal(expected(...groups));
    expect(node.asked.filter(({ to }) => to === target)).to.have.length(5);
    expect(node.asked.filter(({ to }) => to !== target)).to.have.length(2);
  });

  it('asks the newest block with a look at its number', async () => {
    const newest = { block: { latestFrom: 90 }, calls: callsOf(2) };
    expect(await read(newest)).to.deep.equal(expected(newest));
    expect(node.asked.map(({ block }) => block)).to.deep.equal(['latest', 'latest']);
    expect(node.methods).to.not.include('eth_getBalance');
  });
});
