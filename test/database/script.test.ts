import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import type { BulkInsert, SqlValue, Statement } from '../../src/database/script.js';
import { FenceError } from '../../src/database/script.js';
import { eachDatabase } from '../support/databases.js';
import { bulkInsert } from './bulk-insert.js';
import { wordsOf } from '../support/table-words.js';
import { rejectionOf } from '../support/rejection.js';

const odd = [
  "it's",
  'back\\slash \\n \\',
  'nul\0nul',
  'new\r\nline\t\b\x1a',
  '💸 emoji, 汉字, ünïcode',
  'what? ?? :name $1 @x; DROP TABLE item; --',
  '"double" `tick`',
  '%_',
  '',
];

for (const mode of ['in this process', 'as runs do'] as const) {
  eachDatabase(`a script ${mode}`, (databases) => {
    let database: Database;

    before(async function () {
      this.timeout(60_000);
      const url = await databases.fresh();
      const timeout = mode === 'as runs do' ? { statementTimeoutMs: 15_000 } : {};
      database = await openDatabase(url, { create: true, ...timeout });
      if (databases.dialect === 'sqlite') await database.knex.raw('SELECT 1');
      const { bytes, longText } = wordsOf(database);
      await database.write([run(`CREATE TABLE item (id INTEGER PRIMARY KEY, a ${longText}, b ${bytes})`)]);
    });
    beforeEach(() => database.write([run('DELETE FROM item')]));
    after(() => database.close());

    const run = (sql: string, ...bindings: Statement['bindings']): Statement => ({ sql, bindings });
    const add = (id: number): Statement => run('INSERT INTO item (id) VALUES (?)', id);
    const set = (id: number, a: string): Statement => ({
      ...run('UPDATE item SET a = ? WHERE id = ?', a, id),
      fence: true,
    });
    const ids = async (): Promise<number[]> =>
      (await database.read<{ id: number }[]>((knex) => knex('item').select('id').orderBy('id'))).map(({ id }) => id);
    const bulk = (rows: readonly (readonly SqlValue[])[]): BulkInsert =>
      bulkInsert('item', [{ name: 'id' }, { name: 'a' }, { name: 'b', hex: true }], rows);
    const errorOf = (steps: readonly (Statement | BulkInsert)[]): Promise<unknown> =>
      rejectionOf(database.write(steps));

    it('does everything', async () => {
      const results = await database.write([add(1), add(2), set(2, 'x'), run('DELETE FROM item WHERE id = 1')]);
      expect(results.map(({ matched }) => matched)).to.deep.equal([1, 1, 1, 1]);
      expect(await ids()).to.deep.equal([2]);
    });

    it('does nothing where a statement fails', async () => {
      expect(await errorOf([add(1), add(2), add(1)])).to.be.instanceOf(Error);
      expect(await ids()).to.deep.equal([]);
    });

    it('does nothing where a fence matches no row, and the connection goes on', async () => {
      expect(await errorOf([add(1), set(7, 'x'), add(2)])).to.be.instanceOf(FenceError);
      expect(await ids()).to.deep.equal([]);
      await database.write([add(3), set(3, 'x')]);
      expect(await ids()).to.deep.equal([3]);
    });

    it('does nothing where the last statement is a fence that does not hold', async () => {
      expect(await errorOf([add(1), set(7, 'x')])).to.be.instanceOf(FenceError);
      expect(await ids()).to.deep.equal([]);
    });

    it('takes a fence that matches several rows for one that does not hold', async () => {
      await database.write([add(1), add(2)]);
      const both: Statement = { ...run('UPDATE item SET a = ?', 'x'), fence: true };
      expect(await errorOf([both])).to.be.instanceOf(FenceError);
      const rows = await database.read<{ a: string | null }[]>((knex) => knex('item').select('a'));
      expect(rows.map(({ a }) => a)).to.deep.equal([null, null]);
    });

    it('lets a fence hold that matches a row and changes nothing in it', async () => {
      await database.write([add(1), set(1, 'same')]);
      const [result] = await database.write([set(1, 'same')]);
      expect(result?.matched).to.equal(1);
    });

    it('keeps odd texts and long hex as they are, in bindings and in bulk', async () => {
      const hex = `0x${'c0ffee00'.repeat(30_000)}`;
      await database.write([
        bulk(odd.map((text, i) => [i, text, hex])),
        ...odd.map((text, i) => run('INSERT INTO item (id, a) VALUES (?, ?)', 100 + i, text)),
        run('INSERT INTO item (id, b) VALUES (?, ?)', 200, Buffer.from([0, 39, 92, 255])),
        bulk([[300, null, '0x']]),
      ]);
      const rows = await database.read<{ id: number; a: string | null; b: Buffer | null }[]>((knex) =>
        knex('item').orderBy('id'),
      );
      const texts = rows.filter(({ id }) => id < 200).map(({ a }) => a);
      // PostgreSQL has no text with a NUL in it.
      const kept = odd.map((text) => (databases.dialect === 'postgres' ? text.replace('\0', '\uFFFD') : text));
      expect(texts).to.deep.equal([...kept, ...kept]);
      expect(rows.slice(0, odd.length).every(({ b }) => b?.toString('hex') === hex.slice(2))).to.equal(true);
      expect([...(rows.at(-2)?.b ?? [])]).to.deep.equal([0, 39, 92, 255]);
      expect(rows.at(-1)).to.deep.include({ a: null, b: Buffer.alloc(0) });
    });

    it('keeps bytes of one length, of several, and none, each in its row, and numbers of either sign', async () => {
      const lists: readonly (readonly SqlValue[])[] = [
        ['0x0a01', '0x0B02', '0x0c03'],
        ['0x01', '0x0203', '0x'],
        ['0x01', null, '0x02'],
        [null, '0x01', '0x02'],
        ['0x', '0x', '0x01'],
        [Buffer.from('aa', 'hex'), Buffer.from('bb', 'hex'), Buffer.from('cc', 'hex')],
      ];
      for (const values of lists) {
        await database.write([run('DELETE FROM item'), bulk(values.map((value, i) => [10 - 7 * i, null, value]))]);
        const rows = await database.read<{ id: number; b: Buffer | null }[]>((knex) =>
          knex('item').select('id', 'b').orderBy('id', 'desc'),
        );
        expect(rows.map(({ id }) => id)).to.deep.equal([10, 3, -4]);
        expect(rows.map(({ b }) => b?.toString('hex') ?? null)).to.deep.equal(
          values.map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : toDigits(value))),
        );
      }
    });

    it('keeps what stays the same over many rows in each of them, wherever it changes', async () => {
      // Each column changes elsewhere, one of them behind its first row and before its last one.
      const hexes = (id: number): string => (id === 0 ? '0x00' : id < 50 ? '0x0B' : id < 99 ? '0xc1' : '0x0d');
      for (const values of [
        hexes,
        (id: number) => (id < 40 ? hexes(id) : '0x'),
        (id: number) => (id < 40 ? '0x01' : null),
      ]) {
        const expected = Array.from({ length: 100 }, (_, id) => ({ id, a: Math.floor(id / 33) - 1, b: values(id) }));
        await database.write([run('DELETE FROM item'), bulk(expected.map(({ id, a, b }) => [id, a, b]))]);
        const rows = await database.read<{ id: number; a: string; b: Buffer | null }[]>((knex) =>
          knex('item').select('id', 'a', 'b').orderBy('id'),
        );
        const kept = rows.map(({ id, a, b }) => ({ id, a: Number(a), b: b?.toString('hex') ?? null }));
        expect(kept).to.deep.equal(expected.map(({ b, ...rest }) => ({ ...rest, b: toDigits(b) })));
      }
    });

    it('does nothing for an insert of no rows', async () => {
      const [none, one] = await database.write([bulk([]), add(1)]);
      expect([none?.matched, one?.matched]).to.deep.equal([0, 1]);
      expect(await ids()).to.deep.equal([1]);
    });

    it('inserts many rows, and tells how many', async () => {
      const rows = Array.from({ length: 20_013 }, (_, i) => [i, `row ${i}`, '0xAbCd']);
      const [inserted] = await database.write([bulk(rows)]);
      expect(inserted?.matched).to.equal(rows.length);
      expect((await ids()).length).to.equal(rows.length);
    });

    it('inserts what was prepared before, once, whatever is prepared meanwhile and however often it was tried', async () => {
      const from = (first: number): BulkInsert =>
        database.prepare(
          bulk(Array.from({ length: 3_000 }, (_, i) => [first + i, `row ${first + i} `.repeat(50), '0xab12'])),
        );
      await database.write([run('SELECT 1')]);
      let [next, tried] = [from(0), from(3_000)];
      expect(await errorOf([tried, set(-1, 'x')])).to.be.instanceOf(FenceError);
      for (let first = 6_000; first <= 15_000; first += 3_000) {
        const written = database.write([next]);
        [next, tried] = [tried, from(first)];
        await written;
      }
      await database.write([next]);
      const rows = await database.read<{ id: number; a: string }[]>((knex) => knex('item').select('id', 'a'));
      expect(rows.length).to.equal(15_000);
      expect(rows.filter(({ id, a }) => a !== `row ${id} `.repeat(50))).to.deep.equal([]);
    });

    it('inserts what is longer than a packet of the protocol', async () => {
      const rows = Array.from({ length: 18 }, (_, i) => [i, String(i % 10).repeat(1_000_000), '0x00']);
      await database.write([bulk(rows)]);
      const stored = await database.knex('item').select('id', 'a').orderBy('id');
      expect(
        stored.map(({ id, a }: { id: number; a: string }) => [id, a === String(id % 10).repeat(1_000_000)]),
      ).to.deep.equal(rows.map(([id]) => [id, true]));
    });

    for (const value of ['0xabc', '0xzz', 'abcd', "0x00' OR 1", '0x 00', '0x00\n']) {
      it(`refuses ${JSON.stringify(value)}, which is no hex, and inserts nothing`, async () => {
        const rows = [
          [1, 'fine', '0x00'],
          [2, 'not', value],
        ];
        expect(String(await errorOf([bulk(rows)]))).to.match(/not the hex of whole bytes/);
        expect(await ids()).to.deep.equal([]);
      });
    }

    it('rejects what is no SQL value', async () => {
      const query = database.knex('item').insert({ id: 1, a: new Date(0) });
      await rejectionOf(database.write([query]), TypeError);
      await database.write([database.knex('item').insert({ id: 1, a: true })]);
      expect(await ids()).to.deep.equal([1]);
    });
  });
}

function toDigits(hex: SqlValue): string | null {
  return typeof hex === 'string' ? hex.slice(2).toLowerCase() : null;
}
