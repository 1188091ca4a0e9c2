import { expect } from 'chai';
import fc from 'fast-check';
import { CronSchedule, cronProblem } from '../../src/model/cron-schedule.js';

const utc = (text: string): number => Date.parse(`${text}Z`);
const shown = (instant: number | null): string | null =>
  instant === null ? null : new Date(instant).toISOString().slice(0, 19);

/** The times of a schedule after an instant, in UTC. */
function timesOf(expression: string, zone: string, after: string, count: number): readonly (string | null)[] {
  const schedule = new CronSchedule(expression, zone);
  const times: (number | null)[] = [];
  for (let at: number | null = utc(after); at !== null && times.length < count;) times.push((at = schedule.next(at)));
  return times.map(shown);
}

describe('the next time of a schedule', () => {
  it('is read from the clocks of its zone', () => {
    expect(timesOf('0 3 * * *', 'Asia/Shanghai', '2026-01-15T18:59:59', 3)).to.deep.equal([
      '2026-01-15T19:00:00',
      '2026-01-16T19:00:00',
      '2026-01-17T19:00:00',
    ]);
  });

  it('is never the instant that it is asked from', () => {
    expect(timesOf('*/15 * * * *', 'Asia/Kathmandu', '2026-01-15T10:00:00', 3)).to.deep.equal([
      '2026-01-15T10:15:00',
      '2026-01-15T10:30:00',
      '2026-01-15T10:45:00',
    ]);
  });

  it('may be years away, or never come', () => {
    expect(timesOf('0 0 29 2 *', 'UTC', '2026-01-01T00:00:00', 2)).to.deep.equal([
      '2028-02-29T00:00:00',
      '2032-02-29T00:00:00',
    ]);
    expect(new CronSchedule('0 0 L-30 * 1#5', 'UTC').next(0)).to.equal(null);
  });

  it('comes once, at the next moment that exists, where clocks pass it over', () => {
    // New York: 02:00 became 03:00 on the 8th of March 2026.
    expect(timesOf('30 2 * * *', 'America/New_York', '2026-03-07T00:00:00', 4)).to.deep.equal([
      '2026-03-07T07:30:00',
      '2026-03-08T07:00:00',
      '2026-03-09T06:30:00',
      '2026-03-10T06:30:00',
    ]);
    expect(timesOf('0,30 2,3 * * *', 'America/New_York', '2026-03-08T00:00:00', 3)).to.deep.equal([
      '2026-03-08T07:00:00',
      '2026-03-08T07:30:00',
      '2026-03-09T06:00:00',
    ]);
  });

  it('comes once where clocks show it twice', () => {
    // Berlin: 03:00 became 02:00 on the 25th of October 2026.
    expect(timesOf('30 2 * * *', 'Europe/Berlin', '2026-10-24T00:00:00', 3)).to.deep.equal([
      '2026-10-24T00:30:00',
      '2026-10-25T00:30:00',
      '2026-10-26T01:30:00',
    ]);
    expect(timesOf('30 2 * * *', 'Europe/Berlin', '2026-10-25T01:10:00', 1)).to.deep.equal(['2026-10-26T01:30:00']);
  });

  it('follows the time that passes where it comes in every hour', () => {
    expect(timesOf('*/30 * * * *', 'Europe/Berlin', '2026-10-24T23:45:00', 6)).to.deep.equal([
      '2026-10-25T00:00:00',
      '2026-10-25T00:30:00',
      '2026-10-25T01:00:00',
      '2026-10-25T01:30:00',
      '2026-10-25T02:00:00',
      '2026-10-25T02:30:00',
    ]);
    expect(timesOf('15 * * * *', 'America/New_York', '2026-03-08T05:30:00', 3)).to.deep.equal([
      '2026-03-08T06:15:00',
      '2026-03-08T07:15:00',
      '2026-03-08T08:15:00',
    ]);
  });

  it('survives a day that a zone left out, and a change of half an hour', () => {
    expect(timesOf('0 12 30 12 *', 'Pacific/Apia', '2011-12-01T00:00:00', 2)).to.deep.equal([
      '2011-12-30T10:00:00',
      '2012-12-29T22:00:00',
    ]);
    // Lord Howe: 02:00 became 02:30 on the 4th of October 2026.
    expect(timesOf('10 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00:00', 2)).to.deep.equal([
      '2026-10-03T15:30:00',
      '2026-10-04T15:10:00',
    ]);
  });

  it('comes once a day whatever the clocks do, in every zone with such days', () => {
    const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca');
    const minutes = fc.integer({ min: 0, max: 24 * 60 - 1 });
    fc.assert(
      fc.property(zones, minutes, (zone, minute) => {
        const schedule = new CronSchedule(`${minute % 60} ${Math.floor(minute / 60)} * * *`, zone);
        let at = utc('2026-01-01T00:00:00');
        for (let day = 0; day < 366; day++) {
          const next = schedule.next(at)!;
          if (day > 0) expect(next - at).to.be.within(22.5 * 3_600_000, 25.5 * 3_600_000);
          at = next;
        }
      }),
      { numRuns: 12 },
    );
  });
});

describe('the newest time of a schedule', () => {
  const latest = (expression: string, after: string, by: string): string | null =>
    shown(new CronSchedule(expression, 'UTC').latest(utc(after), utc(by)));

  it('is the last that has come, behind an instant', () => {
    expect(latest('0 3 * * *', '2026-01-01T03:00:00', '2026-01-05T02:59:59')).to.equal('2026-01-04T03:00:00');
    expect(latest('0 3 * * *', '2026-01-01T03:00:00', '2026-01-02T03:00:00')).to.equal('2026-01-02T03:00:00');
    expect(latest('* * * * *', '2020-01-01T03:00:00', '2026-01-02T03:00:07')).to.equal('2026-01-02T03:00:00');
    expect(latest('0 0 29 2 *', '2020-03-01T00:00:00', '2026-01-02T03:00:07')).to.equal('2024-02-29T00:00:00');
  });

  it('is none where none has come', () => {
    expect(latest('0 3 * * *', '2026-01-01T03:00:00', '2026-01-02T02:59:59')).to.equal(null);
    expect(latest('0 0 29 2 *', '2024-03-01T00:00:00', '2026-01-02T03:00:07')).to.equal(null);
  });
});

describe('what is wrong with a cron expression', () => {
  it('is nothing where it is right', () => {
    for (const right of ['0 3 * * *', '*/5 * * * *', '@daily', '0 3 * * mon-fri', '30 0 3 * * *', '0 0 L * *']) {
      expect(cronProblem(right), right).to.equal(null);
    }
  });

  it('is told by its field', () => {
    expect(cronProblem('61 * * * *')).to.equal("the minute can't be 61");
    expect(cronProblem('0 3 * * 8')).to.equal("the weekday can't be 8");
    expect(cronProblem('0 0 31 2 *')).to.equal("the day of the month can't be 31");
    expect(cronProblem('0 3 * *')).to.match(/^a cron expression has five fields, .*got 4\)$/);
    expect(cronProblem('0 0 L-30 * 1#5')).to.equal('never comes');
  });

  it('is told before a range of a billion numbers is written out', () => {
    expect(cronProblem('0-1000000000 * * * *')).to.equal('no field of a cron expression goes to 1000000000');
  });
});
