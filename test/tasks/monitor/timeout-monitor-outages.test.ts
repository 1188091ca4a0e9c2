import { expect } from 'chai';
import type { DatabaseProbe } from '../../../src/database/tasks/database-probe.js';
import { DatabaseForbiddenError, DatabaseRefusedError } from '../../../src/runtime/errors.js';
import { settle } from '../../support/fake-clock.js';
import { away, MonitorFixture, silentTask, up } from './monitor-fixture.js';
import { rejectionOf } from '../../support/rejection.js';

describe('a timeout monitor in an outage', () => {
  let monitor: MonitorFixture;

  beforeEach(() => (monitor = new MonitorFixture()));
  afterEach(() => monitor.stop.abort());

  it('judges nobody for three heartbeat intervals after the database came back, then by the plain rule', async () => {
    monitor.start();
    await monitor.clock.advance(200_000);
    monitor.answer = away;
    await monitor.clock.advance(150_000);
    expect(monitor.checks).to.deep.equal([0]);
    expect(
      monitor.logger.lines.some((line) => line === 'error: nobody is judged while the database is away: gone'),
    ).to.equal(true);
    monitor.answer = up;
    const before = monitor.checks.length;
    await monitor.clock.advance(85_000);
    expect(monitor.checks.length).to.equal(before);
    await monitor.clock.advance(40_000);
    expect(monitor.checks.length).to.equal(before + 1);
  });

  it('asks a database that is away soon, then with a backoff of at most one heartbeat interval', async () => {
    monitor.answer = away;
    monitor.start();
    await monitor.clock.advance(0);
    const waits: number[] = [];
    for (let i = 0; i < 20; i++) {
      const wait = monitor.clock.nextWakeMs ?? NaN;
      waits.push(wait);
      await monitor.clock.advance(wait);
    }
    expect(waits[0]).to.be.at.most(250);
    expect(Math.max(...waits)).to.be.within(15_000, 30_000);
    expect(monitor.probes).to.equal(21);
  });

  it('ends where the database never let it in, and waits where it did once', async () => {
    const refuse = (): Promise<never> => Promise.reject(new DatabaseRefusedError('Access denied'));
    monitor.answer = refuse;
    await rejectionOf(monitor.make().run(monitor.stop.signal), DatabaseRefusedError);
    monitor.answer = up;
    monitor.start();
    await monitor.clock.advance(1);
    monitor.answer = refuse;
    await monitor.clock.advance(20_000);
    expect(monitor.logger.lines.at(-1)).to.equal('error: nobody is judged while the database is away: Access denied');
  });

  it('ends where it never had the rights that it wants, and waits where they were taken from it', async () => {
    const forbid = (): Promise<never> => Promise.reject(new DatabaseForbiddenError('permission denied'));
    monitor.onShow = forbid;
    await rejectionOf(monitor.make().run(monitor.stop.signal), DatabaseForbiddenError);
    monitor.onShow = (): undefined => undefined;
    monitor.onCount = forbid;
    await rejectionOf(monitor.make().checkOnce(30_000, monitor.stop.signal), DatabaseForbiddenError);
    monitor.onCount = (): undefined => undefined;
    monitor.start();
    await monitor.clock.advance(1);
    expect(monitor.checks).to.have.length(1);
    [monitor.answer, monitor.onShow] = [forbid, forbid];
    await monitor.clock.advance(400_000);
    expect(monitor.logger.lines.at(-1)).to.match(/^error: nobody is judged while .*: permission denied$/);
    expect(monitor.turns.at(-1)).to.equal(true);
    [monitor.answer, monitor.onShow] = [up, (): undefined => undefined];
    await monitor.clock.advance(89_000);
    expect(monitor.checks).to.have.length(1);
    await monitor.clock.advance(32_000);
    expect(monitor.checks).to.have.length(2);
  });

  it('judges nobody after a check in which the database went away, until it has waited', async () => {
    monitor.onCount = away;
    monitor.start();
    await monitor.clock.advance(0);
    monitor.onCount = () => undefined;
    await monitor.clock.advance(89_000);
    expect(monitor.checks).to.deep.equal([]);
    await monitor.clock.advance(2_000);
    expect(monitor.checks).to.have.length(1);
  });

  it('shows that it is alive, why it waits and what it found', async () => {
    const startedAt = monitor.clock.monotonic();
    monitor.answer = () => up(70 + Math.floor((monitor.clock.monotonic() - startedAt) / 1_000));
    const result = monitor.make().checkOnce(0, monitor.stop.signal);
    await monitor.clock.advance(1);
    expect(monitor.shown).to.deep.equal(['the database is up for 70 s only']);
    monitor.silent = [silentTask];
    await monitor.clock.advance(25_000);
    await result;
    expect(monitor.shown.slice(-2)).to.deep.equal(['judges', 'checked, 1 timed out']);
  });

  it('judges nobody where it can’t even write that it is alive', async () => {
    monitor.onShow = away;
    monitor.start();
    await monitor.clock.advance(120_000);
    expect(monitor.checks).to.deep.equal([]);
    monitor.onShow = () => undefined;
    await monitor.clock.advance(89_000);
    expect(monitor.checks).to.deep.equal([]);
    await monitor.clock.advance(32_000);
    expect(monitor.checks).to.have.length(1);
  });

  it('calls a database away that answers and takes no beat, and asks it ever more rarely', async () => {
    monitor.onShow = away;
    monitor.start();
    await monitor.clock.advance(120_000);
    expect(monitor.logger.lines.filter((line) => line.includes('is away'))).to.have.length.within(8, 16);
    expect(monitor.logger.lines.some((line) => line.includes('came back'))).to.equal(false);
    expect(monitor.events.map(({ kind }) => kind)).not.to.include('database_back');
    monitor.onShow = () => undefined;
    await monitor.clock.advance(31_000);
    expect(monitor.logger.lines.filter((line) => line.includes('came back'))).to.have.length(1);
  });

  it('waits where its computer slept in the middle of a check', async () => {
    let goOn: () => void = () => undefined;
    monitor.onCount = (): Promise<void> => new Promise((resolve) => (goOn = resolve));
    void monitor.make('en', 1_000).run(monitor.stop.signal);
    await settle();
    monitor.onCount = () => undefined;
    await monitor.clock.jump({ wallMs: 7_200_000 });
    goOn();
    await settle();
    const before = monitor.checks.length;
    expect(monitor.logger.lines).to.include(
      'warn: the check took 7200000 ms: nobody is judged for 90 s, in which living runs are heard',
    );
    await monitor.clock.advance(85_000);
    expect(monitor.checks).to.have.length(before);
    await monitor.clock.advance(10_000);
    expect(monitor.checks.length).to.be.above(before);
  });

  it("judges nobody after the database's clock was set forward, until it has waited", async () => {
    const showing = (now: string) => (): Promise<DatabaseProbe> => Promise.resolve({ now, uptimeSeconds: null });
    monitor.answer = showing('2024-01-15 11:07:00');
    monitor.start();
    await monitor.clock.advance(295_000);
    monitor.answer = showing('2024-01-15 12:12:00');
    await monitor.clock.advance(80_000);
    expect(monitor.checks).to.deep.equal([0]);
    await monitor.clock.advance(30_000);
    expect(monitor.checks).to.have.length(2);
  });

  it('waits after a probe that the database took long to answer', async () => {
    monitor.answer = async (): Promise<DatabaseProbe> => {
      await monitor.clock.sleep(20_000);
      return up();
    };
    monitor.start();
    await monitor.clock.advance(20_000);
    monitor.answer = up;
    await monitor.clock.advance(85_000);
    expect(monitor.checks).to.deep.equal([]);
    await monitor.clock.advance(20_000);
    expect(monitor.checks).to.have.length(1);
  });

  it('waits until a server has been up for three heartbeat intervals', async () => {
    const startedAt = monitor.clock.monotonic();
    monitor.answer = (): Promise<DatabaseProbe> => up(60 + (monitor.clock.monotonic() - startedAt) / 1_000);
    monitor.start();
    await monitor.clock.advance(25_000);
    expect(monitor.checks).to.deep.equal([]);
    await monitor.clock.advance(10_000);
    expect(monitor.checks).to.have.length(1);
  });

  for (const [what, by] of [
    ['was suspended with its computer', { wallMs: 400_000 }],
    ['was stopped', { wallMs: 400_000, monotonicMs: 400_000 }],
  ] as const) {
    it(`waits where it ${what} itself`, async () => {
      monitor.start();
      await monitor.clock.advance(295_000);
      await monitor.clock.jump(by);
      await monitor.clock.advance(80_000);
      expect(monitor.checks).to.deep.equal([0]);
      await monitor.clock.advance(30_000);
      expect(monitor.checks).to.have.length(2);
    });
  }
});
