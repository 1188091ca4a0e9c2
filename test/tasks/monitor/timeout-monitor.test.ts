import { expect } from 'chai';
import type { DatabaseProbe } from '../../../src/database/tasks/database-probe.js';
import { DatabaseUnreachableError } from '../../../src/runtime/errors.js';
import { settle } from '../../support/fake-clock.js';
import { away, MonitorFixture, silentTask, up } from './monitor-fixture.js';

describe('a timeout monitor', () => {
  let monitor: MonitorFixture;

  beforeEach(() => (monitor = new MonitorFixture()));
  afterEach(() => monitor.stop.abort());

  it('checks at once, then at every interval, and probes twice a heartbeat in between', async () => {
    monitor.start();
    await monitor.clock.advance(600_000);
    expect(monitor.checks).to.deep.equal([0, 300, 600]);
    expect(monitor.probes).to.be.within(40, 44);
  });

  it('checks from start to start, however long a check takes', async () => {
    monitor.onCount = (): Promise<void> => monitor.clock.sleep(5_000);
    monitor.start();
    await monitor.clock.advance(610_000);
    expect(monitor.checks).to.deep.equal([5, 305, 605]);
  });

  it('tells each turn that came round, also against a database that is away, and none that hangs', async () => {
    monitor.start();
    await monitor.clock.advance(30_000);
    expect(monitor.turns).to.deep.equal([false, false, false]);
    monitor.answer = away;
    await monitor.clock.advance(15_000);
    expect(monitor.turns.at(-1)).to.equal(true);
    const before = monitor.turns.length;
    monitor.answer = (): Promise<DatabaseProbe> => new Promise(() => undefined);
    await monitor.clock.advance(60_000);
    const hung = monitor.turns.length;
    await monitor.clock.advance(600_000);
    expect([hung - before <= 1, monitor.turns.length - hung]).to.deep.equal([true, 0]);
  });

  it('tells of a task that timed out in the lines that operators search for', async () => {
    monitor.silent = [silentTask];
    await monitor.make().checkOnce(0, monitor.stop.signal);
    expect(monitor.logger.lines).to.deep.equal([
      'warn: task timed out: task_id=123, pipeline_id=45, last heartbeat 2024-01-15T10:05:30 (61 min ago), timeout 60 min',
      'info: task 123: running -> failed (timeout)',
      'info: timeout check: 12 running, 1 timed out, 0 ms',
    ]);
    monitor.logger.clear();
    monitor.silent = [{ ...silentTask, lastHeartbeat: null, timeoutMinutes: 45 }];
    await monitor.make().checkOnce(0, monitor.stop.signal);
    expect(monitor.logger.lines[0]).to.equal(
      'warn: task timed out: task_id=123, pipeline_id=45, never sent a heartbeat, created 2024-01-15T09:00:00 (61 min ago), timeout 45 min',
    );
  });

  it('names the fields of how far a task was as all of JSON does', async () => {
    const progress = { mode: 'historical', nextBlock: 8, targetBlock: 9, headBlock: 10, events: 3 } as const;
    monitor.silent = [{ ...silentTask, progress }];
    await monitor.make().checkOnce(0, monitor.stop.signal);
    expect(monitor.logger.entries[0]?.fields['progress']).to.deep.include({ next_block: 8, head_block: 10, events: 3 });
  });

  it('tells its observer what it found, and when the database goes away and comes back', async () => {
    monitor.silent = [silentTask];
    await monitor.make().checkOnce(0, monitor.stop.signal);
    expect(monitor.events).to.deep.equal([
      { kind: 'timed_out', task: silentTask },
      { kind: 'checked', running: 12, timedOut: 1, durationMs: 0, isTrusted: true },
    ]);
    monitor.events.length = 0;
    monitor.answer = away;
    monitor.start();
    await settle();
    monitor.answer = up;
    await monitor.clock.advance(1_000);
    expect(monitor.events).to.deep.equal([
      { kind: 'database_away', failures: 1, error: 'gone' },
      { kind: 'database_back' },
    ]);
  });

  it('tells its observer of each look between two checks, but not of one that may not judge', async () => {
    monitor.start();
    await monitor.clock.advance(60_000);
    expect(monitor.events.map(({ kind }) => kind)).to.deep.equal(['checked', 'looked', 'looked', 'looked', 'looked']);
    monitor.answer = away;
    await monitor.clock.advance(30_000);
    monitor.answer = up;
    monitor.events.length = 0;
    await monitor.clock.advance(60_000);
    expect(monitor.events.map(({ kind }) => kind)).to.deep.equal(['database_back']);
  });

  it('tells of it in Chinese', async () => {
    monitor.silent = [silentTask];
    await monitor.make('zh').checkOnce(0, monitor.stop.signal);
    expect(monitor.logger.lines).to.deep.equal([
      'warn: 任务超时失败: task_id=123, pipeline_id=45, 最后心跳时间 2024-01-15T10:05:30 (61 分钟前), 超时 60 分钟',
      'info: 任务 123: 正在运行 -> 失败 (timeout)',
      'info: 超时检查: 12 个正在运行, 1 个超时, 0 ms',
    ]);
    monitor.logger.clear();
    monitor.silent = [{ ...silentTask, lastHeartbeat: null }];
    await monitor.make('zh').checkOnce(0, monitor.stop.signal);
    expect(monitor.logger.lines[0]).to.match(
      /^warn: 任务超时失败: task_id=123, .*从未心跳, 创建时间 2024-01-15T09:00:00/,
    );
  });

  it('says at debug level only that nobody timed out', async () => {
    await monitor.make().checkOnce(0, monitor.stop.signal);
    expect(monitor.logger.lines).to.deep.equal(['debug: timeout check: 12 running, 0 timed out, 0 ms']);
  });

  it('counts what it failed before the database went away in the middle of a check', async () => {
    monitor.silent = Array.from({ length: 201 }, (_, i) => ({ ...silentTask, id: i + 1 }));
    let answers = 0;
    monitor.answer = (): Promise<DatabaseProbe> => (++answers === 3 ? away() : up());
    const once = monitor.make().checkOnce(30_000, monitor.stop.signal);
    await monitor.clock.advance(100_000);
    const result = await once;
    expect(result?.timedOut).to.have.length(201);
    expect(monitor.logger.lines.at(-1)).to.equal('info: timeout check: 12 running, 201 timed out, 0 ms');
  });

  it('ends at once when it is told to, also where the database does not answer', async () => {
    monitor.answer = (): Promise<DatabaseProbe> => new Promise(() => undefined);
    const running = monitor.make().run(monitor.stop.signal);
    await settle();
    monitor.stop.abort();
    await running;
    expect(monitor.checks).to.deep.equal([]);
  });

  it('waits with --once too, and gives up on a database that stays away', async () => {
    monitor.answer = away;
    const first = monitor.make().checkOnce(30_000, monitor.stop.signal);
    await monitor.clock.advance(5_000);
    monitor.answer = up;
    await monitor.clock.advance(85_000);
    expect(monitor.checks).to.deep.equal([]);
    await monitor.clock.advance(30_000);
    expect((await first)?.running).to.equal(12);

    monitor.answer = away;
    let failure: unknown;
    monitor
      .make()
      .checkOnce(30_000, monitor.stop.signal)
      .catch((error: unknown) => (failure = error));
    await monitor.clock.advance(29_999);
    expect(failure).to.equal(undefined);
    await monitor.clock.advance(1);
    expect(failure).to.be.instanceOf(DatabaseUnreachableError);
  });

  it('counts with --once for how long the database is away, not for how long it has waited before', async () => {
    monitor.answer = (): Promise<DatabaseProbe> => up(1);
    let failure: unknown;
    monitor
      .make()
      .checkOnce(30_000, monitor.stop.signal)
      .catch((error: unknown) => (failure = error));
    await monitor.clock.advance(60_000);
    monitor.answer = away;
    await monitor.clock.advance(30_000);
    expect(failure).to.equal(undefined);
    await monitor.clock.advance(15_000);
    expect(failure).to.be.instanceOf(DatabaseUnreachableError);
  });

  it('ends without a check where it is stopped before it may judge', async () => {
    monitor.answer = (): Promise<DatabaseProbe> => up(1);
    const once = monitor.make().checkOnce(30_000, monitor.stop.signal);
    await settle();
    monitor.stop.abort();
    expect(await once).to.equal(null);
  });
});
