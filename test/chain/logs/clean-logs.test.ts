import { expect } from 'chai';
import { bloomTestOf } from '../../../src/chain/blocks/bloom.js';
import { cleanLogs } from '../../../src/chain/logs/clean-logs.js';
import { Inconsistency, checkHashes, checkLinks } from '../../../src/chain/blocks/consistency.js';
import { filterParams, matcherOf } from '../../../src/chain/blocks/log-filter.js';
import { findAncestor } from '../../../src/chain/blocks/reorg.js';
import { MalformedValue, readLogs, readQuantity } from '../../../src/chain/transport/rpc/rpc-values.js';
import { readHeader } from '../../../src/chain/blocks/read-header.js';
import type { BlockHeader } from '../../../src/model/block.js';
import type { RawLog } from '../../../src/model/event.js';
import { makeBlock, simContract, transferTopic } from '../../support/simulated-chain.js';
import { rawLog } from '../abi/log-fixtures.js';

const hash = (digit: string): string => `0x${digit.repeat(64)}`;
const log = (fields: Partial<RawLog>): RawLog => ({ ...rawLog([transferTopic]), ...fields });
const header = (number: number, own: string, parent: string): BlockHeader => ({
  number,
  hash: hash(own),
  parentHash: hash(parent),
  timestamp: number,
  logsBloom: undefined,
});

describe('cleaning logs', () => {
  const clean = (logs: RawLog[]): readonly RawLog[] => cleanLogs(logs, { from: 0, to: 9 }, () => true).logs;

  it('keeps logs of two transactions that bear the same index', () => {
    const one = log({ transactionHash: hash('1') });
    const two = log({ transactionHash: hash('2') });
    expect(clean([one, two, one, two, two])).to.deep.equal([one, two]);
  });

  it('keeps one of two answers that are the same', () => {
    expect(clean([log({}), log({ logIndex: 1 }), log({})])).to.have.length(2);
  });

  it('takes no two logs for one that differ: such an answer contradicts itself', () => {
    for (const other of [{ data: '0x07' }, { topics: [hash('7')] }, { address: simContract }]) {
      expect(() => clean([log({}), log(other)])).to.throw(Inconsistency, 'log 0 of block 1 is told in two ways');
    }
    const again = { blockTimestamp: 7 };
    expect(clean([log({}), log(again)])).to.deep.equal([log({})]);
  });

  it('sorts by block and index', () => {
    const sorted = clean([log({ logIndex: 10 }), log({ blockNumber: 0 }), log({ logIndex: 9 })]);
    expect(sorted.map(({ blockNumber, logIndex }) => [blockNumber, logIndex])).to.deep.equal([
      [0, 0],
      [1, 9],
      [1, 10],
    ]);
  });

  it('leaves an answer as it is that is whole, in order and what was asked for', () => {
    const logs = [
      log({ blockNumber: 0, logIndex: 0 }),
      log({ blockNumber: 9, logIndex: 1 }),
      log({ blockNumber: 9, logIndex: 2 }),
    ];
    expect(cleanLogs(logs, { from: 0, to: 9 }, () => true)).to.deep.equal({ logs, strays: 0, removed: 0 });
  });

  it('counts what is of other blocks, what is not wanted and what was removed, wherever it stands', () => {
    const logs = [2, 3, 4].map((blockNumber) => log({ blockNumber, logIndex: blockNumber }));
    const [first, second, third] = logs as [RawLog, RawLog, RawLog];
    const within = (from: number, to: number): unknown => cleanLogs(logs, { from, to }, () => true);
    expect(within(3, 9)).to.deep.equal({ logs: [second, third], strays: 1, removed: 0 });
    expect(within(0, 3)).to.deep.equal({ logs: [first, second], strays: 1, removed: 0 });
    const wanted = cleanLogs(logs, { from: 0, to: 9 }, ({ blockNumber }) => blockNumber !== 3);
    expect(wanted).to.deep.equal({ logs: [first, third], strays: 1, removed: 0 });
    const removed = cleanLogs([first, second, { ...third, removed: true }], { from: 0, to: 9 }, () => true);
    expect(removed).to.deep.equal({ logs: [first, second], strays: 0, removed: 1 });
  });
});

describe('consistency', () => {
  it('holds for headers that are each the child of the one before', () => {
    expect(checkLinks([header(5, '5', '4'), header(6, '6', '5')], 5)).to.have.length(2);
    expect(() => checkLinks([header(5, '5', '4'), header(6, '6', '9')], 5)).to.throw(Inconsistency, 'not the child');
    expect(() => checkLinks([header(5, '5', '4'), null], 5)).to.throw(Inconsistency, 'block 6 is not there');
  });

  it('holds for logs that stand in the known blocks, and in one block of a number', () => {
    const logs = [log({ blockHash: hash('5') })];
    checkHashes(logs, [header(1, '5', '4')]);
    expect(() => checkHashes(logs, [header(1, '6', '4')])).to.throw(Inconsistency);
    expect(() => checkHashes([...logs, log({ blockHash: hash('6') })], [])).to.throw(Inconsistency);
  });
});

