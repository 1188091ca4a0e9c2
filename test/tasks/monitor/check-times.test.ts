import { expect } from 'chai';
import { CronSchedule } from '../../../src/model/cron-schedule.js';
import { CheckSchedule } from '../../../src/tasks/monitor/check-times.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MonitorFixture } from './monitor-fixture.js';

/** 10:00:30 in UTC. */
const start = Date.UTC(2026, 0, 15, 10, 0, 30);

describe("a monitor's checks at the times of a schedule", () => {
  let clock: FakeClock;
  let times: CheckSchedule;

  beforeEach(() => {
    clock = new FakeClock(start);
    times = new CheckSchedule(clock, new CronSchedule('*/5 * * * *', 'UTC'));
  });

  it('are due then, and not at once', async () => {
    expect(times.untilNextMs()).to.equal(270_000);
    await clock.advance(270_000);
    expect(times.untilNextMs()).to.equal(0);
    times.checked();
    expect(times.untilNextMs()).to.equal(300_000);
  });

  it('are made once where the clock leaps over several times', async () => {
    await clock.jump({ wallMs: 16 * 60_000 });
    expect(times.untilNextMs()).to.equal(0);
    times.checked();
    expect(times.untilNextMs()).to.equal(210_000);
  });

  it('come again at times that the clock is set back to', async () => {
    await clock.jump({ wallMs: -86_400_000 });
    expect(times.untilNextMs()).to.equal(270_000);
  });

  it('are made by the monitor, which shows in between that it is alive', async () => {
    const fixture = new MonitorFixture();
    const schedule = new CronSchedule('*/10 * * * *', 'UTC');
    void fixture.make('en', 300_000, new CheckSchedule(fixture.clock, schedule)).run(fixture.stop.signal);
    await fixture.clock.advance(1_300_000);
    fixture.stop.abort(new Error('over'));
    expect(fixture.checks).to.deep.equal([600, 1_200]);
    expect(fixture.shown.length).to.be.greaterThan(60);
  });
});
