import { expect } from 'chai';
import { PortalError } from '../../../src/chain/portal/portal-error.js';
import { PortalPace } from '../../../src/chain/portal/portal-pace.js';
import { FakeClock } from '../../support/fake-clock.js';
import { rejectionOf } from '../../support/rejection.js';

const { signal } = new AbortController();

describe('the pace of requests to a portal', () => {
  let clock: FakeClock;
  beforeEach(() => (clock = new FakeClock()));

  const leave = (pace: PortalPace, count: number): number[] => {
    const left: number[] = [];
    const begun = clock.monotonic();
    for (let at = 0; at < count; at++) void pace.turn(signal).then(() => left.push(clock.monotonic() - begun));
    return left;
  };

  it('is 20 in 10 seconds for the public one', async () => {
    const left = leave(new PortalPace('portal.sqd.dev', clock), 45);
    await clock.advance(60_000);
    expect(left).to.have.length(45);
    expect(left[19]).to.equal(0);
    expect(left[20]).to.equal(10_000);
    for (const [at, time] of left.entries()) if (at >= 20) expect(time - (left[at - 20] ?? 0)).to.be.at.least(10_000);
  });

  it('has no limit for others, but is kept where they ask to be left alone', async () => {
    const pace = new PortalPace('portal.example.org', clock);
    const first = leave(pace, 100);
    await clock.advance(0);
    expect(first).to.have.length(100);
    pace.pause(7_000);
    const then = leave(pace, 2);
    await clock.advance(6_999);
    expect(then).to.deep.equal([]);
    await clock.advance(1);
    expect(then).to.deep.equal([7_000, 7_000]);
  });

  it('does not have those wait for long who need not', async () => {
    const pace = new PortalPace('portal.example.org', clock);
    pace.pause(5_000);
    const waiting = rejectionOf(pace.turn(signal, 30_000), PortalError);
    await clock.advance(4_000);
    pace.pause(60_000);
    await clock.advance(1_000);
    expect(await waiting).to.include({ class: 'busy', retryAfterMs: 59_000 });
  });
});
