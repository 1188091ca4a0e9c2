import { expect } from 'chai';
import { LineSplitter } from '../../src/runtime/line-splitter.js';

/** Cuts a text that comes in pieces of so many bytes. */
function split(text: string | Buffer, size: number, options = {}): { lines: string[]; cut: number } {
  const splitter = new LineSplitter(options);
  const bytes = Buffer.from(text as string);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += size) lines.push(...splitter.push(bytes.subarray(at, at + size)));
  lines.push(...splitter.end());
  return { lines, cut: splitter.cutLines };
}

describe('LineSplitter', () => {
  it('gives the same lines however the bytes come', () => {
    for (const size of [1, 2, 3, 100]) {
      const { lines, cut } = split('é1\n\n好2\0\r\nlast', size);
      expect(lines).to.deep.equal(['é1', '', '好2\0\r', 'last']);
      expect(cut).to.equal(0);
    }
    expect(split('a\n', 1).lines).to.deep.equal(['a']);
    expect(split('', 1).lines).to.deep.equal([]);
  });

  it('turns what is no UTF-8 into marks', () => {
    expect(split(Buffer.from([0xff, 0x61, 0x0a, 0xc3]), 1).lines).to.deep.equal(['\ufffda', '\ufffd']);
  });

  it('cuts a line that is too long, between two characters, and says how long it was', () => {
    const { lines, cut } = split(`x${'é'.repeat(200_000)}\nshort\n${'y'.repeat(300_000)}`, 65_536);
    expect(lines.map((line) => line.replace(/(.)\1{100,}/, '$1'))).to.deep.equal([
      'xé… [cut: 400001 bytes]',
      'short',
      'y… [cut: 300000 bytes]',
    ]);
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).to.be.lessThan(262_144 + 40);
    expect(cut).to.equal(2);
  });

  it('leaves a line whole that just fits', () => {
    const line = 'z'.repeat(262_144);
    expect(split(`${line}\n`, 65_536)).to.deep.equal({ lines: [line], cut: 0 });
  });

  it('marks a first line whose begin is not there', () => {
    expect(split('end\nnext\n', 2, { startsInside: true })).to.deep.equal({ lines: ['[cut] …end', 'next'], cut: 1 });
  });

  it('takes time in proportion to the bytes, however long a line is', () => {
    const piece = Buffer.alloc(65_536, 0x61);
    const splitter = new LineSplitter();
    // A gigabyte: where each piece is joined to all before it, this takes hours and the longest text there is.
    for (let i = 0; i < 16_384; i++) splitter.push(piece);
    expect(splitter.end()[0]).to.match(/… \[cut: 1073741824 bytes\]$/);
  });
});
