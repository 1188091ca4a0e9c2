import { expect } from 'chai';
import { id } from 'ethers/hash';
import { createDecoder } from '../../../src/chain/abi/decoder.js';
import type { LogDecoder } from '../../../src/chain/abi/decoder.js';
import { partsOf } from '../../../src/chain/blocks/log-filter.js';
import type { Where } from '../../../src/chain/abi/where.js';
import type { AbiFragment } from '../../../src/model/pipeline.js';
import { event, rawLog, word } from './log-fixtures.js';

const alice = `0x${'a1'.repeat(20)}`;
const bob = `0x${'b2'.repeat(20)}`;
const transfer = event('Transfer', 'address indexed from', 'address indexed to', 'uint256 value');
const transferTopic = id('Transfer(address,address,uint256)');

function decoderOf(abi: readonly AbiFragment[], where: Where): LogDecoder {
  const contracts = [{ addresses: null, abi }];
  return createDecoder({ contracts, eventsToMonitor: null, addressFilters: [], keepUnknown: false, where });
}

/** Says which of some logs pass. */
function passing(decoder: LogDecoder, logs: readonly (readonly [readonly string[], string])[]): number[] {
  return logs.flatMap(([topics, data], at) => (decoder.decode(rawLog(topics, data)).kind === 'event' ? [at] : []));
}

