import { expect } from 'chai';
import { RememberedCounts } from '../../src/api/remembered-counts.js';
import { FakeClock } from '../support/fake-clock.js';

describe('RememberedCounts', () => {
  let clock: FakeClock;
  let counts: RememberedCounts;
  let counted: number;
  let total: number;
  const get = (): Promise<number> =>
    counts.get(
      'all',
      async () => {
        counted++;
        await clock.advance(100);
        return total;
      },
      Number,
    );

  beforeEach(() => {
    clock = new FakeClock();
    counts = new RememberedCounts(clock);
    counted = 0;
  });

  it('count few rows each time', async () => {
    total = 10_000;
    expect(await get()).to.equal(10_000);
    total = 9_999;
    expect(await get()).to.equal(9_999);
    expect(counted).to.equal(2);
  });

  it('count many rows once, and again in the background when that was fifty times as long ago as it took', async () => {
    total = 1_000_000;
    expect(await get()).to.equal(1_000_000);
    total = 1_000_001;
    await clock.advance(5_000);
    expect(await get()).to.equal(1_000_000);
    expect(counted).to.equal(1);
    await clock.advance(1);
    expect(await get()).to.equal(1_000_000);
    await clock.advance(0);
    expect(counted).to.equal(2);
    expect(await get()).to.equal(1_000_001);
  });

  it('count many rows once for all who ask first', async () => {
    total = 1_000_000;
    expect(await Promise.all([get(), get(), get()])).to.deep.equal([total, total, total]);
    expect(counted).to.equal(1);
  });

  it('count again where the background failed', async () => {
    total = 20_000;
    await get();
    await clock.advance(10_000);
    await counts.get('all', () => Promise.reject(new Error('away')), Number);
    await clock.advance(0);
    total = 30_000;
    expect(await get()).to.equal(30_000);
  });
});
