import { expect } from 'chai';
import Table from 'cli-table3';
import { drawTable } from '../../../src/cli/terminal/draw-table.js';

const head = ['id', 'name', 'a longer one'];
const aligns = ['right', 'left', 'left'] as const;
/** The widest cells stand in different places, and one is of characters that take two columns. */
const rowsOf = (count: number): string[][] =>
  Array.from({ length: count }, (_, i) => [
    String(i),
    i === count - 1 ? '区块链上的事件✅' : 'x'.repeat(i % 9),
    i === 70 ? 'y'.repeat(40) : '',
  ]);

describe('drawTable', () => {
  it('draws any number of rows as they look when they are drawn together', async () => {
    for (const count of [0, 1, 50, 51, 100, 120]) {
      const table = new Table({
        head,
        colAligns: [...aligns],
        style: { head: [], border: [], compact: true },
      });
      table.push(...rowsOf(count));
      expect(await drawTable({ head, aligns, rows: rowsOf(count), isBoxed: true }), `${count} rows`).to.equal(
        table.toString(),
      );
    }
  });

  it('aligns the columns of any number of rows without boxes, under one head', async () => {
    const lines = (await drawTable({ head, aligns, rows: rowsOf(120), isBoxed: false })).split('\n');
    expect(lines).to.have.length(121);
    expect(lines[0]).to.match(/^ id {2}name {14}a longer one +$/);
    expect(lines[60]).to.equal(` 59  xxxxx             ${' '.repeat(40)}`);
    expect(lines[71]).to.equal(` 70  xxxxxxx           ${'y'.repeat(40)}`);
    expect(lines[120]).to.equal(`119  区块链上的事件✅  ${' '.repeat(40)}`);
  });

  it('lets signals be heard while it draws many rows', async () => {
    let turns = 0;
    const count = (): void => void (turns++, (next = setImmediate(count)));
    let next = setImmediate(count);
    await drawTable({ head, aligns, rows: rowsOf(500), isBoxed: true });
    clearImmediate(next);
    expect(turns).to.be.greaterThan(15);
  });
});
