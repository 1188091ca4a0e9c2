import { expect } from 'chai';
import { ArgumentsReader } from '../../../src/components/table-sink/arguments-reader.js';

describe('the reader of arguments', () => {
  const transfer = (from: unknown, value: unknown): string => JSON.stringify({ from, to: '0x02', value });

  it('reads the members that are asked for, in that order, of texts as JSON.parse does', () => {
    const reader = new ArgumentsReader(['value', 'from', 'memo']);
    for (const [from, value] of [
      ['0x01', '5'],
      ['0x03', '70'],
      ['', ''],
      ['a "quoted" one', '1'],
      ['line\nbreak', 'tab\t'],
      ['ends with a backslash \\', '","value":"2'],
      ['},{', 'né'],
    ]) {
      expect(reader.read(transfer(from, value))).to.deep.equal([value, from, undefined]);
    }
  });

  it('parses what is written otherwise than the first one', () => {
    const reader = new ArgumentsReader(['from', 'value']);
    expect(reader.read(transfer('0x01', '5'))).to.deep.equal(['0x01', '5']);
    expect(reader.read('{"value":"6","to":"0x02","from":"0x01"}')).to.deep.equal(['0x01', '6']);
    expect(reader.read(transfer('0x01', 7))).to.deep.equal(['0x01', 7]);
    expect(reader.read('{"from":"0x01","to":"0x02","value":"8","note":"x"}')).to.deep.equal(['0x01', '8']);
    expect(reader.read('{"from":"0x01","to":"0x02","value":"8" }')).to.deep.equal(['0x01', '8']);
    expect(reader.read(transfer('0x04', '9'))).to.deep.equal(['0x04', '9']);
  });

  it('finds no member that every object inherits', () => {
    const names = ['constructor', 'toString', '__proto__'];
    const nothing = [undefined, undefined, undefined];
    expect(new ArgumentsReader(names).read(transfer('0x01', '5'))).to.deep.equal(nothing);
    expect(new ArgumentsReader(names).read(transfer('0x01', 7))).to.deep.equal(nothing);
    const own = '{"constructor":"a","toString":"b","__proto__":"c"}';
    for (let times = 0; times < 2; times++) expect(new ArgumentsReader(names).read(own)).to.deep.equal(['a', 'b', 'c']);
  });

  it('parses where members are no texts, or names stand in another order than in an object', () => {
    const flags = new ArgumentsReader(['on', 'ids']);
    for (const on of [true, false]) expect(flags.read(`{"on":${on},"ids":["1","2"]}`)).to.deep.equal([on, ['1', '2']]);
    const numbered = new ArgumentsReader(['name', '0']);
    for (const name of ['a', 'b']) expect(numbered.read(`{"name":"${name}","0":"x"}`)).to.deep.equal([name, 'x']);
  });
});
