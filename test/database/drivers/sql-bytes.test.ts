import { expect } from 'chai';
import fc from 'fast-check';
import { SqlBytes } from '../../../src/database/drivers/sql-bytes.js';
import { Rooms } from '../../../src/runtime/rooms.js';

/** What a function writes, into a room that is too small at first. */
function written(write: (sql: SqlBytes) => void): string {
  const sql = new SqlBytes(new Rooms(), 1);
  write(sql);
  return sql.end().written.toString();
}

function hexWritten(value: string): string {
  return written((sql) => {
    sql.text("x'");
    sql.hexDigits(value);
  });
}

describe('SQL that is written as bytes', () => {
  it('is what was written, piece by piece, however much it grows', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(texts, (all) => {
        expect(written((sql) => all.forEach((text) => sql.text(text)))).to.equal(all.join(''));
      }),
    );
  });

  it('says numbers as JavaScript does', () => {
    const some = [0, -0, 9, 10, 99, 2 ** 31 - 1, 2 ** 31, 2 ** 53, 1e21, -1, 1.5, NaN];
    for (const number of some) expect(written((sql) => sql.number(number))).to.equal(String(number));
    const any = fc.oneof(fc.nat(), fc.integer(), fc.double());
    fc.assert(
      fc.property(any, (number) => {
        expect(written((sql) => sql.number(number))).to.equal(String(number));
      }),
    );
  });

  it('says the digits of 0x-hex, in either case', () => {
    const hex = fc.array(fc.constantFrom(...'0123456789abcdefABCDEF'.split('')), { maxLength: 70 });
    fc.assert(
      fc.property(hex, (all) => {
        const digits = all.slice(0, all.length - (all.length % 2)).join('');
        expect(hexWritten(`0x${digits}`)).to.equal(`x'${digits}`);
      }),
    );
  });

  it('refuses whatever is no 0x-hex of whole bytes, wherever it stands', () => {
    const wrong = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((one) => !/[0-9a-fA-F]/.test(one));
    fc.assert(
      fc.property(wrong, fc.nat(13), (one, at) => {
        const digits = Array.from('0123456789abcd', (digit, place) => (place === at ? one : digit)).join('');
        expect(() => hexWritten(`0x${digits}`)).to.throw(TypeError, /not the hex of whole bytes/);
      }),
      { numRuns: 1_000 },
    );
    for (const value of ['', '0', '0x0', '0x000', '00', 'x0', 'ab01', '0X00', "0x0'"]) {
      expect(() => hexWritten(value), value).to.throw(TypeError);
    }
  });

  it('gives back what was written last', () => {
    const sql = new SqlBytes(new Rooms(), 4);
    sql.text('one');
    sql.text(', two');
    expect(sql.cut(3).toString()).to.equal(', two');
    sql.text('!');
    expect(sql.end().written.toString()).to.equal('one!');
  });
});
