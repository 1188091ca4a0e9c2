import { expect } from 'chai';
import { InFlightLimit } from '../../../../src/chain/transport/endpoints/in-flight-limit.js';

/** A server that answers at most so many requests at a time, and whoever asks it as often as the limit allows. */
function play(
  limit: InFlightLimit,
  allowed: number,
  rounds: number,
  wanted = 20,
): { answered: number; refused: number } {
  const counts = { answered: 0, refused: 0 };
  let inFlight = 0;
  for (let round = 0; round < rounds; round++) {
    while (limit.hasRoom && inFlight < wanted) {
      limit.begin();
      inFlight++;
      if (inFlight <= allowed) continue;
      counts.refused++;
      limit.refused();
      limit.end();
      inFlight--;
      break;
    }
    counts.answered++;
    limit.answered();
    limit.end();
    inFlight--;
  }
  return counts;
}

describe('the limit on requests in flight', () => {
  let limit: InFlightLimit;
  beforeEach(() => {
    limit = new InFlightLimit();
  });

  /** As many answers as there may be requests. */
  const round = (): void => {
    const together = limit.most;
    for (let each = 0; each < together; each++) limit.begin();
    for (let each = 0; each < together; each++) limit.answered();
    for (let each = 0; each < together; each++) limit.end();
  };

  it('grows by a quarter with each round of answers until something is refused, up to its ceiling', () => {
    limit = new InFlightLimit(64);
    const rounds = [];
    for (let each = 0; each < 12; each++) {
      rounds.push(limit.most);
      round();
    }
    expect(rounds.slice(0, 4)).to.deep.equal([8, 10, 12, 15]);
    expect(rounds.at(-1)).to.equal(64);
    expect([limit.known, limit.isKnown]).to.deep.equal([Number.POSITIVE_INFINITY, false]);
  });

  it('is cut by what is refused, and grows one by one from then on, below what was refused', () => {
    for (let each = 0; each < 8; each++) limit.begin();
    limit.refused();
    for (let each = 0; each < 8; each++) limit.end();
    expect([limit.most, limit.known]).to.deep.equal([5, 5]);
    const rounds = [];
    for (let each = 0; each < 6; each++) {
      rounds.push(limit.most);
      round();
    }
    expect(rounds).to.deep.equal([5, 6, 7, 7, 7, 7]);
  });

  it('is cut for what may be chance only where that is often, and at once where it was refused before', () => {
    const refuse = (): void => {
      for (let each = limit.most; each > 0; each--) limit.begin();
      limit.mayBeRefused(0);
    };
    refuse();
    expect(limit.isKnown).to.equal(false);
    limit.mayBeRefused(0);
    expect([limit.isKnown, limit.most]).to.deep.equal([true, 5]);
    limit.mayBeRefused(0);
    expect(limit.most).to.equal(3);
  });

  it('never exceeds its ceiling, however low that is', () => {
    limit = new InFlightLimit(2);
    for (let each = 0; each < 50; each++) round();
    expect(limit.most).to.equal(2);
  });

  it('counts what was full when it was asked for, though the answers come together', () => {
    for (let each = 0; each < 8; each++) limit.begin();
    for (let each = 0; each < 8; each++) {
      limit.answered();
      limit.end();
    }
    expect(limit.most).to.equal(10);
  });

  for (const allowed of [1, 3, 10]) {
    it(`finds out that ${allowed} are taken at a time, and tries more seldom and seldomer`, () => {
      const { answered, refused } = play(limit, allowed, 5_000);
      expect(refused / (answered + refused)).to.be.lessThan(0.01);
      expect(limit.most).to.be.within(Math.ceil(allowed * 0.7), allowed);
      expect(limit.isKnown).to.equal(true);
    });
  }

  it('does not grow as long as it is not reached', () => {
    for (let each = 0; each < 10; each++) limit.begin();
    limit.refused();
    for (let each = 0; each < 10; each++) limit.end();
    const { most } = limit;
    for (let each = 0; each < 30; each++) {
      limit.begin();
      limit.answered();
      limit.end();
    }
    expect(limit.most).to.equal(most);
  });

  it('is forgotten some time after the endpoint takes more again', () => {
    play(limit, 3, 500);
    play(limit, 1_000, 10_000, 40);
    expect(limit.most).to.be.at.least(40);
    expect(limit.known).to.equal(Number.POSITIVE_INFINITY);
  });

  it('begins with one after an outage, and lets one more in with each answer', () => {
    limit.restart();
    expect([limit.most, limit.isKnown]).to.deep.equal([1, false]);
    const rounds = [];
    for (let round = 0; round < 5; round++) {
      const together = limit.most;
      rounds.push(together);
      for (let each = 0; each < together; each++) limit.begin();
      for (let each = 0; each < together; each++) limit.answered();
      for (let each = 0; each < together; each++) limit.end();
    }
    expect(rounds[1]).to.equal(2);
    expect(rounds[4]).to.be.greaterThan(4);
  });
});
