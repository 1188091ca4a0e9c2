import { expect } from 'chai';
import type { TaskStatistics } from '../../../src/database/tasks/task-statistics.js';
import type { Alert } from '../../../src/model/alert.js';
import type { Task } from '../../../src/model/task.js';
import { heartbeatFailing, noMonitor } from '../../../src/tasks/alerts/alert-conditions.js';
import { MonitorAlerts } from '../../../src/tasks/alerts/monitor-alerts.js';
import { AlertFixture, storedAlert } from './alert-fixture.js';
import { defaultRules, noRules } from './alert-rules.js';
import { silentTask } from '../monitor/monitor-fixture.js';

const rate = 'timeout_rate:tasks';

describe('the alert rules of a monitor', () => {
  let fixture: AlertFixture;
  let alerts: MonitorAlerts;
  let silent: readonly Task[];
  let counted: TaskStatistics;
  let openAlerts: readonly Alert[];
  let over: readonly Alert[];
  let prunes: number;
  let lists: () => Promise<readonly Task[]>;

  beforeEach(() => {
    fixture = new AlertFixture();
    silent = [];
    openAlerts = [];
    over = [];
    prunes = 0;
    counted = { running: 5, runningLonger: 0, ended: 10, timedOut: 0, timeoutRate: 0 };
    lists = (): Promise<readonly Task[]> => Promise.resolve(silent);
    alerts = open();
  });

  function open(rules = defaultRules): MonitorAlerts {
    const { desk, clock, logger } = fixture;
    return new MonitorAlerts({
      ...{ desk, clock, rules },
      logger,
      store: {
        list: () => Promise.resolve({ alerts: openAlerts, total: openAlerts.length }),
        listOver: () => Promise.resolve(over),
      },
      statistics: () => Promise.resolve(counted),
      listSilent: () => lists(),
      tolerableMs: 1_000,
      turnMs: 60_000,
      judge: () => Promise.resolve(),
      retention: {
        prune: () => {
          prunes++;
          return Promise.resolve();
        },
      },
    });
  }

  async function check(isTrusted = true): Promise<readonly string[]> {
    alerts.observe({ kind: 'checked', running: 5, timedOut: 0, durationMs: 1, isTrusted });
    await alerts.whenIdle();
    return await fixture.told();
  }
  const silentTasks = (count: number): readonly Task[] =>
    Array.from({ length: count }, (_, i) => ({ ...silentTask, id: i + 1, pipelineId: i + 1, silentSeconds: 95 }));

  it('raise an alert for each pipeline whose task is silent, and leave it to others to say that it is over', async () => {
    silent = silentTasks(2);
    expect(await check()).to.deep.equal([
      'alert.raised pipeline_stalled:pipeline 1',
      'alert.raised pipeline_stalled:pipeline 2',
    ]);
    expect(fixture.logger.lines[0]).to.contain(
      'pipeline 1 gives no sign of life for 95 s: task 1 on host-1:4711 is silent',
    );
    expect(await check()).to.deep.equal([]);
    silent = [];
    expect(await check()).to.deep.equal([]);
  });

  it('raise none for the pipeline of a shard that is silent, for it goes on, and count it among many', async () => {
    const shard = { ...silentTask, id: 124, shard: 2 };
    silent = [shard];
    expect(await check()).to.deep.equal([]);
    silent = [shard, ...silentTasks(9)];
    expect(await check()).to.deep.equal(['alert.raised pipeline_stalled:running tasks']);
  });

  it('are judged once a minute between two checks, too', async () => {
    await check();
    silent = silentTasks(1);
    const look = async (seconds: number): Promise<readonly string[]> => {
      await fixture.clock.advance(seconds * 1_000);
      alerts.observe({ kind: 'looked' });
      await alerts.whenIdle();
      return await fixture.told();
    };
    expect(await look(59)).to.deep.equal([]);
    expect(await look(1)).to.deep.equal(['alert.raised pipeline_stalled:pipeline 1']);
  });

  it('have old alerts forgotten after a check that may judge', async () => {
    await check(false);
    expect(prunes).to.equal(0);
    await check();
    expect(prunes).to.equal(1);
  });

  it('raise one alert for many silent tasks, and let what was told of one stand', async () => {
    silent = silentTasks(1);
    await check();
    silent = silentTasks(500);
    expect(await check()).to.deep.equal(['alert.raised pipeline_stalled:running tasks']);
    silent = silentTasks(1);
    expect(await check()).to.deep.equal(['alert.cleared pipeline_stalled:running tasks']);
  });

  it('count among many silent tasks one that was told before, and that others have called over', async () => {
    silent = silentTasks(1);
    await check();
    silent = [];
    fixture.open.clear();
    await check();
    silent = silentTasks(500);
    expect(await check()).to.deep.equal(['alert.raised pipeline_stalled:running tasks']);
  });

  it('raise an alert where too many of those that ended have timed out', async () => {
    counted = { ...counted, ended: 15, timedOut: 3, timeoutRate: 0.2 };
    expect(await check()).to.deep.equal([`alert.raised ${rate}`]);
    expect(fixture.logger.lines[0]).to.contain('3 of 15 tasks that ended in the last 60 min have timed out');
    counted = { ...counted, ended: 16, timedOut: 3, timeoutRate: 3 / 16 };
    expect(await check()).to.deep.equal([`alert.cleared ${rate}`]);
  });

  it('take no rate from fewer timeouts than the setting asks for', async () => {
    counted = { ...counted, ended: 2, timedOut: 2, timeoutRate: 1 };
    expect(await check()).to.deep.equal([]);
  });

  it('clear what processes that are gone have left open', async () => {
    const failing = heartbeatFailing({ taskId: 9, pipelineId: 45 }, 3, 'gone');
    openAlerts = [noMonitor(), failing, { ...noMonitor(), rule: 'timeout_rate' as const, subject: 'tasks' }].map(
      storedAlert,
    );
    for (const { rule, subject } of openAlerts) fixture.open.set(`${rule}:${subject}`, noMonitor());
    await check();
    expect([...fixture.open.keys()]).to.deep.equal(['heartbeat_failing:task 9']);
    over = [storedAlert(failing)];
    await check();
    expect([...fixture.open.keys()]).to.deep.equal([]);
  });

  it('raise an alert where the database is away for longer than the limit, and clear it when it is back', async () => {
    const away = (failures: number): void => alerts.observe({ kind: 'database_away', failures, error: 'gone' });
    away(1);
    await fixture.clock.advance(59_000);
    away(2);
    expect(await fixture.told()).to.deep.equal([]);
    await fixture.clock.advance(1_000);
    away(3);
    expect(await fixture.told()).to.deep.equal(['alert.raised database_unreachable:database']);
    alerts.observe({ kind: 'database_back' });
    expect(await fixture.told()).to.deep.equal(['alert.cleared database_unreachable:database']);
  });

  it('judge nobody after a check that ended in an outage, nor while one is under way', async () => {
    silent = silentTasks(1);
    expect(await check(false)).to.deep.equal([]);
    for (const frozen of [{ monotonicMs: 1_001 }, { wallMs: 1_001 }]) {
      // The server was frozen with the question in its queue.
      lists = (): Promise<readonly Task[]> => fixture.clock.jump(frozen).then(() => silent);
      expect(await check()).to.deep.equal([]);
    }
    lists = (): Promise<readonly Task[]> => fixture.clock.jump({ monotonicMs: 999 }).then(() => silent);
    expect(await check()).to.deep.equal(['alert.raised pipeline_stalled:pipeline 1']);
  });

  it('say so where they could not judge, and judge at the next check', async () => {
    silent = silentTasks(1);
    lists = (): Promise<never> => Promise.reject(new Error('gone'));
    expect(await check()).to.deep.equal([]);
    expect(fixture.logger.lines).to.deep.equal(['warn: alerts could not be judged: gone']);
    lists = (): Promise<readonly Task[]> => Promise.resolve(silent);
    expect(await check()).to.deep.equal(['alert.raised pipeline_stalled:pipeline 1']);
  });

  it('leave it to the judge to clear what is not watched', async () => {
    alerts = open(noRules);
    openAlerts = [storedAlert({ ...noMonitor(), rule: 'timeout_rate' as const, subject: 'tasks' })];
    fixture.open.set(rate, noMonitor());
    expect(await check()).to.deep.equal([]);
  });

  it('raise nothing where they are switched off', async () => {
    alerts = open(noRules);
    silent = silentTasks(3);
    counted = { ...counted, ended: 10, timedOut: 10, timeoutRate: 1 };
    expect(await check()).to.deep.equal([]);
  });
});
