import { expect } from 'chai';
import { id } from 'ethers';
import { builtinAbi } from '../../../src/chain/abi/builtin-abis.js';
import { createDecoder, type DecoderSpec } from '../../../src/chain/abi/decoder.js';
import { anonymous, argsOf, argsText, decoderOf, event, nameOf, rawLog, reasonOf, word } from './log-fixtures.js';

const erc20 = builtinAbi('erc20')!;
const erc721 = builtinAbi('erc721')!;
const transferTopic = id('Transfer(address,address,uint256)');
const alice = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
const bob = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359';
const token = `0x${'ab'.repeat(20)}`;
const other = `0x${'cd'.repeat(20)}`;

const transferLog = rawLog([transferTopic, word(alice), word(bob)], word(5), token);

describe('the choice of an event', () => {
  const events = [...erc20, ...erc721];

  it('goes by the first topic and the number of indexed arguments', () => {
    const decoder = decoderOf(events);
    expect(decoder.decode(transferLog)).to.deep.equal({
      kind: 'event',
      eventName: 'Transfer',
      eventSignature: 'Transfer(address,address,uint256)',
      argsJson: `{"from":"${alice}","to":"${bob}","value":"5"}`,
    });
    const nft = decoder.decode(rawLog([transferTopic, word(alice), word(bob), word(7)]));
    expect(argsOf(nft)).to.deep.equal({ from: alice, to: bob, tokenId: '7' });
  });

  it('takes the first of two that fit alike, unless only the next one decodes', () => {
    const decoder = decoderOf([event('E', 'bool indexed a', 'uint8 b'), event('E', 'bool a', 'uint8 indexed b')]);
    const topic = id('E(bool,uint8)');
    expect(argsText(decoder.decode(rawLog([topic, word(1)], word(1))))).to.equal('{"a":true,"b":"1"}');
    expect(argsText(decoder.decode(rawLog([topic, word(9)], word(1))))).to.equal('{"a":true,"b":"9"}');
    expect(reasonOf(decoder.decode(rawLog([topic, word(9)], word(9))))).to.equal('undecodable');
  });

  it('lets addresses have definitions of their own, merged where several name one', () => {
    const decoder = createDecoder({
      contracts: [
        { addresses: [token.toUpperCase().replace('X', 'x')], abi: [event('Set', 'uint256 first')] },
        { addresses: [other, token], abi: erc20 },
        { addresses: [other], abi: [event('Set', 'uint256 second')] },
      ],
      eventsToMonitor: null,
      addressFilters: [],
      keepUnknown: false,
    });
    const set = id('Set(uint256)');
    expect(decoder.addresses).to.deep.equal([token, other]);
    expect(argsOf(decoder.decode(rawLog([set], word(1), token)))).to.deep.equal({ first: '1' });
    expect(argsOf(decoder.decode(rawLog([set], word(1), other)))).to.deep.equal({ second: '1' });
    expect(decoder.decode(transferLog).kind).to.equal('event');
  });

  const each: DecoderSpec = {
    contracts: [
      { addresses: [token], abi: [event('Set', 'uint256 value')] },
      { addresses: [other], abi: erc20 },
    ],
    eventsToMonitor: null,
    addressFilters: [],
    keepUnknown: false,
  };

  it('ignores what is asked for only because of another address, unless unknown logs are to be kept', () => {
    const set = rawLog([id('Set(uint256)')], word(1), other);
    const decoder = createDecoder(each);
    expect(decoder.decode(set).kind).to.equal('ignored');
    expect(decoder.decode(transferLog).kind).to.equal('ignored');
    expect(decoder.decode({ ...set, address: token }).kind).to.equal('event');
    expect(decoder.decode({ ...transferLog, address: other }).kind).to.equal('event');
    expect(reasonOf(createDecoder({ ...each, keepUnknown: true }).decode(set))).to.equal('unknown_event');
    // The address's own event, in another shape, is news of a wrong ABI.
    expect(reasonOf(decoder.decode({ ...transferLog, address: other, data: '0x' }))).to.equal('undecodable');
    expect(reasonOf(decoder.decode({ ...transferLog, address: other, topics: [transferTopic] }))).to.equal(
      'indexed_mismatch',
    );
  });

  it("ignores what is asked for only because of another address's anonymous event", () => {
    const [, erc20Only] = each.contracts;
    const contracts = [{ addresses: [token], abi: [anonymous('Flag', 'bool indexed on')] }, erc20Only!];
    const decoder = createDecoder({ ...each, contracts });
    expect(decoder.topics).to.equal(null);
    expect(decoder.decode(rawLog([id('Set(uint256)')], word(1), other)).kind).to.equal('ignored');
    expect(nameOf(decoder.decode(rawLog([word(1)], '0x', token)))).to.equal('Flag');
  });

  it('falls back to the definitions for any address', () => {
    const decoder = createDecoder({
      contracts: [
        { addresses: null, abi: [event('Set', 'uint256 general'), ...erc20] },
        { addresses: [token], abi: [event('Set', 'uint256 own')] },
      ],
      eventsToMonitor: null,
      addressFilters: [],
      keepUnknown: false,
    });
    const set = id('Set(uint256)');
    expect(decoder.addresses).to.equal(null);
    expect(argsOf(decoder.decode(rawLog([set], word(1), token)))).to.deep.equal({ own: '1' });
    expect(argsOf(decoder.decode(rawLog([set], word(1), other)))).to.deep.equal({ general: '1' });
    expect(decoder.decode(transferLog).kind).to.equal('event');
  });

  it('ignores the logs of other addresses', () => {
    const decoder = decoderOf([], { contracts: [{ addresses: [other], abi: erc20 }], keepUnknown: true });
    expect(decoder.decode(transferLog).kind).to.equal('ignored');
  });

  it('tries anonymous events only where no first topic fits, in order, until one decodes', () => {
    const decoder = decoderOf([
      anonymous('Flag', 'bool indexed on'),
      anonymous('Small', 'uint8 indexed value'),
      anonymous('Hash', 'bytes32 indexed hash'),
      event('Seen'),
    ]);
    const names = [word(1), word(200), transferTopic, id('Seen()')].map((topic) =>
      nameOf(decoder.decode(rawLog([topic]))),
    );
    expect(names).to.deep.equal(['Flag', 'Small', 'Hash', 'Seen']);
  });
});

