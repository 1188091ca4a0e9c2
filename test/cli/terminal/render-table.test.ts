import { expect } from 'chai';
import { displayWidth } from '../../../src/cli/terminal/display-width.js';
import { renderTable, type Heading, type RenderedTable } from '../../../src/cli/terminal/render-table.js';
import { briefAge, briefHex } from '../../../src/cli/terminal/brief-texts.js';

const headings: readonly Heading[] = [
  { column: 'id', align: 'right' },
  { column: 'worker', cut: 2, least: 8 },
  { column: 'heartbeat', brief: briefAge },
  { column: 'message', least: 10 },
  { column: 'transaction', cut: 1, brief: briefHex },
];
const hash = `0x${'ab'.repeat(32)}`;
const row = ['1', 'host-number-one:4711', '2024-01-15T10:05:30 (12 s ago)', 'something went wrong with it', hash];

const render = (columns: number | undefined, isTerminal = true, lang: 'en' | 'zh' = 'en'): Promise<RenderedTable> =>
  renderTable(headings, [row], { lang, color: false, isTerminal, columns });

describe('renderTable', () => {
  it('leaves a table whole that fits, or that need not fit', async () => {
    const { text, hidden } = await render(undefined);
    expect(hidden).to.deep.equal([]);
    for (const cell of row) expect(text).to.contain(cell);
    const width = displayWidth(text.split('\n')[0] ?? '');
    expect(await render(width)).to.deep.equal({ text, hidden });
  });

  it('is never wider than it may be, whatever there is to show, in boxes and without them', async () => {
    for (const lang of ['en', 'zh'] as const) {
      for (const isTerminal of [true, false]) {
        for (let columns = 30; columns < 170; columns++) {
          const { text } = await render(columns, isTerminal, lang);
          for (const line of text.split('\n')) expect(displayWidth(line), `${columns}: ${line}`).to.be.at.most(columns);
        }
      }
    }
  });

  it('says things in fewer words before it cuts a column', async () => {
    const { text, hidden } = await render(100);
    expect(hidden).to.deep.equal([]);
    expect(text)
      .to.contain('│ 12 s ago  │')
      .and.contain('│ 0xababab…abab │')
      .and.contain('something went wrong with it');
  });

  it('cuts the least important columns first, and tells which', async () => {
    expect((await render(58)).hidden).to.deep.equal([]);
    expect((await render(57)).hidden).to.deep.equal(['worker']);
    expect((await render(50)).hidden).to.deep.equal(['worker']);
    expect((await render(38)).hidden).to.deep.equal(['worker', 'transaction']);
    expect((await render(38, true, 'zh')).hidden).to.deep.equal(['进程', '交易']);
  });

  it('then shortens the longest cells, and shows that it did', async () => {
    const { text } = await render(38);
    expect(text).to.contain('│ something went w… │');
  });

  it('counts Chinese characters as the two columns that they take', async () => {
    const wide: readonly Heading[] = [{ column: 'message', least: 4 }];
    const { text } = await renderTable(wide, [['区块链上的事件']], {
      lang: 'zh',
      color: false,
      isTerminal: true,
      columns: 13,
    });
    expect(text).to.contain('│ 区块链上… │');
  });
});
