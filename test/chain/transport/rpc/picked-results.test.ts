import { expect } from 'chai';
import fc from 'fast-check';
import { pickResults } from '../../../../src/chain/transport/rpc/picked-results.js';

const fields = ['number', 'hash'];
const pick = (text: string): unknown => pickResults(Buffer.from(text), fields);
const reply = (id: number, result: unknown): object => ({ jsonrpc: '2.0', id, result });
const block = {
  parentHash: '0x2',
  number: '0x1',
  transactions: ['0xa', '0xb'],
  nested: { hash: ['{', '}'] },
  hash: '0x3',
};

describe('answers of which some fields are wanted', () => {
  it('hold these, and what else a reply says', () => {
    const text = JSON.stringify([reply(1, block), reply(2, null), reply(3, {})]);
    expect(pick(text)).to.deep.equal([reply(1, { number: '0x1', hash: '0x3' }), reply(2, null), reply(3, {})]);
  });

  it('may be written with space, in another order, and with long texts', () => {
    const long = { ...block, logsBloom: `0x${'0'.repeat(512)}` };
    const text = JSON.stringify([{ result: long, id: 'a' }], null, 2);
    expect(pick(` ${text}\r\n`)).to.deep.equal([{ result: { number: '0x1', hash: '0x3' }, id: 'a' }]);
  });

  it('may have space behind texts, and texts that are no ASCII', () => {
    expect(pick('[{"id":"a" ,"result":{"number":"0x1" , "hash":"ä"\n}}]')).to.deep.equal([
      { id: 'a', result: { number: '0x1', hash: 'ä' } },
    ]);
  });

  it('may hold numbers, and the last of several fields of one name', () => {
    expect(pick('[{"id":1,"result":{"number":7,"hash":null,"number":8}}]')).to.deep.equal([
      { id: 1, result: { number: 8, hash: null } },
    ]);
  });

  it('are to be parsed as a whole where one is an error or something else, or no JSON as nodes write it', () => {
    for (const text of [
      '',
      'gateway timeout',
      '[]',
      JSON.stringify(reply(1, block)),
      JSON.stringify([{ id: 1, error: { code: 1, message: 'no' } }]),
      JSON.stringify([reply(1, [block])]),
      JSON.stringify([reply(1, { number: ['0x1'] })]),
      JSON.stringify([reply(1, { number: '"' })]),
      '[{"id":1,"result":{"number":"0x1"}}',
      '[{"id":1,"result":{"number":"0x1}}]',
      '[{"id":1,"result":{"number":"0x1"}}]]',
      '[{"id":1,"result":{"number":0x1}}]',
      '[{"id":1,"result":{"other":[1,"number":"0x1"}}',
      '[{"id":1,"result":{"number":}}]',
      '[{"id":1,"result":{"number":"a\nb"}}]',
      '[{"id":1,"result":{"number":"a"b}}]',
    ]) {
      expect(pick(text), text).to.equal(undefined);
    }
  });

  it('are never read otherwise than by JSON.parse', () => {
    const results = fc.array(fc.dictionary(fc.constantFrom('number', 'hash', 'other', 'x'), fc.jsonValue()));
    fc.assert(
      fc.property(results, (blocks) => {
        const replies = blocks.map((each, index) => reply(index, each));
        const picked = pick(JSON.stringify(replies));
        if (picked === undefined) return;
        const wanted = blocks.map((each, index) =>
          reply(index, Object.fromEntries(Object.entries(each).filter(([name]) => fields.includes(name)))),
        );
        expect(picked).to.deep.equal(JSON.parse(JSON.stringify(wanted)));
      }),
    );
  });
});
