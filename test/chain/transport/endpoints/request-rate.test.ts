import { expect } from 'chai';
import { RequestRate } from '../../../../src/chain/transport/endpoints/request-rate.js';

/** A server that takes so many calls within each second, and whoever asks it as often as the rate allows. */
function play(
  rate: RequestRate,
  limit: () => number,
  seconds: number,
  since = 0,
): { answered: number; refused: number } {
  const counts = { answered: 0, refused: 0 };
  const taken: number[] = [];
  for (let now = since * 1_000; now < (since + seconds) * 1_000; now += 5) {
    while (rate.freeAt <= now && counts.answered + counts.refused < 1e6) {
      rate.sent(1, now);
      while (taken[0] !== undefined && taken[0] <= now - 1_000) taken.shift();
      if (taken.length < limit()) {
        taken.push(now);
        counts.answered++;
        rate.answered(1, now);
      } else {
        counts.refused++;
        rate.refused(now);
        rate.pause(100, now);
      }
      if (rate.perSecond === Number.POSITIVE_INFINITY && taken.length > 5_000) break;
    }
  }
  return counts;
}

describe('the rate at which an endpoint is asked', () => {
  let rate: RequestRate;
  beforeEach(() => {
    rate = new RequestRate();
  });
  const refuse = (now: number, perSecond?: number): void => {
    rate.answered(1, now);
    rate.refused(now, perSecond);
  };

  it('is none until something is refused: everything leaves at once', () => {
    for (let calls = 0; calls < 1_000; calls++) {
      expect(rate.freeAt).to.be.lessThan(0);
      rate.sent(2, 0);
      rate.answered(2, 0);
    }
    expect(rate.perSecond).to.equal(Number.POSITIVE_INFINITY);
  });

  for (const limit of [5, 50, 400]) {
    it(`finds a limit of ${limit} a second that nobody states, uses it, and is seldom refused`, () => {
      const { answered, refused } = play(rate, () => limit, 120);
      expect(answered).to.be.within(limit * 120 * 0.75, limit * 121);
      expect(refused / (answered + refused)).to.be.lessThan(limit < 10 ? 0.05 : 0.02);
    });
  }

  it('stays a little below what the endpoint states', () => {
    rate.sent(1, 0);
    refuse(0, 50);
    expect(rate.perSecond).to.be.within(45, 50);
    refuse(1_500, 50);
    expect(rate.perSecond).to.be.within(30, 40);
  });

  it('is reduced once for what is refused within a second', () => {
    for (const now of [0, 100, 300, 999]) refuse(now, 10);
    expect(rate.perSecond).to.be.closeTo(9.5, 0.1);
  });

  it('is not reduced for what is refused by who answers nothing at all', () => {
    refuse(0, 10);
    for (let second = 2; second < 300; second++) rate.refused(second * 1_000);
    expect(rate.perSecond).to.equal(9.5);
  });

  it('is shared out evenly, a little ahead of time at most', () => {
    refuse(0, 10);
    let left = 0;
    for (let now = 1_000; now < 4_000; now += 10) {
      if (rate.freeAt > now) continue;
      rate.sent(1, now);
      left++;
    }
    expect(left).to.be.within(27, 31);
  });

  it('counts each call of a batch', () => {
    refuse(0, 10);
    rate.sent(19, 1_000);
    expect(rate.freeAt).to.be.within(2_800, 3_000);
  });

  it('does not count what was refused', () => {
    refuse(0, 10);
    rate.sent(100, 2_000);
    rate.refused(2_010);
    expect(rate.freeAt).to.be.at.most(2_010);
  });

  it('follows a limit that is raised, and forgets one that is gone', () => {
    let limit = 10;
    play(rate, () => limit, 30);
    limit = 1_000;
    play(rate, () => limit, 120, 30);
    expect(rate.perSecond).to.be.greaterThan(400);
    limit = 1e9;
    play(rate, () => limit, 60, 150);
    expect(rate.perSecond).to.equal(Number.POSITIVE_INFINITY);
  });

  it('does not grow as long as nobody makes use of it', () => {
    refuse(0, 10);
    for (let second = 1; second < 100; second++) {
      rate.sent(1, second * 1_000);
      rate.answered(1, second * 1_000 + 200);
    }
    expect(rate.perSecond).to.equal(9.5);
  });

  it('leaves the endpoint alone for as long as it wishes', () => {
    rate.pause(17_000, 1_000);
    rate.pause(2_000, 1_000);
    expect(rate.freeAt).to.equal(18_000);
  });
});
