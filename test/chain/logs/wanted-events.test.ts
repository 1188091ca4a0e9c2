import { expect } from 'chai';
import { id } from 'ethers';
import { builtinAbi } from '../../../src/chain/abi/builtin-abis.js';
import { UsageError } from '../../../src/runtime/errors.js';
import { anonymous, decoderOf, event, rawLog, reasonOf, word, wordDigits } from '../abi/log-fixtures.js';

const erc20 = builtinAbi('erc20')!;
const erc721 = builtinAbi('erc721')!;
const transferTopic = id('Transfer(address,address,uint256)');
const approvalTopic = id('Approval(address,address,uint256)');
const alice = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
const bob = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359';
const token = `0x${'ab'.repeat(20)}`;

const transferLog = rawLog([transferTopic, word(alice), word(bob)], word(5), token);

describe('what a node is asked for', () => {
  it('is the first topics of the events wanted, each once', () => {
    expect(decoderOf([...erc20, ...erc721], { eventsToMonitor: ['Transfer'] }).topics).to.deep.equal([transferTopic]);
    expect(decoderOf(erc20).topics).to.deep.equal([transferTopic, approvalTopic]);
    expect(decoderOf(erc20, { eventsToMonitor: [] }).topics).to.deep.equal([transferTopic, approvalTopic]);
  });

  it('goes by names, which stand for all overloads, or by full signatures', () => {
    const abi = [event('Set', 'uint256 a'), event('Set', 'bool a'), event('Unset')];
    expect(decoderOf(abi, { eventsToMonitor: ['Set'] }).topics).to.have.length(2);
    expect(decoderOf(abi, { eventsToMonitor: ['Set(bool)'] }).topics).to.deep.equal([id('Set(bool)')]);
  });

  it('is whatever topic where an anonymous event is wanted or unknown logs are kept', () => {
    const abi = [...erc20, anonymous('Note', 'bytes4 indexed sig')];
    expect(decoderOf(abi).topics).to.equal(null);
    expect(decoderOf(abi, { eventsToMonitor: ['Transfer'] }).topics).to.deep.equal([transferTopic]);
    expect(decoderOf(erc20, { keepUnknown: true }).topics).to.equal(null);
  });

  it('is refused where it would be nothing, which a node takes for everything', () => {
    expect(() => decoderOf(erc20, { eventsToMonitor: ['Trnsfer'] })).to.throw(UsageError, 'none of the events');
    expect(() => decoderOf([], { contracts: [] })).to.throw(UsageError);
  });
});

describe('events that are not wanted', () => {
  it('are ignored when they decode, and kept as undecoded when they do not', () => {
    const decoder = decoderOf(erc20, { eventsToMonitor: ['Approval'], keepUnknown: true });
    expect(decoder.decode(transferLog).kind).to.equal('ignored');
    expect(reasonOf(decoder.decode({ ...transferLog, data: '0x' }))).to.equal('undecodable');
  });

  it('are those without a listed address among their arguments, wherever it stands', () => {
    const components = [{ name: 'who', type: 'address[]' }];
    const abi = [
      ...erc20,
      event('Many', { name: 'teams', type: 'tuple[]', components }),
      event('Sum', 'uint256 value'),
      event('Hashed', 'address[] indexed who'),
    ];
    const decoder = decoderOf(abi, { addressFilters: [bob.toLowerCase(), `0x${'0'.repeat(39)}9`] });
    expect(decoder.decode(transferLog).kind).to.equal('event');
    expect(decoder.decode(rawLog([transferTopic, word(alice), word(alice)], word(5))).kind).to.equal('ignored');
    const many = id('Many((address[])[])');
    const tail = [0x20, 1, 0x20, 0x20, 1].map(wordDigits).join('');
    expect(decoder.decode(rawLog([many], `0x${tail}${wordDigits(bob)}`)).kind).to.equal('event');
    expect(decoder.decode(rawLog([many], `0x${tail}${wordDigits(alice)}`)).kind).to.equal('ignored');
    expect(decoder.decode(rawLog([id('Sum(uint256)')], word(9))).kind).to.equal('ignored');
    expect(decoder.decode(rawLog([id('Hashed(address[])'), word(bob)])).kind).to.equal('ignored');
  });

  it('are never the undecoded ones', () => {
    const decoder = decoderOf(erc20, { addressFilters: [bob], keepUnknown: true });
    expect(reasonOf(decoder.decode(rawLog([id('Other()')])))).to.equal('unknown_event');
    expect(reasonOf(decoder.decode(rawLog([transferTopic, word(bob), word(bob)])))).to.equal('undecodable');
  });

  it('are judged anew by each event that a log may be', () => {
    const abi = [event('E', 'address indexed a', 'bool b'), event('E', 'address a', 'bool indexed b')];
    const decoder = decoderOf(abi, { addressFilters: [bob] });
    const topic = id('E(address,bool)');
    expect(decoder.decode(rawLog([topic, word(1)], word(bob))).kind).to.equal('event');
    expect(decoder.decode(rawLog([topic, word(0)], word(alice))).kind).to.equal('ignored');
  });
});
