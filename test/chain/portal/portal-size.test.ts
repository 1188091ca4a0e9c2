import { expect } from 'chai';
import { PortalSize, pieceBytes } from '../../../src/chain/portal/portal-size.js';

const all = { from: 0, to: 100_000_000 };

describe('how many blocks a portal is asked for', () => {
  const blocksOf = (size: PortalSize): number => size.headOf(all).to + 1;
  const answer = (size: PortalSize, bytesPerBlock: number, waitedMs: number, came = blocksOf(size)): void => {
    const isWhole = came === blocksOf(size);
    size.answered({ blocks: came, bytes: came * bytesPerBlock, inAll: came, isWhole, waitedMs });
  };

  it('is what fills a piece, and grows step by step where blocks hold little', () => {
    const size = new PortalSize(2_000);
    expect(size.isProven).to.equal(false);
    answer(size, 1_000, 0);
    expect(size.isProven).to.equal(true);
    expect(blocksOf(size)).to.equal(Math.floor(pieceBytes / 1_000));
    const sparse = new PortalSize(2_000);
    answer(sparse, 0.01, 0);
    expect(blocksOf(sparse)).to.equal(16_000);
  });

  it('is more where requests have to wait for their turn', () => {
    const size = new PortalSize(4_000);
    for (let at = 0; at < 10; at++) answer(size, 1_000, 500);
    expect(blocksOf(size)).to.equal(Math.floor((16 * pieceBytes) / 1_000));
    for (let at = 0; at < 20; at++) answer(size, 1_000, 0);
    expect(blocksOf(size)).to.equal(Math.floor(pieceBytes / 1_000));
  });

  it('is no more than the portal gives before it ends an answer early, until it gives all again', () => {
    const size = new PortalSize(4_000);
    answer(size, 10, 0, 500);
    expect(blocksOf(size)).to.equal(500);
    answer(size, 10, 0);
    expect(blocksOf(size)).to.equal(1_000);
  });
});
