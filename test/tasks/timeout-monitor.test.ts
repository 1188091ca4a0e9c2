import { expect } from 'chai';
import type { DatabaseProbe, TimeoutStore } from '../../src/database/timeout-store.js';
import type { Task } from '../../src/model/task.js';
import { DatabaseUnreachableError } from '../../src/runtime/errors.js';
import type { Lang } from '../../src/runtime/messages.js';
import { TimeoutMonitor } from '../../src/tasks/timeout-monitor.js';
import { FakeClock, settle } from '../support/fake-clock.js';

const silentTask: Task = {
  id: 123,
  pipelineId: 45,
  status: 0,
  createTime: '2024-01-15T09:00:00',
  lastHeartbeat: '2024-01-15T10:05:30',
  logPath: null,
  worker: 'host-1:4711',
  workerIdentity: null,
  heartbeatInterval: 30,
  timeoutMinutes: null,
  endTime: null,
  endReason: null,
  error: null,
  progress: null,
  heartbeatAgeSeconds: 3_690,
  silentSeconds: 3_690,
};

describe('a timeout monitor', () => {
  let clock: FakeClock;
  let stop: AbortController;
  let lines: string[];
  /** When the silent were asked for, in seconds since the start. */
  let checks: number[];
  let probes: number;
  let silent: readonly Task[];
  let answer: () => Promise<DatabaseProbe>;
  /** Called where the running tasks are counted, and where tasks are failed. */
  let onCount: () => unknown;

  const up = (uptimeSeconds: number | null = 86_400): Promise<DatabaseProbe> =>
    Promise.resolve({ now: '2024-01-15 11:07:00', uptimeSeconds });
  const away = (): Promise<never> => Promise.reject(new DatabaseUnreachableError('gone'));

  const makeMonitor = (lang: Lang = 'en', checkIntervalMs = 300_000): TimeoutMonitor => {
    const store: Pick<TimeoutStore, keyof TimeoutStore> = {
      probe: () => {
        probes++;
        return answer();
      },
      countRunning: async () => {
        await onCount();
        return 12;
      },
      takeLost: () => Promise.resolve([]),
      listSilent: (_rule, afterId, limit) => {
        if (afterId === 0) checks.push((clock.monotonic() - 1_000) / 1_000);
        return Promise.resolve(silent.filter(({ id }) => id > afterId).slice(0, limit));
      },
      unlocked: (ids) => Promise.resolve(ids),
      fail: (ids) => {
        const failed = silent.filter(({ id }) => ids.includes(id));
        silent = silent.filter(({ id }) => !ids.includes(id));
        return Promise.resolve(failed);
      },
    };
    return new TimeoutMonitor({
      store: store as TimeoutStore,
      rule: { timeoutSeconds: 3_600, heartbeatIntervalSeconds: 30 },
      checkIntervalMs,
      name: 'host-2:1',
      clock,
      logger: { log: (level, message) => lines.push(`${level}: ${message}`) },
      lang,
    });
  };

  beforeEach(() => {
    clock = new FakeClock();
    stop = new AbortController();
    lines = [];
    checks = [];
    probes = 0;
    silent = [];
    answer = up;
    onCount = () => undefined;
  });
  afterEach(() => stop.abort());

  const start = (): void => void makeMonitor().run(stop.signal);

  it('checks at once, then at every interval, and probes twice a heartbeat in between', async () => {
    start();
    await clock.advance(600_000);
    expect(checks).to.deep.equal([0, 300, 600]);
    expect(probes).to.be.within(40, 44);
  });

  it('tells of a task that timed out in the lines that operators search for', async () => {
    silent = [silentTask];
    await makeMonitor().checkOnce(0, stop.signal);
    expect(lines).to.deep.equal([
      'warn: task timed out: task_id=123, pipeline_id=45, last heartbeat 2024-01-15T10:05:30 (61 min ago), timeout 60 min',
      'info: task 123: running -> failed (timeout)',
      'info: timeout check: 12 running, 1 timed out, 0 ms',
    ]);
    lines = [];
    silent = [{ ...silentTask, lastHeartbeat: null, timeoutMinutes: 45 }];
    await makeMonitor().checkOnce(0, stop.signal);
    expect(lines[0]).to.equal(
      'warn: task timed out: task_id=123, pipeline_id=45, never sent a heartbeat, created 2024-01-15T09:00:00 (61 min ago), timeout 45 min',
    );
  });

  it('tells of it in Chinese', async () => {
    silent = [silentTask];
    await makeMonitor('zh').checkOnce(0, stop.signal);
    expect(lines).to.deep.equal([
      'warn: 任务超时失败: task_id=123, pipeline_id=45, 最后心跳时间 2024-01-15T10:05:30 (61 分钟前), 超时 60 分钟',
      'info: 任务 123: 正在运行 -> 失败 (timeout)',
      'info: 超时检查: 12 个正在运行, 1 个超时, 0 ms',
    ]);
    lines = [];
    silent = [{ ...silentTask, lastHeartbeat: null }];
    await makeMonitor('zh').checkOnce(0, stop.signal);
    expect(lines[0]).to.match(/^warn: 任务超时失败: task_id=123, .*从未心跳, 创建时间 2024-01-15T09:00:00/);
  });

  it('says at debug level only that nobody timed out', async () => {
    await makeMonitor().checkOnce(0, stop.signal);
    expect(lines).to.deep.equal(['debug: timeout check: 12 running, 0 timed out, 0 ms']);
  });

  it('judges nobody for three heartbeat intervals after the database came back, then by the plain rule', async () => {
    start();
    await clock.advance(200_000);
    answer = away;
    await clock.advance(150_000);
    expect(checks).to.deep.equal([0]);
    expect(lines.some((line) => line === 'error: nobody is judged while the database is away: gone')).to.equal(true);
    answer = up;
    const before = checks.length;
    await clock.advance(85_000);
    expect(checks.length).to.equal(before);
    await clock.advance(40_000);
    expect(checks.length).to.equal(before + 1);
  });

  it('asks a database that is away soon, then with a backoff of at most one heartbeat interval', async () => {
    answer = away;
    start();
    await clock.advance(0);
    const waits: number[] = [];
    for (let i = 0; i < 20; i++) {
      const wait = clock.nextWakeMs ?? NaN;
      waits.push(wait);
      await clock.advance(wait);
    }
    expect(waits[0]).to.be.at.most(250);
    expect(Math.max(...waits)).to.be.within(15_000, 30_000);
    expect(probes).to.equal(21);
  });

  it('judges nobody after a check in which the database went away, until it has waited', async () => {
    onCount = away;
    start();
    await clock.advance(0);
    onCount = () => undefined;
    await clock.advance(89_000);
    expect(checks).to.deep.equal([]);
    await clock.advance(2_000);
    expect(checks).to.have.length(1);
  });

  it('waits where its computer slept in the middle of a check', async () => {
    let goOn: () => void = () => undefined;
    onCount = (): Promise<void> => new Promise((resolve) => (goOn = resolve));
    void makeMonitor('en', 1_000).run(stop.signal);
    await settle();
    onCount = () => undefined;
    await clock.jump({ wallMs: 7_200_000 });
    goOn();
    await settle();
    const before = checks.length;
    expect(lines).to.include(
      'warn: the check took 7200000 ms: nobody is judged for 90 s, in which living runs are heard',
    );
    await clock.advance(85_000);
    expect(checks).to.have.length(before);
    await clock.advance(10_000);
    expect(checks.length).to.be.above(before);
  });

  it('counts what it failed before the database went away in the middle of a check', async () => {
    silent = Array.from({ length: 201 }, (_, i) => ({ ...silentTask, id: i + 1 }));
    let answers = 0;
    answer = (): Promise<DatabaseProbe> => (++answers === 3 ? away() : up());
    const once = makeMonitor().checkOnce(30_000, stop.signal);
    await clock.advance(100_000);
    const result = await once;
    expect(result?.timedOut).to.have.length(201);
    expect(lines.at(-1)).to.equal('info: timeout check: 12 running, 201 timed out, 0 ms');
  });

  it('ends at once when it is told to, also where the database does not answer', async () => {
    answer = (): Promise<DatabaseProbe> => new Promise(() => undefined);
    const running = makeMonitor().run(stop.signal);
    await settle();
    stop.abort();
    await running;
    expect(checks).to.deep.equal([]);
  });

  it('waits after a probe that the database took long to answer', async () => {
    answer = async (): Promise<DatabaseProbe> => {
      await clock.sleep(20_000);
      return up();
    };
    start();
    await clock.advance(20_000);
    answer = up;
    await clock.advance(85_000);
    expect(checks).to.deep.equal([]);
    await clock.advance(20_000);
    expect(checks).to.have.length(1);
  });

  it('waits until a server has been up for three heartbeat intervals', async () => {
    const startedAt = clock.monotonic();
    answer = (): Promise<DatabaseProbe> => up(60 + (clock.monotonic() - startedAt) / 1_000);
    start();
    await clock.advance(25_000);
    expect(checks).to.deep.equal([]);
    await clock.advance(10_000);
    expect(checks).to.have.length(1);
  });

  for (const [what, by] of [
    ['was suspended with its computer', { wallMs: 400_000 }],
    ['was stopped', { wallMs: 400_000, monotonicMs: 400_000 }],
  ] as const) {
    it(`waits where it ${what} itself`, async () => {
      start();
      await clock.advance(295_000);
      await clock.jump(by);
      await clock.advance(80_000);
      expect(checks).to.deep.equal([0]);
      await clock.advance(30_000);
      expect(checks).to.have.length(2);
    });
  }

  it('waits with --once too, and gives up on a database that stays away', async () => {
    answer = away;
    const first = makeMonitor().checkOnce(30_000, stop.signal);
    await clock.advance(5_000);
    answer = up;
    await clock.advance(85_000);
    expect(checks).to.deep.equal([]);
    await clock.advance(30_000);
    expect((await first)?.running).to.equal(12);

    answer = away;
    let failure: unknown;
    makeMonitor()
      .checkOnce(30_000, stop.signal)
      .catch((error: unknown) => (failure = error));
    await clock.advance(70_000);
    expect(failure).to.be.instanceOf(DatabaseUnreachableError);
  });

  it('ends without a check where it is stopped before it may judge', async () => {
    answer = (): Promise<DatabaseProbe> => up(1);
    const once = makeMonitor().checkOnce(30_000, stop.signal);
    await settle();
    stop.abort();
    expect(await once).to.equal(null);
  });
});
