import { expect } from 'chai';
import { StatedRate } from '../../../../src/chain/transport/endpoints/stated-rate.js';
import type { RateStatement } from '../../../../src/chain/transport/rpc/rate-headers.js';

const never = Number.NEGATIVE_INFINITY;

describe('what an endpoint states of its rate', () => {
  let rate: StatedRate;
  beforeEach(() => {
    rate = new StatedRate();
  });
  /** An answer comes at `now` to a request that left `tookMs` before. */
  const hear = (statement: Partial<RateStatement>, now: number, { tookMs = 0, isTaken = true } = {}): void =>
    rate.hear([{ window: '', ...statement }], { since: now - tookMs, isTaken }, now);

  it('is nothing at first, and nothing where no number is told', () => {
    expect([rate.perSecond, rate.freeAt(1_000)]).to.eql([Number.POSITIVE_INFINITY, never]);
    hear({ limit: 10 }, 0);
    expect([rate.perSecond, rate.freeAt(1_000)]).to.eql([Number.POSITIVE_INFINITY, never]);
  });

  it('is as many requests as a window holds, in its time; a window whose length is not told is as long as it was at most', () => {
    hear({ limit: 120, windowMs: 60_000 }, 0);
    expect(rate.perSecond).to.equal(2);
    hear({ window: 'other', limit: 10, left: 9, resetMs: 4_000 }, 0);
    hear({ window: 'other', limit: 10, left: 9, resetMs: 10_000 }, 1);
    hear({ window: 'other', limit: 10, left: 8, resetMs: 7_000 }, 2);
    expect(rate.perSecond).to.equal(1);
  });

  it('makes no pace where the window is longer than a minute, but keeps to what is left', () => {
    hear({ limit: 5_000, windowMs: 3_600_000, left: 4, resetMs: 30_000 }, 0);
    expect(rate.perSecond).to.equal(Number.POSITIVE_INFINITY);
    expect([rate.freeAt(3), rate.freeAt(4)]).to.eql([never, 30_000]);
  });

  it('counts what is on its way as taken off, and waits for the end of the window where nothing else is left', () => {
    hear({ limit: 100, windowMs: 10_000, left: 3, resetMs: 4_000 }, 1_000, { tookMs: 300 });
    expect(rate.freeAt(2)).to.equal(never);
    expect(rate.freeAt(3)).to.equal(4_700);
  });

  it('is told by the lowest number where answers come in another order than requests', () => {
    hear({ limit: 100, left: 2, resetMs: 4_000 }, 1_000, { tookMs: 100 });
    hear({ limit: 100, left: 9, resetMs: 4_000 }, 1_010, { tookMs: 105 });
    expect(rate.freeAt(2)).to.be.within(4_890, 4_900);
    hear({ limit: 100, left: 9, resetMs: 4_000 }, 1_020, { tookMs: 5 });
    expect(rate.freeAt(2)).to.equal(never);
  });

  it('ends a window when its first answer said so: seconds are rounded up', () => {
    hear({ limit: 100, left: 9, resetMs: 2_000 }, 1_000);
    hear({ limit: 100, left: 0, resetMs: 2_000 }, 1_900);
    expect(rate.freeAt(0)).to.equal(3_000);
  });

  it('ends a window as seen from here: what leaves then must not come there sooner, though the answer that told it was late', () => {
    hear({ limit: 100, left: 9, resetMs: 2_000 }, 1_000, { tookMs: 50 });
    hear({ limit: 100, left: 9, resetMs: 2_000 }, 4_000, { tookMs: 400 });
    hear({ limit: 100, left: 0, resetMs: 2_000 }, 4_500, { tookMs: 400 });
    expect(rate.freeAt(0)).to.be.within(5_930, 5_950);
  });

  it('lasts a second where a window that holds nothing more is said to be over', () => {
    hear({ limit: 100, left: 0, resetMs: 0 }, 1_000);
    expect(rate.freeAt(0)).to.equal(2_000);
  });

  it('holds as many again in the next window, before an answer tells of that; what comes late of the one before does not count', () => {
    hear({ limit: 5, windowMs: 1_000, left: 0, resetMs: 1_000 }, 1_000);
    rate.sent(1, 2_000);
    expect([rate.freeAt(4), rate.freeAt(5)]).to.eql([never, 3_000]);
    hear({ limit: 5, windowMs: 1_000, left: 0, resetMs: 1_000 }, 2_010, { tookMs: 100 });
    expect(rate.freeAt(4)).to.equal(never);
  });

  it('lets one request a minute look whether an end that lies far away has come', () => {
    hear({ limit: 100, left: 0, resetMs: 1e9 }, 1_000);
    expect(rate.freeAt(0)).to.equal(61_000);
    rate.sent(1, 61_000);
    expect([rate.freeAt(0), rate.freeAt(1)]).to.eql([never, 121_000]);
  });

  it('never lets more leave within a window than it holds, whatever is left', () => {
    hear({ limit: 3, windowMs: 1_000, left: 3, resetMs: 1_000 }, 1_000);
    rate.sent(2, 1_100);
    expect(rate.freeAt(0)).to.equal(never);
    rate.sent(1, 1_200);
    expect(rate.freeAt(0)).to.equal(2_100);
  });

  it('is not waited for where what was taken off has left here: it may be free again by the time it is told', () => {
    hear({ limit: 4, windowMs: 1_000, left: 3, resetMs: 1_000 }, 1_000);
    rate.sent(3, 1_100);
    hear({ limit: 4, windowMs: 1_000, left: 0, resetMs: 1_000 }, 1_200, { tookMs: 100 });
    expect(rate.freeAt(3)).to.equal(never);
  });

  it('is not believed of what is left where requests are answered all the same, until one is refused', () => {
    for (let each = 0; each < 3; each++) {
      expect(rate.freeAt(0)).to.be.oneOf([never, each * 20_000 + 999]);
      hear({ limit: 100, left: 0, resetMs: 19_999 }, 1_000 + each * 20_000);
    }
    expect(rate.freeAt(0)).to.equal(never);
    hear({ limit: 100, left: 0, resetMs: 20_000 }, 70_000, { isTaken: false });
    rate.refused();
    expect(rate.freeAt(0)).to.equal(90_000);
  });

  it('is forgotten two minutes after it was told last, and bounded in how much is told', () => {
    hear({ limit: 1, windowMs: 1_000 }, 0);
    for (let limit = 2; limit < 5_000; limit++) hear({ limit, windowMs: 1_000 }, 1_000);
    expect(rate.perSecond).to.equal(1);
    rate.hear([], { since: 0, isTaken: true }, 120_500);
    expect(rate.perSecond).to.equal(2);
    rate.hear([], { since: 0, isTaken: true }, 121_500);
    expect(rate.perSecond).to.equal(Number.POSITIVE_INFINITY);
  });
});
