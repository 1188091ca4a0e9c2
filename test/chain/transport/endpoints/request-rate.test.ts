import { expect } from 'chai';
import { RequestRate } from '../../../../src/chain/transport/endpoints/request-rate.js';

/** A server that takes so many requests within each second, and whoever asks it as often as the rate allows. */
function play(
  rate: RequestRate,
  limit: () => number,
  seconds: number,
  since = 0,
): { answered: number; refused: number } {
  const counts = { answered: 0, refused: 0 };
  const taken: number[] = [];
  for (let now = since * 1_000; now < (since + seconds) * 1_000; now += 5) {
    // Nobody asks for more than this.
    for (let asked = 0; asked < 8 && rate.freeAt <= now; asked++) {
      rate.sent(1, now);
      while (taken[0] !== undefined && taken[0] <= now - 1_000) taken.shift();
      if (taken.length < limit()) {
        taken.push(now);
        counts.answered++;
        rate.answered(now, now);
      } else {
        counts.refused++;
        rate.refused(now, now);
      }
    }
  }
  return counts;
}

describe('the rate at which an endpoint is asked', () => {
  let rate: RequestRate;
  beforeEach(() => {
    rate = new RequestRate();
  });
  /** Asks as often as the rate allows for some seconds; returns how many left. */
  const ask = (from: number, seconds: number): number => {
    let left = 0;
    for (let now = from; now < from + seconds * 1_000; now += 5) {
      if (rate.freeAt > now) continue;
      rate.sent(1, now);
      rate.answered(now, now);
      left++;
    }
    return left;
  };

  it('is none until something is refused: everything leaves at once', () => {
    for (let calls = 0; calls < 1_000; calls++) {
      expect(rate.freeAt).to.be.lessThan(0);
      rate.sent(2, 0);
      rate.answered(0, 0);
    }
    expect(rate.perSecond).to.equal(Number.POSITIVE_INFINITY);
  });

  for (const limit of [10, 25, 50, 400]) {
    it(`finds a limit of ${limit} a second that nobody states, uses it, and is seldom refused`, () => {
      const { answered, refused } = play(rate, () => limit, 120);
      expect(answered).to.be.within(limit * 120 * 0.94, limit * 121);
      expect(refused / (answered + refused)).to.be.lessThan(0.12);
    });
  }

  it('is never more than what is set, and as much', () => {
    rate = new RequestRate(25);
    expect(rate.perSecond).to.equal(25);
    expect(ask(1_000, 40)).to.be.within(25 * 40 * 0.99, 25 * 40 + 2);
    expect(rate.perSecond).to.equal(25);
  });

  it('lets none of what is set gather: what was not used is lost but for a moment', () => {
    rate = new RequestRate(10);
    ask(0, 1);
    expect(ask(60_000, 1)).to.be.at.most(11);
  });

  it('stays a little below what the endpoint states', () => {
    rate.state(50);
    expect(rate.perSecond).to.equal(49);
    expect(ask(0, 40)).to.be.within(0.95 * 50 * 40, 50 * 40);
    rate.state(80);
    expect(rate.perSecond).to.equal(49);
  });

  it('is still lowered where less is taken than was stated', () => {
    rate.state(50);
    const { refused } = play(rate, () => 20, 60);
    expect(rate.perSecond).to.be.within(18, 24);
    expect(refused).to.be.lessThan(200);
  });

  it('is not lowered for what left before it was lowered', () => {
    play(rate, () => 20, 2);
    const { perSecond } = rate;
    for (let each = 0; each < 100; each++) rate.refused(0, 2_000);
    expect(rate.perSecond).to.equal(perSecond);
  });

  it('is not lowered for what is refused by who answers nothing at all', () => {
    rate.sent(1, 0);
    for (let second = 0; second < 300; second++) rate.refused(second * 1_000, second * 1_000);
    rate.answered(300_000, 300_000);
    expect(rate.perSecond).to.equal(Number.POSITIVE_INFINITY);
  });

  it('counts each request of several', () => {
    rate = new RequestRate(10);
    rate.sent(19, 1_000);
    expect(rate.freeAt).to.be.within(2_800, 2_900);
  });

  it('follows a limit that is raised, and forgets one that is gone', () => {
    let limit = 10;
    play(rate, () => limit, 30);
    limit = 300;
    play(rate, () => limit, 120, 30);
    expect(rate.perSecond).to.be.greaterThan(270);
    limit = 1e9;
    play(rate, () => limit, 60, 150);
    expect(rate.perSecond).to.equal(Number.POSITIVE_INFINITY);
  });

  it('does not grow as long as nobody makes use of it', () => {
    play(rate, () => 10, 10);
    const { perSecond } = rate;
    for (let second = 11; second < 100; second++) {
      rate.sent(1, second * 1_000);
      rate.answered(second * 1_000, second * 1_000 + 200);
    }
    expect(rate.perSecond).to.be.within(perSecond, perSecond * 1.1);
  });

  it('leaves the endpoint alone for as long as it wishes', () => {
    rate.pause(17_000, 1_000);
    rate.pause(2_000, 1_000);
    expect(rate.freeAt).to.equal(18_000);
  });
});
