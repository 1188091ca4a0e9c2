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

  const up = (uptimeSeconds: number | null = 86_400): Promise<DatabaseProbe> =>
    Promise.resolve({ now: '2024-01-15 11:07:00', uptimeSeconds });
  const away = (): Promise<never> => Promise.reject(new DatabaseUnreachableError('gone'));

  const makeMonitor = (lang: Lang = 'en'): TimeoutMonitor => {
    const store: Pick<TimeoutStore, keyof TimeoutStore> = {
      probe: () => {
        probes++;
        return answer();
      },
      countRunning: () => Promise.resolve(12),
      listSilent: () => {
        checks.push((clock.monotonic() - 1_000) / 1_000);
        return Promise.resolve(silent);
      },
      unlocked: (ids) => Promise.resolve(ids),
      fail: (ids) => Promise.resolve(silent.filter(({ id }) => ids.includes(id))),
    };
    return new TimeoutMonitor({
      store: store as TimeoutStore,
      rule: { timeoutSeconds: 3_600, heartbeatIntervalSeconds: 30 },
      checkIntervalMs: 300_000,
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
    silent = [{ ...silentTask, lastHeartbeat: null }];
    await makeMonitor('zh').checkOnce(0, stop.signal);
    expect(lines[0]).to.match(/^warn: 任务超时失败: task_id=123, .*从未心跳, 创建时间 2024-01-15T09:00:00/);
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

  it('asks a database that is away at least once a heartbeat', async () => {
    answer = away;
    start();
    await clock.advance(600_000);
    expect(probes).to.be.at.least(20);
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
