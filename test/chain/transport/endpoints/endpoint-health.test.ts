import { expect } from 'chai';
import { EndpointHealth } from '../../../../src/chain/transport/endpoints/endpoint-health.js';
import { RpcError } from '../../../../src/chain/transport/errors/rpc-error.js';

describe('the time after which an answer is late', () => {
  const lateAfter = (...times: readonly number[]): number => {
    const health = new EndpointHealth();
    for (const [at, ms] of times.entries()) health.measured('logs', ms, at);
    return health.lateMs('logs');
  };

  it('is not known before some were measured', () => {
    expect(lateAfter(...Array.from({ length: 15 }, () => 100))).to.equal(Number.POSITIVE_INFINITY);
    expect(lateAfter(...Array.from({ length: 16 }, () => 100))).to.equal(200);
  });

  it('lies as far beyond the usual one as answers differ', () => {
    const uneven = Array.from({ length: 100 }, (_none, at) => (at % 2 === 0 ? 50 : 150));
    // About 100 ms in the mean, and 50 ms from it: four of those deviations beyond.
    expect(lateAfter(...uneven)).to.be.within(280, 340);
  });
});

describe('how long a call for the head has gone without an answer', () => {
  it('counts from the first that left since one was answered, and no call for anything else', () => {
    const health = new EndpointHealth();
    health.sent('logs', 0);
    health.sent(undefined, 0);
    expect(health.headWaitMs(60_000)).to.equal(0);
    const first = health.sent('head', 1_000);
    const second = health.sent('head', 5_000);
    expect(health.headWaitMs(12_000)).to.equal(11_000);
    first();
    expect(health.headWaitMs(12_000)).to.equal(7_000);
    // One that left before another was answered hangs by itself: the head is known.
    health.measured('head', 10, 12_000);
    expect(health.headWaitMs(20_000)).to.equal(0);
    const third = health.sent('head', 15_000);
    expect(health.headWaitMs(20_000)).to.equal(5_000);
    for (const arrived of [second, third]) arrived();
    expect(health.headWaitMs(20_000)).to.equal(0);
  });
});

describe('how long nothing at all has been answered', () => {
  it('counts from the first call that left since anything was, whatever it asked for', () => {
    const health = new EndpointHealth();
    const logs = health.sent('logs', 1_000);
    health.sent(undefined, 2_000);
    expect(health.waitMs(12_000)).to.equal(11_000);
    logs();
    expect(health.waitMs(12_000)).to.equal(10_000);
    // Who refuses something is there.
    health.failed(new RpcError('too many blocks', { class: 'range-cap', host: 'node' }), 13_000);
    expect(health.waitMs(20_000)).to.equal(0);
    health.sent('times', 14_000);
    expect(health.waitMs(20_000)).to.equal(6_000);
    health.heard(20_000);
    expect(health.waitMs(21_000)).to.equal(0);
    // What leaves when an answer comes waits, however long that one is read.
    health.sent('logs', 20_000);
    health.answered(25_000);
    expect(health.waitMs(40_000)).to.equal(20_000);
  });
});
