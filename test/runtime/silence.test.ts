import { expect } from 'chai';
import { isMonitorAlive } from '../../src/model/monitor.js';
import { workerState } from '../../src/model/worker.js';
import { isSilentFor, isSurelyOver, knownAge, silenceLimit } from '../../src/runtime/silence.js';

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

  it('of whoever was heard further ahead than clocks differ nobody knows: it is not alive by that', () => {
    expect([-6, -5, 0, 7].map(knownAge)).to.deep.equal([null, 0, 0, 7]);
    const monitor = (heartbeatAgeSeconds: number): boolean =>
      isMonitorAlive({ heartbeatAgeSeconds, endTime: null, checkIntervalSeconds: 300 });
    expect([-5, -6].map(monitor)).to.deep.equal([true, false]);
    const worker = (heartbeatAgeSeconds: number): string =>
      workerState({ heartbeatAgeSeconds, endTime: null, heartbeatIntervalSeconds: 5 });
    expect([-5, -6].map(worker)).to.deep.equal(['alive', 'silent']);
  });
});
