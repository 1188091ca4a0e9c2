import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { createDatabase, kinds } from '../support/databases.js';
import { extentOf } from '../support/extent.js';
import { FakedClock, withFakedClocks } from '../support/faked-clock.js';
import type { ServerKind } from '../support/server-kind.js';
import { Scenario } from '../support/scenario.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { endGently, quickMonitor, stateOf, timedOut, whenRunning } from '../support/watched-runs.js';
import { eventually } from '../support/within.js';

const hour = 3_600;
const servers = kinds
  .filter(({ canStart }) => canStart)
  .slice(0, extentOf({ sample: 1, full: kinds.length, soak: kinds.length }));
type Env = Record<string, string>;
/** All databases at once on a busy machine, in milliseconds: what hangs is told sooner, for each wait has its own limit. */
const longest = 500_000;
/** A monitor that a busy machine holds up thinks that it was suspended, and waits again before it judges; in milliseconds. */
const patience = 90_000;

const source = { mode: 'realtime' } as const;
const seconds = (count: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, count * 1_000));

withFakedClocks('clocks that are wrong', () => {
  let node: ChainSimulator;

  before(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(10);
  });

  after(() => node.stop());

  /** Waits until monitors have failed the tasks of these pipelines and a check has passed without another. */
  async function expectTimedOut(monitors: readonly Child[], pipelines: readonly number[]): Promise<void> {
    await eventually(`timed out: ${pipelines.join()}`, () => timedOut(monitors).length >= pipelines.length, patience);
    await seconds(1.5);
    expect(timedOut(monitors)).to.deep.equal(pipelines);
  }

  it('between workers, monitors and a server fail nobody who beats and spare nobody who is dead', async function () {
    if (servers.length === 0) this.skip(); // SQLite has no clock of its own; CI requires all servers
    this.timeout(longest);
    await Promise.all(servers.map(liveWithWrongClocks));
  });

  /** Runs and monitors whose clocks are an hour ahead of a server's or behind it, and then the other way round. */
  async function liveWithWrongClocks(kind: ServerKind): Promise<void> {
    const server = await kind.start();
    const scenario = await Scenario.begin(await createDatabase(server.url()), node.url, source);
    const [fast, slow] = [new FakedClock(hour), new FakedClock(-hour)];
    const [ahead, behind] = [scenario.in(fast.env), scenario.in(slow.env)];
    const living = await Promise.all([ahead.runAs(50), behind.runAs(51)]);
    const dying = await Promise.all([ahead.runAs(60), behind.runAs(61)]);
    await whenRunning([...living, ...dying]);
    const monitors = [ahead, behind].map((where) => where.start(...quickMonitor));
    await Promise.all(monitors.map((monitor) => monitor.output(/timeout check: 4 running, 0 timed out/, patience)));
    fast.set(-hour);
    slow.set(hour);
    await seconds(1.5);
    for (const run of dying) await run.kill();
    await expectTimedOut(monitors, [60, 61]);
    for (const id of [50, 51]) expect(await stateOf(scenario, id)).to.deep.equal([0, null]);
    await endGently([...living, ...monitors]);
    await server.stop();
  }

  it('of a database change nothing: not when summer begins or ends, nor set forward, nor set back', async function () {
    this.timeout(longest);
    await onEachDatabase(berlin, liveThroughChanges);
  });

  /** A monitor, a run that lives and one that dies, all of which see the database's clock change. */
  async function liveThroughChanges(url: string, clock: FakedClock, env: Env): Promise<void> {
    const scenario = await Scenario.begin(url, node.url, source, env);
    const summer = setShortlyBefore(clock, summerBegins, 8_000);
    const [living, dying] = await Promise.all([scenario.runAs(50), scenario.runAs(60)]);
    await whenRunning([living, dying]);
    const monitor = scenario.start(...quickMonitor);
    await monitor.output(/timeout check: 2 running, 0 timed out/, patience);
    await summer;
    expect(timedOut([monitor]), 'summer has begun').to.deep.equal([]);
    expect(monitor.stderr, 'nor was it noticed').not.to.match(/clock was set/);
    const winter = setShortlyBefore(clock, summerEnds, 6_000);
    // On a server its clock alone was set; with SQLite it is the monitor's own.
    await monitor.output(/(clock was set forward by|suspended for|took) \d{7}[^]*timeout check: 2 running/, patience);
    await winter;
    expect(timedOut([monitor]), 'summer has ended').to.deep.equal([]);
    await dying.kill();
    // The last heartbeats lie an hour ahead then.
    clock.set(aheadBy(summerEnds - 3_600_000));
    await monitor.output(/heartbeat of task \d+ lies in the future/, patience);
    await expectTimedOut([monitor], [60]);
    expect(await stateOf(scenario, 50)).to.deep.equal([0, null]);
    await endGently([living, monitor]);
  }

  it('of a database, set back while a worker and a monitor die, keep nobody alive and no pipeline down', async function () {
    this.timeout(longest);
    await onEachDatabase({}, dieBeforeSetBack);
  });

  /** A worker and a monitor that die, and a run that lives, before a clock goes back by hours; then comes another worker. */
  async function dieBeforeSetBack(url: string, clock: FakedClock, env: Env): Promise<void> {
    const scenario = await Scenario.begin(url, node.url, source, env);
    const living = await scenario.runAs(50);
    await scenario.chainparse('pipeline', 'start', '45');
    const [monitor, worker] = [scenario.start(...quickMonitor), scenario.start('worker')];
    await Promise.all([
      monitor.output(/timeout check: 2 running, 0 timed out/, patience),
      whenRunning([living, worker]),
    ]);
    await eventually('45 has beaten', async () => (await scenario.tasks())[0]?.last_heartbeat !== null, patience);
    await Promise.all([monitor.kill(), worker.kill()]);
    clock.set(-4 * hour);
    await seconds(3);
    const { monitors, workers } = JSON.parse(await scenario.chainparse('status', '--json')) as Record<string, object[]>;
    expect([monitors, workers]).to.deep.equal([[], []]);
    expect((await scenario.tasks())[0]?.heartbeat_age_seconds).to.be.lessThan(-3 * hour);
    const another = scenario.start('worker');
    await another.output(/runs pipeline 45/, patience);
    expect((await scenario.tasks()).map((task) => task.end_reason)).to.deep.equal([null, 'taken_over']);
    expect((await scenario.tasks(50)).map((task) => task.end_reason)).to.deep.equal([null]);
    await endGently([living, another]);
  }
});

