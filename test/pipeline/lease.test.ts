import { expect } from 'chai';
import { whenReachable } from '../../src/pipeline/lease.js';
import { DatabaseUnreachableError, LeaseLostError } from '../../src/runtime/errors.js';
import { FakeLease } from './fake-lease.js';
import { rejectionOf } from '../support/rejection.js';

const { signal } = new AbortController();

describe('work on a database', () => {
  const failing = (times: number, error: Error): (() => Promise<string>) => {
    let calls = 0;
    return () => (++calls > times ? Promise.resolve(`call ${calls}`) : Promise.reject(error));
  };
  const away = new DatabaseUnreachableError('away');

  it('is done at once where the database is there', async () => {
    const lease = new FakeLease();
    expect(await whenReachable(lease, signal, failing(0, away))).to.equal('call 1');
    expect(lease.told).to.deep.equal([]);
  });

  it('is repeated after each recovery', async () => {
    const lease = new FakeLease();
    expect(await whenReachable(lease, signal, failing(3, away))).to.equal('call 4');
    expect(lease.told).to.deep.equal(['recover', 'recover', 'recover']);
    expect(lease.causes).to.deep.equal([away, away, away]);
  });

  it('ends where the lease is lost, or the error is another', async () => {
    const lease = new FakeLease();
    const other = new TypeError('other');
    expect(await rejectionOf(whenReachable(lease, signal, failing(1, other)))).to.equal(other);
    const lost = new LeaseLostError('lost');
    lease.recovers = () => Promise.reject(lost);
    expect(await rejectionOf(whenReachable(lease, signal, failing(1, away)))).to.equal(lost);
  });
});
