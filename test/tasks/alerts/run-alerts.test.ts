import { expect } from 'chai';
import { RunAlerts } from '../../../src/tasks/alerts/run-alerts.js';
import { noMonitor } from '../../../src/tasks/alerts/alert-conditions.js';
import { DatabaseUnreachableError } from '../../../src/runtime/errors.js';
import { OutageWatch } from '../../../src/tasks/monitor/outage-watch.js';
import { AlertFixture } from './alert-fixture.js';
import { defaultRules, noRules } from './alert-rules.js';

const task = { taskId: 123, pipelineId: 45 };
const failing = 'heartbeat_failing:task 123';
const stalled = 'pipeline_stalled:pipeline 45';
const unreachable = 'database_unreachable:database';

const cleared = (key: string): string => `alert.cleared ${key}`;

describe('the alert rules of a run', () => {
  let fixture: AlertFixture;
  let alerts: RunAlerts;
  let judged: number;
  let judgeMs: number;
  let failure: Error | null;
  let isAway: boolean;
  let aheadMs: number;
  let isMonitored: () => Promise<boolean>;
  let isRunning: () => Promise<boolean>;
  let ended: AbortController;

  beforeEach(() => {
    fixture = new AlertFixture();
    ended = new AbortController();
    isMonitored = (): Promise<boolean> => Promise.resolve(true);
    isRunning = (): Promise<boolean> => Promise.resolve(true);
    [judged, judgeMs, failure, isAway, aheadMs] = [0, 0, null, false, 0];
    alerts = open();
  });
  afterEach(() => ended.abort());

  function open(rules = defaultRules): RunAlerts {
    const { desk, clock } = fixture;
    const times = { turnMs: 60_000, unmonitoredMs: 600_000, worker: 'host-1:4711' };
    const asks = { isMonitored: () => isMonitored(), isRunning: () => isRunning() };
    const judge = async (): Promise<void> => {
      if (failure !== null) throw failure;
      judged += 1;
      if (judgeMs > 0) await clock.sleep(judgeMs);
    };
    const now = (): string => new Date(clock.monotonic() + aheadMs).toISOString();
    const probe = () =>
      isAway
        ? Promise.reject(new DatabaseUnreachableError('away'))
        : Promise.resolve({ now: now(), uptimeSeconds: null });
    const outages = new OutageWatch({ clock, heartbeatIntervalMs: 30_000 });
    return new RunAlerts({ desk, clock, rules, ...asks, outages, probe, judge, ...times });
  }

  /** Lets so many beats in a row fail, a second apart. */
  async function fail(times: number): Promise<void> {
    for (let failures = 1; failures <= times; failures++) {
      alerts.observe({ kind: 'beat_failed', ...task, failures, error: 'gone' });
      await fixture.clock.advance(1_000);
    }
  }
  const land = (): void => alerts.observe({ kind: 'beat_landed', ...task, latencyMs: 1 });
  const stall = (): void => alerts.observe({ kind: 'stalled', ...task, stillSeconds: 300 });

  it('raise an alert at the third beat in a row that fails, and clear it when one lands', async () => {
    await fail(2);
    expect(await fixture.told()).to.deep.equal([]);
    await fail(5);
    expect(await fixture.told()).to.deep.equal([`alert.raised ${failing}`]);
    land();
    expect(await fixture.told()).to.deep.equal([`alert.cleared ${failing}`]);
    expect(fixture.asked).to.have.length(1);
    expect(fixture.asked[0]).to.match(/^record [\d.]+-0 heartbeat_failing:task 123$/);
  });

  it('raise another where the database is away for longer than its limit', async () => {
    await fail(60);
    expect(await fixture.told()).to.deep.equal([`alert.raised ${failing}`]);
    await fail(2);
    expect(await fixture.told()).to.deep.equal([`alert.raised ${unreachable}`]);
    expect(fixture.asked).to.deep.equal([]);
    land();
    expect(await fixture.told()).to.deep.equal([`alert.cleared ${failing}`, `alert.cleared ${unreachable}`]);
    expect(fixture.logger.lines.at(-1)).to.equal(
      'info: alert cleared: the database is back after 62 s (database_unreachable)',
    );
  });

  it('call both over where a commit shows that the database is back, and raise nothing again', async () => {
    void alerts.run(ended.signal);
    await fail(62);
    expect(await fixture.told()).to.have.members([failing, unreachable].map((key) => `alert.raised ${key}`));
    alerts.observe({ kind: 'renewed_again', ...task });
    expect(await fixture.told()).to.deep.equal([failing, unreachable].map(cleared));
    await fixture.clock.advance(600_000);
    expect(await fixture.told()).to.deep.equal([]);
  });

  it('call over what they told of tasks that others have taken over meanwhile, and learn that the database is back', async () => {
    const other = { taskId: 124, pipelineId: 46 };
    for (let failures = 1; failures <= 62; failures++) {
      for (const each of [task, other]) alerts.observe({ kind: 'beat_failed', ...each, failures, error: 'gone' });
      await fixture.clock.advance(1_000);
    }
    const keys = [failing, 'heartbeat_failing:task 124', unreachable];
    expect(await fixture.told()).to.deep.equal(keys.map((key) => `alert.raised ${key}`));
    for (const { taskId } of [task, other]) fixture.ended.add(taskId);
    alerts.observe({ kind: 'beat_refused', ...task });
    expect(await fixture.told()).to.deep.equal([failing, unreachable].map(cleared));
    alerts.observe({ kind: 'beat_refused', ...other });
    expect(await fixture.told()).to.deep.equal(['heartbeat_failing:task 124'].map(cleared));
    for (const each of [task, other]) alerts.observe({ kind: 'ended', ...each });
    expect(await fixture.told()).to.deep.equal([]);
    expect(fixture.desk.standing).to.deep.equal([]);
    fixture.desk.raise(noMonitor());
    expect(await fixture.told()).to.deep.equal(['alert.raised no_monitor:monitor']);
    expect(fixture.asked.at(-1)).to.equal('raise no_monitor:monitor');
  });

  it('raise an alert for a run that hangs, clear it when it moves, and never for its end', async () => {
    stall();
    expect(await fixture.told()).to.deep.equal([`alert.raised ${stalled}`]);
    alerts.observe({ kind: 'moved_again', ...task });
    expect(await fixture.told()).to.deep.equal([`alert.cleared ${stalled}`]);
    for (const kind of ['beat_refused', 'ended'] as const) {
      fixture.open.clear();
      stall();
      expect(await fixture.told()).to.deep.equal([`alert.raised ${stalled}`]);
      alerts.observe({ kind, ...task });
      expect(await fixture.told()).to.deep.equal([]);
      expect(fixture.desk.standing).to.deep.equal([]);
    }
  });

  it('raise none for a shard that hangs, for its pipeline goes on', async () => {
    alerts.observe({ kind: 'stalled', ...task, stillSeconds: 300, shard: 2 });
    expect(await fixture.told()).to.deep.equal([]);
    alerts.observe({ kind: 'moved_again', ...task });
    expect(await fixture.told()).to.deep.equal([]);
  });

  it('raise none for a run that was frozen, and whose task has ended meanwhile', async () => {
    isRunning = (): Promise<boolean> => Promise.resolve(false);
    stall();
    expect(await fixture.told()).to.deep.equal([]);
    isRunning = (): Promise<boolean> => Promise.resolve(true);
    for (const kind of ['beat_refused', 'moved_again'] as const) {
      stall();
      alerts.observe({ kind, ...task });
      expect(await fixture.told(), kind).to.deep.equal([]);
    }
    isRunning = (): Promise<boolean> => Promise.reject(new Error('gone'));
    stall();
    expect(await fixture.told(), 'where the database can not say').to.deep.equal([`alert.raised ${stalled}`]);
  });

  it('ask every minute whether what stands is to be repeated', async () => {
    void alerts.run(ended.signal);
    stall();
    await fixture.told();
    fixture.standing = 'repeated';
    await fixture.clock.advance(125_000);
    expect(await fixture.told()).to.deep.equal([`alert.repeated ${stalled}`, `alert.repeated ${stalled}`]);
  });

  it('judge all pipelines every minute, but for three beats after the database was away or this process was suspended', async () => {
    const { clock } = fixture;
    void alerts.run(ended.signal);
    await clock.advance(125_000);
    expect(judged).to.equal(2);
    isAway = true;
    await clock.advance(60_000);
    isAway = false;
    await clock.advance(120_000);
    expect(judged, 'it came back, and a minute later').to.equal(2);
    await clock.advance(60_000);
    expect(judged).to.equal(3);
    await clock.jump({ wallMs: 3_600_000 });
    await clock.advance(60_000);
    expect(judged, 'it was suspended').to.equal(3);
    await clock.advance(120_000);
    expect(judged).to.equal(4);
  });

  it('judge again and again though that takes long, as it does for a large fleet', async () => {
    judgeMs = 20_000;
    void alerts.run(ended.signal);
    await fixture.clock.advance(245_000);
    expect(judged).to.equal(3);
  });

  it('judge on where that fails for another reason than that the database is away', async () => {
    void alerts.run(ended.signal);
    const failures = [new Error('no such column'), new DatabaseUnreachableError('a statement took too long')];
    for (failure of failures) await fixture.clock.advance(60_000);
    failure = null;
    await fixture.clock.advance(60_000);
    expect(judged).to.equal(1);
  });

  it('judge nobody for three beats after the database’s clock was set forward between two looks', async () => {
    void alerts.run(ended.signal);
    await fixture.clock.advance(60_000);
    aheadMs = 3_600_000;
    await fixture.clock.advance(120_000);
    expect(judged).to.equal(1);
    await fixture.clock.advance(60_000);
    expect(judged).to.equal(2);
  });

  it('miss a monitor only where the run has waited for one, and the database says that there is none', async () => {
    void alerts.run(ended.signal);
    isMonitored = (): Promise<boolean> => Promise.resolve(false);
    await fixture.clock.advance(599_000);
    expect(await fixture.told()).to.deep.equal([]);
    await fixture.clock.advance(1_000);
    expect(await fixture.told()).to.deep.equal(['alert.raised no_monitor:monitor']);
    isMonitored = (): Promise<boolean> => Promise.reject(new Error('gone'));
    await fixture.clock.advance(60_000);
    expect(await fixture.told()).to.deep.equal([]);
    isMonitored = (): Promise<boolean> => Promise.resolve(true);
    await fixture.clock.advance(60_000);
    expect(await fixture.told()).to.deep.equal(['alert.cleared no_monitor:monitor']);
  });

  it('do not miss a monitor anew that is alive and has said so itself', async () => {
    void alerts.run(ended.signal);
    isMonitored = (): Promise<boolean> => Promise.resolve(false);
    await fixture.clock.advance(600_000);
    expect(await fixture.told()).to.deep.equal(['alert.raised no_monitor:monitor']);
    isMonitored = (): Promise<boolean> => Promise.resolve(true);
    fixture.open.clear();
    await fixture.clock.advance(60_000);
    expect(await fixture.told()).to.deep.equal([]);
  });

  it('do not miss a monitor while the database takes no beats, nor at the first look after that', async () => {
    void alerts.run(ended.signal);
    await fixture.clock.advance(600_000);
    isMonitored = (): Promise<boolean> => Promise.resolve(false);
    alerts.observe({ kind: 'beat_failed', ...task, failures: 1, error: 'read-only' });
    await fixture.clock.advance(300_000);
    expect(await fixture.told()).to.deep.equal([]);
    land();
    await fixture.clock.advance(60_000);
    expect(await fixture.told()).to.deep.equal([]);
    await fixture.clock.advance(60_000);
    expect(await fixture.told()).to.deep.equal(['alert.raised no_monitor:monitor']);
  });

  it('tell nobody that a monitor is missing where that can not be stored: no monitor could write either', async () => {
    void alerts.run(ended.signal);
    isMonitored = (): Promise<boolean> => Promise.resolve(false);
    fixture.isAway = true;
    await fixture.clock.advance(700_000);
    expect(await fixture.told()).to.deep.equal([]);
    expect(fixture.desk.standing).to.deep.equal([]);
    fixture.isAway = false;
    await fixture.clock.advance(60_000);
    expect(await fixture.told()).to.deep.equal(['alert.raised no_monitor:monitor']);
  });

  it('do not miss a monitor that is away for one look only, as one is that is started anew', async () => {
    void alerts.run(ended.signal);
    await fixture.clock.advance(600_000);
    isMonitored = (): Promise<boolean> => Promise.resolve(false);
    await fixture.clock.advance(60_000);
    isMonitored = (): Promise<boolean> => Promise.resolve(true);
    await fixture.clock.advance(60_000);
    expect(await fixture.told()).to.deep.equal([]);
  });

  it('raise nothing where they are switched off', async () => {
    alerts = open(noRules);
    void alerts.run(ended.signal);
    isMonitored = (): Promise<boolean> => Promise.resolve(false);
    await fail(100);
    land();
    stall();
    await fixture.clock.advance(900_000);
    expect(await fixture.told()).to.deep.equal([]);
    expect(fixture.asked).to.deep.equal([]);
  });
});
