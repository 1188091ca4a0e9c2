import { expect } from 'chai';
import { isMonitorAlive } from '../../src/model/monitor.js';
import { isSilentFor, isSurelyOver, silenceLimit } from '../../src/runtime/silence.js';

describe('silence', () => {
  it('is in doubt only where a whole second lies above three beats', () => {
    expect([89, 90, 91].map((seconds) => isSilentFor(seconds, 30))).to.deep.equal([false, false, true]);
    expect([2, 3].map((seconds) => isSilentFor(seconds, 0.5))).to.deep.equal([false, true]);
    expect(isSilentFor(-5, 30)).to.equal(false);
    expect(silenceLimit(30)).to.equal(90);
  });

  it('is over a limit only where a whole second lies above it', () => {
    expect([60, 61].map((age) => isSurelyOver(age, 60))).to.deep.equal([false, true]);
  });

  it('of a monitor is its death after two checks; one that has ended is not alive', () => {
    const at = (heartbeatAgeSeconds: number, endTime: string | null = null): boolean =>
      isMonitorAlive({ heartbeatAgeSeconds, endTime, checkIntervalSeconds: 300 });
    expect([0, 600, 601].map((age) => at(age))).to.deep.equal([true, true, false]);
    expect(at(0, '2024-01-15T10:00:00')).to.equal(false);
  });
});