/** When Berlin's clocks go forward, and back. */
const [summerBegins, summerEnds] = [Date.parse('2026-03-29T01:00:00Z'), Date.parse('2026-10-25T01:00:00Z')];
const berlin = { TZ: 'Europe/Berlin' };

/** By how many seconds a clock is ahead that shows this instant. */
function aheadBy(instant: number): number {
  return (instant - Date.now()) / 1_000;
}

/** Sets a clock to a while before an instant; resolves two seconds after it. */
async function setShortlyBefore(clock: FakedClock, instant: number, beforeMs: number): Promise<void> {
  clock.set(aheadBy(instant - beforeMs));
  await seconds(beforeMs / 1_000 + 2);
}

/**
 * Does something at the same time on a SQLite file, whose clock is that of every process, and on servers, whose clocks are
 * their own.
 */
async function onEachDatabase(
  env: Env,
  work: (url: string, clock: FakedClock, env: Env) => Promise<void>,
): Promise<void> {
  const onSqlite = async (): Promise<void> => {
    const clock = new FakedClock();
    await work(`sqlite:${temporaryFolder()}/x.db`, clock, { ...env, ...clock.env });
  };
  const onServer = async (kind: ServerKind): Promise<void> => {
    const clock = new FakedClock();
    const server = await kind.startIn({ ...env, ...clock.env });
    await work(await createDatabase(server.url()), clock, env);
    await server.stop();
  };
  await Promise.all([onSqlite(), ...servers.map(onServer)]);
}
