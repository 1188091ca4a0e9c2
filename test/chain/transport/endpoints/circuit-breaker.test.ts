import { expect } from 'chai';
import { CircuitBreaker } from '../../../../src/chain/transport/endpoints/circuit-breaker.js';

describe('a circuit breaker', () => {
  let breaker: CircuitBreaker;
  const fail = (times: number, at: number): void => {
    for (let time = 0; time < times; time++) breaker.fail(at, at);
  };

  beforeEach(() => {
    breaker = new CircuitBreaker({ firstMs: 250, maxMs: 8_000 });
  });

  it('opens at the third failure in a row, and for nothing less', () => {
    fail(2, 0);
    breaker.succeed();
    fail(2, 0);
    expect(breaker.state).to.equal('closed');
    fail(1, 0);
    expect(breaker.state).to.equal('open');
    expect(breaker.freeAt).to.be.within(500, 1_000);
  });

  it('lets one call try after a while, and no other until that has ended', () => {
    fail(3, 0);
    breaker.begin(1_000);
    expect(breaker).to.include({ state: 'half-open', freeAt: Number.POSITIVE_INFINITY });
    breaker.succeed();
    expect(breaker).to.include({ state: 'closed', freeAt: Number.NEGATIVE_INFINITY, failures: 0 });
  });

  it('waits longer each time that a try fails, with a random share, up to its longest wait', () => {
    fail(3, 0);
    const waits = [];
    for (let now = breaker.freeAt, tries = 0; tries < 12; tries++) {
      breaker.begin(now);
      breaker.fail(now, now);
      waits.push(breaker.freeAt - now);
      now = breaker.freeAt;
    }
    expect(waits[0]).to.be.within(1_000, 2_000);
    expect(waits[1]).to.be.within(2_000, 4_000);
    for (const wait of waits.slice(2)) expect(wait).to.be.within(4_000, 8_000);
    expect(new Set(waits.slice(2)).size).to.be.greaterThan(1);
    expect(breaker.lostTries).to.equal(12);
  });

  it('counts the time that a try took as a part of the wait after it', () => {
    fail(3, 0);
    breaker.begin(10_000);
    breaker.fail(10_000, 14_000);
    expect(breaker.freeAt).to.equal(14_250);
  });

  it('learns nothing from failures of calls that had left before it opened', () => {
    fail(3, 500);
    const { freeAt } = breaker;
    breaker.begin(1_000);
    breaker.fail(400, 1_100);
    breaker.end(400);
    expect(breaker).to.include({ state: 'half-open', lostTries: 0 });
    breaker.end(1_000);
    expect(breaker).to.include({ state: 'open', freeAt });
  });

  it('is opened by a single failure of a call after a look at it alone had closed it', () => {
    fail(4, 0);
    breaker.allow();
    expect(breaker.state).to.equal('closed');
    fail(1, 5_000);
    expect(breaker.state).to.equal('open');
    expect(breaker.freeAt).to.be.within(7_000, 9_000);
  });
});