describe('the reason why a log is no event', () => {
  it('is unknown_event where the first topic is not in the ABI', () => {
    expect(reasonOf(decoderOf(erc20).decode(rawLog([id('Other()')])))).to.equal('unknown_event');
  });

  it('is indexed_mismatch where only the number of indexed arguments is another', () => {
    const nft = rawLog([transferTopic, word(alice), word(bob), word(7)]);
    expect(reasonOf(decoderOf(erc20).decode(nft))).to.equal('indexed_mismatch');
    expect(reasonOf(decoderOf(erc20).decode(rawLog([transferTopic], word(1))))).to.equal('indexed_mismatch');
  });

  it('is indexed_mismatch where no anonymous event has as many topics', () => {
    const decoder = decoderOf([anonymous('Pair', 'uint256 indexed a', 'uint256 indexed b'), event('Seen')]);
    expect(reasonOf(decoder.decode(rawLog([word(1)])))).to.equal('indexed_mismatch');
    expect(reasonOf(decoder.decode(rawLog([word(1), word(1), word(1)])))).to.equal('indexed_mismatch');
  });

  it('is no_topics where there is none and no anonymous event without one', () => {
    expect(reasonOf(decoderOf(erc20).decode(rawLog([])))).to.equal('no_topics');
    expect(reasonOf(decoderOf([anonymous('One', 'bool indexed a')]).decode(rawLog([])))).to.equal('no_topics');
    expect(nameOf(decoderOf([anonymous('None')]).decode(rawLog([])))).to.equal('None');
  });

  it('is undecodable where data or topics do not decode', () => {
    const bad = [
      rawLog([transferTopic, word(alice), word(bob)], '0x'),
      rawLog([transferTopic, word(alice), word(bob)], word(5).slice(0, -2)),
      rawLog([transferTopic, word(alice), word(bob)], word(5).slice(0, -1)),
      rawLog([transferTopic, word(alice), word(bob)], `${word(5)}0`),
      rawLog([transferTopic, word(alice), word(bob)], `${word(5)}zz`),
      rawLog([transferTopic, word(alice), word(bob)], word(5).replace('0x', '00')),
      rawLog([transferTopic, word(alice), word(bob)], ''),
      rawLog([transferTopic, word(alice), '0x'], word(5)),
      rawLog([transferTopic, word(alice), `${word(bob)}00`], word(5)),
      rawLog([transferTopic, word(alice), `0x${'g'.repeat(64)}`], word(5)),
      rawLog([transferTopic, word(alice), `${word(bob).slice(0, -1)}g`], word(5)),
      rawLog(['0x1234'], word(5)),
    ];
    for (const log of bad) {
      expect(reasonOf(decoderOf(erc20).decode(log)), JSON.stringify(log)).to.equal('undecodable');
    }
    expect(reasonOf(decoderOf([anonymous('A', 'bool indexed a')]).decode(rawLog([word(2)])))).to.equal('undecodable');
    const hash = decoderOf([event('Said', 'string indexed text')]);
    expect(reasonOf(hash.decode(rawLog([id('Said(string)'), '0x12'])))).to.equal('undecodable');
  });
});
