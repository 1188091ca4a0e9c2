import { expect } from 'chai';
import { ProblemError } from '../../../src/api/problem.js';
import { parseExactJson } from '../../../src/api/server/validate.js';

describe('JSON that is read with every digit', () => {
  it('has whole numbers that JavaScript’s would round as bigints, and all else as JSON.parse has it', () => {
    const text =
      '{"a":9007199254740993,"b":[-9007199254740993,{"c":1e30}],"d":9007199254740991,"e":12345678901234567890.5}';
    expect(parseExactJson(text)).to.deep.equal({
      ...{ a: 9007199254740993n, b: [-9007199254740993n, { c: 1e30 }] },
      ...{ d: 9007199254740991, e: 12345678901234567890.5 },
    });
    expect(parseExactJson(` ${'9'.repeat(78)} `)).to.equal(10n ** 78n - 1n);
  });

  it('leaves the digits of texts and keys alone, whatever is escaped in them', () => {
    const value = {
      '9007199254740993': '9007199254740993',
      quoted: '\\"9007199254740993,\\',
      list: ['"', '":9007199254740993'],
    };
    const text = JSON.stringify(value);
    expect(parseExactJson(text)).to.deep.equal(value);
    expect(parseExactJson(`[9007199254740993,${text}]`)).to.deep.equal([9007199254740993n, value]);
  });

  it('has no number that is too large for a double: it would be another', () => {
    for (const text of ['1e400', '{"a":[-1E+309]}', `${'9'.repeat(400)}.5`]) {
      expect(() => parseExactJson(text), text)
        .to.throw(ProblemError, 'is too large a number')
        .with.property('status', 400);
    }
    expect(parseExactJson('["1e400",1e308,1e-400]')).to.deep.equal(['1e400', 1e308, 0]);
    expect(parseExactJson('9'.repeat(400))).to.equal(10n ** 400n - 1n);
  });

  it('is JSON', () => {
    for (const text of ['', '09007199254740993', '[9007199254740993', '9007199254740993n']) {
      expect(() => parseExactJson(text), text).to.throw(SyntaxError);
    }
  });
});
