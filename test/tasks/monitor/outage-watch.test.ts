import { expect } from 'chai';
import { OutageWatch } from '../../../src/tasks/monitor/outage-watch.js';
import { DatabaseBusyError, DatabaseUnreachableError } from '../../../src/runtime/errors.js';
import { FakeClock } from '../../support/fake-clock.js';

describe('an outage watch', () => {
  let clock: FakeClock;
  let watch: OutageWatch;

  beforeEach(() => {
    clock = new FakeClock();
    watch = new OutageWatch({ clock, heartbeatIntervalMs: 30_000 });
  });

  const sleepAsPlanned = (): unknown => watch.slept(Infinity);

  /** A probe that takes so long by the two clocks. */
  async function probe(by: { wallMs?: number; monotonicMs?: number } = {}, up: number | null = null): Promise<unknown> {
    sleepAsPlanned();
    await clock.jump(by);
    return watch.probeAnswered({ now: databaseNow(), uptimeSeconds: up });
  }

  /** The database's clock in UTC, which is ahead of the true time by so many milliseconds. */
  const databaseNow = (aheadMs = 0): string => {
    const at = Date.UTC(2024, 0, 15, 10) + clock.monotonic() + aheadMs;
    return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
  };

  it('waits for nothing where nothing has happened', async () => {
    expect(watch.waitMs).to.equal(0);
    expect(await probe({ monotonicMs: 2_000, wallMs: 2_000 }, 90)).to.equal(null);
    expect(await probe({ monotonicMs: 7_000, wallMs: 7_000 }, 90)).to.equal(null);
    expect(watch.slept(15_000)).to.equal(null);
    expect(watch.did('the check')).to.equal(null);
    expect(watch.waitMs).to.equal(0);
  });

  it('waits where the first answer took a little long: it may be that of an outage that began before', async () => {
    expect(await probe({ monotonicMs: 2_001, wallMs: 2_001 })).to.equal('the database took 2001 ms to answer');
    expect(watch.waitMs).to.equal(90_000);
  });

  it('waits three heartbeat intervals from the first answer after an outage, and then no more', async () => {
    watch.failed(new DatabaseUnreachableError('away'));
    await clock.advance(500_000);
    watch.failed(new DatabaseUnreachableError('away'));
    expect(watch.waitMs).to.equal(0);
    expect(await probe()).to.equal('the database came back');
    expect(watch.waitMs).to.equal(90_000);
    await clock.advance(89_999);
    expect(await probe()).to.equal(null);
    expect(watch.waitMs).to.equal(1);
    await clock.advance(1);
    expect(watch.waitMs).to.equal(0);
  });

  it('takes locks that are held for a moment for no outage, however often, and waits where they kept it for long', async () => {
    const busy = new DatabaseBusyError('a deadlock');
    await probe();
    for (let i = 0; i < 10; i++) {
      watch.failed(busy);
      await clock.advance(3_000);
      expect(watch.did('a look')).to.equal(null);
    }
    expect([watch.isSilenceKnown, watch.waitMs]).to.deep.equal([true, 0]);
    watch.failed(busy);
    await clock.advance(5_000);
    watch.slept(5_000);
    watch.failed(busy);
    expect(watch.waitMs).to.equal(0);
    await clock.advance(2_501);
    watch.slept(2_501);
    watch.failed(busy);
    expect([watch.waiting, watch.waitMs]).to.deep.equal(['the database was busy for 7501 ms', 90_000]);
    await clock.advance(1_000);
    expect(watch.did('a look')).to.equal('a look took 8501 ms');
    expect(watch.did('a look')).to.equal(null);
  });

  it('does not take the sleep between a try that locks kept from its work and one that works for time that they took', async () => {
    watch = new OutageWatch({ clock, heartbeatIntervalMs: 2_000 });
    await probe();
    for (const works of [() => watch.did('a look'), () => probe()]) {
      await clock.advance(20);
      watch.failed(new DatabaseBusyError('a deadlock'));
      await clock.advance(1_245);
      watch.slept(1_245);
      await clock.advance(20);
      expect(await works()).to.equal(null);
      expect(watch.isSilenceKnown).to.equal(true);
    }
    await clock.advance(600);
    watch.failed(new DatabaseBusyError('a deadlock'));
    await clock.advance(1_245);
    watch.slept(1_245);
    await clock.advance(500);
    expect(watch.did('a look')).to.equal('a look took 1100 ms');
  });

  it('takes nothing else that is wrong with a statement for an outage', async () => {
    await probe();
    watch.failed(new Error('no such column'));
    expect([await probe(), watch.isSilenceKnown]).to.deep.equal([null, true]);
  });

  it('shares with others of its process what each has noticed, but not when each was last seen', async () => {
    const other = watch.another();
    expect(watch.isSilenceKnown, 'nobody has asked the database').to.equal(false);
    await probe();
    expect([watch.isSilenceKnown, other.isSilenceKnown]).to.deep.equal([true, true]);
    other.failed(new DatabaseUnreachableError('away'));
    expect(watch.isSilenceKnown).to.equal(false);
    expect(await probe()).to.equal('the database came back');
    expect([other.isSilenceKnown, other.waitMs]).to.deep.equal([false, 90_000]);
    await clock.advance(90_000);
    expect(other.isSilenceKnown).to.equal(true);
    sleepAsPlanned();
    expect(other.did('a look')).to.equal('a look took 90000 ms');
    expect(watch.waitMs).to.equal(90_000);
  });

  it('knows later of the silence of who beats more rarely than its process', async () => {
    await probe();
    expect(watch.isSilenceKnownOf(3_600), 'no outage is known').to.equal(true);
    watch.failed(new DatabaseUnreachableError('away'));
    await probe();
    await clock.advance(90_000);
    expect([1, 30, 31].map((seconds) => watch.isSilenceKnownOf(seconds))).to.deep.equal([true, true, false]);
    await clock.advance(3_000);
    expect(watch.isSilenceKnownOf(31)).to.equal(true);
  });

  it('begins to wait anew with each outage', async () => {
    watch.failed(new DatabaseUnreachableError('away'));
    await probe();
    await clock.advance(60_000);
    watch.failed(new DatabaseUnreachableError('away'));
    await probe();
    expect(watch.waitMs).to.equal(90_000);
  });

  it('waits only the rest of the three intervals where a server came up a while ago', async () => {
    expect(await probe({}, 70)).to.match(/up for 70 s only/);
    expect(watch.waitMs).to.equal(20_000);
  });

  it('knows for how long runs could be heard, and why it waits', async () => {
    expect([watch.heardForMs, watch.waiting]).to.deep.equal([Infinity, null]);
    expect(await probe({}, 3_600)).to.equal(null);
    expect([watch.heardForMs, watch.waiting]).to.deep.equal([3_600_000, null]);
    watch.failed(new DatabaseUnreachableError('away'));
    await probe({}, 3_600);
    expect([watch.heardForMs, watch.waiting]).to.deep.equal([0, 'the database came back']);
    await clock.advance(90_000);
    expect([watch.heardForMs, watch.waiting]).to.deep.equal([90_000, null]);
  });

  it('tells of a start once, though an uptime is in whole seconds', async () => {
    expect(await probe({}, 5)).to.match(/up for 5 s only/);
    for (const up of [5, 6, 7]) {
      await clock.advance(900);
      expect(await probe({}, up)).to.equal(null);
    }
  });

  it('never shortens a wait', async () => {
    watch.failed(new DatabaseUnreachableError('away'));
    await probe();
    await probe({}, 80);
    expect(watch.waitMs).to.equal(90_000);
  });

  for (const [what, by] of [
    ['stood still', { monotonicMs: 400_000, wallMs: 400_000 }],
    ['slept with its computer', { wallMs: 400_000 }],
    ['stood still while its wall clock was set back', { monotonicMs: 400_000, wallMs: -3_600_000 }],
  ] as const) {
    it(`waits after the process ${what} in a probe, a check or a sleep`, async () => {
      expect(await probe(by)).to.match(/took 400000 ms to answer/);
      for (const notice of [() => watch.did('the check'), () => watch.slept(15_000)]) {
        await clock.advance(90_000);
        expect(watch.waitMs).to.equal(0);
        sleepAsPlanned();
        await clock.jump(by);
        expect(notice()).to.be.a('string');
        expect(watch.waitMs).to.equal(90_000);
      }
    });
  }

  it('notices a gap wherever it falls: what follows next tells of it', async () => {
    await probe();
    watch.did('the check');
    await clock.jump({ monotonicMs: 60_000, wallMs: 60_000 });
    await clock.advance(15_000);
    expect(watch.slept(15_000)).to.equal('this process was suspended for 60 s');
  });

  it('does not take a sleep that was as long as planned for a gap, nor a wall clock that was set back', async () => {
    await clock.advance(300_000);
    await clock.jump({ wallMs: -3_600_000 });
    expect(watch.slept(300_000)).to.equal(null);
  });

  it('takes no second of delay for an outage however short the heartbeat interval is', async () => {
    watch = new OutageWatch({ clock, heartbeatIntervalMs: 1_000 });
    expect(await probe({ monotonicMs: 1_000, wallMs: 1_000 })).to.equal(null);
    expect(await probe({ monotonicMs: 1_001, wallMs: 1_001 })).to.be.a('string');
    expect(watch.waitMs).to.equal(3_000);
  });

  describe('on the clock of a database', () => {
    const look = (aheadMs: number): unknown => {
      sleepAsPlanned();
      return watch.probeAnswered({ now: databaseNow(aheadMs), uptimeSeconds: null });
    };

    it('waits after it was set forward: everybody seems silent since then', () => {
      expect(look(0)).to.equal(null);
      expect(look(3_600_000)).to.equal("the database's clock was set forward by 3600 s");
      expect(watch.waitMs).to.equal(90_000);
    });

    it('waits though another of its process has looked at it before', () => {
      expect(look(0)).to.equal(null);
      const other = watch.another();
      expect(other.probeAnswered({ now: databaseNow(3_600_000), uptimeSeconds: null })).to.match(/set forward/);
    });

    it('waits once for each time that it was set', async () => {
      look(0);
      look(3_600_000);
      await clock.advance(90_000);
      expect(look(3_600_000)).to.equal(null);
      expect(watch.waitMs).to.equal(0);
    });

    it('does not mind what it shows, nor that it was set back: then nobody seems silent', () => {
      expect(look(-3_600_000)).to.equal(null);
      expect(look(-7_200_000)).to.equal(null);
      expect(watch.waitMs).to.equal(0);
    });

    it('bears what a living run can: a quarter of an interval, and the second that a clock may hide', () => {
      look(0);
      expect(look(8_000)).to.equal(null);
      expect(look(17_000)).to.be.a('string');
    });

    it('counts the time of an outage with it', async () => {
      look(0);
      watch.failed(new DatabaseUnreachableError('away'));
      await clock.advance(400_000);
      expect(look(0)).to.equal('the database came back');
      expect(look(0)).to.equal(null);
    });
  });
});
