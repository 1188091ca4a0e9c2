import { expect } from 'chai';
import { deserialize, serialize } from 'node:v8';
import { packInsert, unpackStep } from '../../../../src/database/drivers/sqlite/packed-insert.js';
import type { PackedInsert } from '../../../../src/database/drivers/sqlite/packed-insert.js';
import type { BulkInsert, InsertColumn, SqlValue } from '../../../../src/database/script.js';

const insertOf = (...columns: InsertColumn[]): BulkInsert => ({
  table: 'event',
  columns,
  count: columns[0]?.values.length ?? 0,
});

/** What the other process has of an insert. */
function sent(insert: BulkInsert): BulkInsert {
  return unpackStep(deserialize(serialize(packInsert(insert))) as PackedInsert) as BulkInsert;
}

/** What becomes of the values of a column. */
function valuesOf(values: readonly SqlValue[], hex = false): readonly unknown[] {
  const { columns } = sent(insertOf({ name: 'a', values, hex }));
  return (columns[0]?.values ?? []).map((value) =>
    value instanceof Uint8Array ? `bytes ${Buffer.from(value).toString('hex')}` : value,
  );
}

describe('an insert that travels to another process', () => {
  it('arrives with its table, its columns and its rows', () => {
    const arrived = sent(insertOf({ name: 'a', values: [1, 2, 2] }, { name: 'b', values: ['x', 'x', 'yy'] }));
    expect(arrived.table).to.equal('event');
    expect(arrived.count).to.equal(3);
    expect(arrived.columns.map(({ name, values }) => [name, values])).to.deep.equal([
      ['a', [1, 2, 2]],
      ['b', ['x', 'x', 'yy']],
    ]);
  });

  it('keeps numbers and texts of every kind', () => {
    const texts = ['', '', 'a', '汉字', '💸', '\0', "it's", '', 'a'];
    expect(valuesOf(texts)).to.deep.equal(texts);
    const numbers = [0, -1, 2 ** 53 - 1, 1.5, 0];
    expect(valuesOf(numbers)).to.deep.equal(numbers);
    const mixed = [null, 'a', 1, null];
    expect(valuesOf(mixed)).to.deep.equal(mixed);
    expect(valuesOf([])).to.deep.equal([]);
  });

  it('keeps the texts of a column in which hardly any two are the same', () => {
    const values = ['{"a":1}', '{"a":1}', '', '{"a":"汉字"}'];
    const [column] = sent(insertOf({ name: 'args', values, distinct: true })).columns;
    expect(column?.values).to.deep.equal(values);
  });

  it('has the bytes of what was hex, whatever its length', () => {
    const values = ['0xAb', '0xab', '0x', '0x', '0x00ff00', '0x00ff00'];
    expect(valuesOf(values, true)).to.deep.equal([
      'bytes ab',
      'bytes ab',
      'bytes ',
      'bytes ',
      'bytes 00ff00',
      'bytes 00ff00',
    ]);
  });

  it('keeps apart what was hex in a column with gaps', () => {
    const { columns } = sent(insertOf({ name: 'a', values: [null, '0xab'], hex: true }));
    expect(columns[0]).to.deep.include({ hex: true, values: [null, '0xab'] });
  });

  for (const value of ['0xabc', '0xzz', 'abcd', '0x00\n']) {
    it(`does not set out with ${JSON.stringify(value)} among its hex`, () => {
      const insert = insertOf({ name: 'a', values: ['0x00', value], hex: true });
      expect(() => packInsert(insert)).to.throw(TypeError, /not the hex of whole bytes/);
    });
  }

  it('does not set out with halves of bytes that would be whole ones together', () => {
    const insert = insertOf({ name: 'a', values: ['0xabc', '0xd'], hex: true });
    expect(() => packInsert(insert)).to.throw(TypeError, /not the hex of whole bytes/);
  });

  it('has a value that is the same in row after row once', () => {
    const repeated = Array.from({ length: 10_000 }, () => 'Transfer(address,address,uint256)');
    expect(serialize(packInsert(insertOf({ name: 'a', values: repeated }))).length).to.be.below(300);
  });

  it('copes with texts that are too long to be joined', () => {
    const long = 'x'.repeat(1 << 26);
    const values = [long, `${long}y`];
    const { packed } = packInsert(insertOf({ name: 'a', values }));
    expect(packed[0]).to.have.property('values', values);
  });
});