describe('a filter of logs', () => {
  it('asks for one or for alternatives, and leaves out what does not matter', () => {
    expect(filterParams({ addresses: null, topics: null })).to.deep.equal({});
    expect(filterParams({ addresses: ['0x1'], topics: ['0x2'] })).to.deep.equal({ address: '0x1', topics: ['0x2'] });
    expect(filterParams({ addresses: ['0x1', '0x2'], topics: ['0x3', '0x4'] })).to.deep.equal({
      address: ['0x1', '0x2'],
      topics: [['0x3', '0x4']],
    });
  });

  it('matches what it asks for', () => {
    const isWanted = matcherOf({ addresses: [rawLog([]).address], topics: [transferTopic] });
    expect([log({}), log({ topics: [] }), log({ address: simContract })].map(isWanted)).to.deep.equal([
      true,
      false,
      false,
    ]);
    expect(matcherOf({ addresses: null, topics: null })(log({ topics: [] }))).to.equal(true);
  });

  it('reads bloom filters', () => {
    const { logsBloom } = makeBlock(undefined, '', [{}]);
    const mayHold = bloomTestOf({ addresses: [simContract], topics: [transferTopic] });
    expect(mayHold(logsBloom)).to.equal(true);
    expect(bloomTestOf({ addresses: null, topics: null })(logsBloom)).to.equal(true);
    expect(bloomTestOf({ addresses: [`0x${'77'.repeat(20)}`], topics: null })(logsBloom)).to.equal(false);
    expect(bloomTestOf({ addresses: null, topics: [hash('7')] })(logsBloom)).to.equal(false);
  });

  it('learns nothing from a bloom filter that is missing, empty or full', () => {
    const mayHold = bloomTestOf({ addresses: null, topics: null });
    expect([undefined, `0x${'00'.repeat(256)}`, `0x${'ff'.repeat(256)}`].map(mayHold)).to.deep.equal([
      false,
      false,
      false,
    ]);
  });
});

describe('the common ancestor', () => {
  it('is the newest remembered block that the chain still has', async () => {
    const remembered = Array.from({ length: 20 }, (_item, number) => ({ number, hash: hash('a') }));
    for (let replaced = 0; replaced <= 20; replaced++) {
      const headerOf = (number: number): Promise<BlockHeader> =>
        Promise.resolve(header(number, number < replaced ? 'a' : 'b', 'a'));
      const ancestor = await findAncestor(remembered, headerOf);
      expect(ancestor?.number).to.equal(replaced === 0 ? undefined : replaced - 1);
    }
  });
});

describe('values of RPC answers', () => {
  const raw = {
    address: simContract.toUpperCase().replace('0X', '0x'),
    topics: [transferTopic.toUpperCase().replace('0X', '0x')],
    data: '0xAB',
    blockNumber: '0x5',
    blockHash: hash('A'),
    transactionHash: hash('B'),
    transactionIndex: '0x1',
    logIndex: '0x02',
    transactionLogIndex: '0x0',
    type: 'mined',
  };

  it('are read leniently where nodes differ', () => {
    const [read] = readLogs([raw]);
    expect(read).to.deep.equal({
      address: simContract,
      topics: [transferTopic],
      data: '0xab',
      blockNumber: 5,
      blockHash: hash('a'),
      transactionHash: hash('b'),
      transactionIndex: 1,
      logIndex: 2,
      blockTimestamp: undefined,
      removed: false,
    });
    const odd = { ...raw, topics: null, data: undefined, transactionIndex: null, logIndex: 7, blockTimestamp: '0x0' };
    expect(readLogs([odd])[0]).to.include({ data: '0x', transactionIndex: 0, logIndex: 7, blockTimestamp: undefined });
    expect(readLogs([{ ...raw, blockTimestamp: '0x64', removed: true }])[0]).to.include({
      blockTimestamp: 100,
      removed: true,
    });
    expect(readLogs([{ ...raw, topics: ['0x12'] }])[0]?.topics).to.deep.equal(['0x12']);
  });

  it('are refused where they can not be what they should', () => {
    for (const wrong of [null, 'logs', [null], [[]], [{ ...raw, topics: 'x' }], [{ ...raw, topics: [5] }]]) {
      expect(() => readLogs(wrong), JSON.stringify(wrong)).to.throw(MalformedValue);
    }
    for (const [field, value] of Object.entries({
      address: '0x1',
      blockHash: null,
      blockNumber: null,
      data: 'x',
      logIndex: '1',
    })) {
      expect(() => readLogs([{ ...raw, [field]: value }]), field).to.throw(MalformedValue);
    }
    expect(() => readQuantity('0x', 'it')).to.throw(MalformedValue, 'it is "0x"');
    expect(() => readQuantity(-1, 'it')).to.throw(MalformedValue);
    expect(() => readQuantity(undefined, 'it')).to.throw(MalformedValue, 'missing');
    expect(() => readHeader([])).to.throw(MalformedValue);
  });

  it('know a header without a bloom filter', () => {
    const fields = { number: '0x1', hash: hash('a'), parentHash: hash('b'), timestamp: '0x2', logsBloom: null };
    expect(readHeader(fields)?.logsBloom).to.equal(undefined);
    expect(readHeader({ ...fields, logsBloom: `0x${'0A'.repeat(256)}` })?.logsBloom).to.equal(`0x${'0a'.repeat(256)}`);
  });
});