describe('a filter on arguments', () => {
  it('asks the node for indexed arguments by their topics, several values and several fields', () => {
    const decoder = decoderOf([transfer], {
      'args.from': { in: [alice, bob] },
      'args.to': { eq: bob.toUpperCase().replace('0X', '0x') },
    });
    expect(decoder).to.deep.include({ topics: [transferTopic], indexed: [[word(alice), word(bob)], [word(bob)]] });
    const logs = [
      [alice, bob],
      [bob, alice],
      [bob, bob],
    ].map(([from = '', to = '']) => [[transferTopic, word(from), word(to)], word(5)] as const);
    expect(passing(decoder, logs)).to.deep.equal([0, 2]);
  });

  it('leaves whichever topic it is where only a later one is compared', () => {
    expect(decoderOf([transfer], { 'args.to': { eq: bob } })).to.deep.include({ indexed: [null, [word(bob)]] });
    expect(decoderOf([transfer], { 'args.to': { ne: bob } }).indexed).to.equal(undefined);
  });

  it('compares integers of any size exactly', () => {
    const big = 2n ** 255n;
    const logs = [big - 1n, big, big + 1n].map(
      (value) => [[transferTopic, word(alice), word(bob)], word(value)] as const,
    );
    const pass = (comparisons: Where[string]): number[] =>
      passing(decoderOf([transfer], { 'args.value': comparisons }), logs);
    expect(pass({ gt: `${big}` })).to.deep.equal([2]);
    expect(pass({ gte: `${big}` })).to.deep.equal([1, 2]);
    expect(pass({ lt: `${big}` })).to.deep.equal([0]);
    expect(pass({ lte: `${big}` })).to.deep.equal([0, 1]);
    expect(pass({ eq: `0x${big.toString(16)}` })).to.deep.equal([1]);
    expect(pass({ ne: `${big}` })).to.deep.equal([0, 2]);
    expect(pass({ in: [`${big - 1n}`, `${big + 1n}`] })).to.deep.equal([0, 2]);
    expect(pass({ gte: `${big}`, ne: `${big + 1n}` })).to.deep.equal([1]);
  });

  it('compares signed integers, indexed or not', () => {
    const moved = event('Moved', 'int24 indexed tick', 'int256 amount');
    const words = (value: bigint): string => word(BigInt.asUintN(256, value));
    const logs = [-887_272n, -1n, 0n, 5n].map(
      (value) => [[id('Moved(int24,int256)'), words(value)], words(-value)] as const,
    );
    expect(passing(decoderOf([moved], { 'args.tick': { lt: '0' } }), logs)).to.deep.equal([0, 1]);
    expect(passing(decoderOf([moved], { 'args.amount': { lte: '-0' } }), logs)).to.deep.equal([2, 3]);
    const decoder = decoderOf([moved], { 'args.tick': { eq: '-1' } });
    expect(decoder.indexed).to.deep.equal([[`0x${'f'.repeat(64)}`]]);
    expect(passing(decoder, logs)).to.deep.equal([1]);
  });

  it('compares bools, texts and bytes; an indexed text by its hash', () => {
    const named = event(
      'Named',
      'string indexed label',
      'bool open',
      'bytes4 kind',
      'string note',
      'bytes32 indexed node',
    );
    const topic = id('Named(string,bool,bytes4,string,bytes32)');
    const text = Buffer.from('hello').toString('hex').padEnd(64, '0');
    const data = [word(1), `0x${'deadbeef'.padEnd(64, '0')}`, word(96), word(5), `0x${text}`].map((each) =>
      each.slice(2),
    );
    const log = [[topic, id('vitalik'), word(7)], `0x${data.join('')}`] as const;
    const passes = (where: Where): boolean => passing(decoderOf([named], where), [log]).length > 0;
    expect(passes({ 'args.label': { eq: 'vitalik' } })).to.equal(true);
    expect(passes({ 'args.label': { ne: 'vitalik' } })).to.equal(false);
    expect(passes({ 'args.label.hash': { eq: id('vitalik').toUpperCase().replace('0X', '0x') } })).to.equal(true);
    expect(passes({ 'args.open': { eq: 'true' } })).to.equal(true);
    expect(passes({ 'args.open': { eq: 'false' } })).to.equal(false);
    expect(passes({ 'args.kind': { in: ['0xDEADBEEF'] } })).to.equal(true);
    expect(passes({ 'args.note': { eq: 'hello' } })).to.equal(true);
    expect(passes({ 'args.note': { eq: 'Hello' } })).to.equal(false);
    expect(passes({ 'args.node': { eq: word(7) } })).to.equal(true);
  });

  it('compares what stands inside of tuples and arrays', () => {
    const order = {
      name: 'order',
      type: 'tuple',
      components: [
        { name: 'maker', type: 'address' },
        { name: 'amounts', type: 'uint256[2]' },
      ],
    };
    const filled = event('Filled', order);
    const topic = id('Filled((address,uint256[2]))');
    const data = `0x${[word(alice), word(3), word(4)].map((each) => each.slice(2)).join('')}`;
    const passes = (where: Where): boolean => passing(decoderOf([filled], where), [[[topic], data]]).length > 0;
    expect(passes({ 'args.order.maker': { eq: alice } })).to.equal(true);
    expect(passes({ 'args.order.amounts.1': { gt: '3' } })).to.equal(true);
    expect(passes({ 'args.order.amounts.0': { gt: '3' } })).to.equal(false);
    expect(passes({ 'args.order.amounts[1]': { gt: '3' } })).to.equal(true);
    expect(passes({ 'args.order.amounts[0]': { gt: '3' } })).to.equal(false);
  });

  it('leaves out events that lack an argument, and logs that can not be decoded', () => {
    const approval = event('Approval', 'address indexed owner', 'address indexed spender', 'uint256 value');
    const decoder = decoderOf([transfer, approval], { 'args.to': { eq: bob } });
    expect(decoder.topics).to.deep.equal([transferTopic]);
    const wide = [transferTopic, word(alice), word(bob), word(1)];
    expect(
      passing(decoder, [[[id('Approval(address,address,uint256)'), word(alice), word(bob)], word(1)]]),
    ).to.deep.equal([]);
    expect(decoder.decode(rawLog(wide)).kind).to.equal('ignored');
    expect(decoder.decode(rawLog(wide.slice(0, 3), '0x12')).kind).to.equal('ignored');
    expect(() => decoderOf([approval], { 'args.to': { eq: bob } })).to.throw('none of the events');
  });

  it('asks for events by a request each where their argument stands in different places', () => {
    const minted = event('Minted', 'uint256 indexed id', 'address indexed to');
    const decoder = decoderOf([transfer, minted], { 'args.to': { eq: bob } });
    expect(partsOf(decoder)).to.have.length(1);
    const burnt = event('Burnt', 'address indexed to');
    expect(
      partsOf(decoderOf([transfer, minted, burnt], { 'args.to': { eq: bob } })).map(({ topics }) => topics),
    ).to.deep.equal([[transferTopic, id('Minted(uint256,address)')], [id('Burnt(address)')]]);
  });

  it('compares the arguments of an anonymous event, whose topics begin with them', () => {
    const noted = { ...event('Noted', 'address indexed who', 'uint256 what'), anonymous: true };
    const decoder = decoderOf([noted], { 'args.who': { eq: alice } });
    expect(decoder.topics).to.deep.equal([word(alice)]);
    expect(
      passing(decoder, [
        [[word(alice)], word(1)],
        [[word(bob)], word(1)],
      ]),
    ).to.deep.equal([0]);
    expect(decoderOf([noted], { 'args.what': { eq: '1' } }).topics).to.equal(null);
  });

  it('never asks for everything where nothing can fit', () => {
    expect(() => decoderOf([transfer], { 'args.from': { eq: alice, in: [bob] } })).to.throw('none of the events');
  });
});
