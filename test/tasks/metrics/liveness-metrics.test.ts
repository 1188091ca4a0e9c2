import { expect } from 'chai';
import { Registry } from 'prom-client';
import { combineObservers } from '../../../src/model/liveness-event.js';
import type { LivenessEvent } from '../../../src/model/liveness-event.js';
import { LivenessMetrics } from '../../../src/tasks/metrics/liveness-metrics.js';
import { FakeClock } from '../../support/fake-clock.js';
import { silentTask } from '../monitor/monitor-fixture.js';

const task = { taskId: 123, pipelineId: 45 };

describe('the metrics of liveness', () => {
  let clock: FakeClock;
  let metrics: LivenessMetrics;

  beforeEach(() => {
    clock = new FakeClock();
    metrics = new LivenessMetrics(clock, new Registry());
  });

  it('count heartbeats by what became of them', async () => {
    for (const latencyMs of [2, 4, 6]) metrics.observe({ kind: 'beat_landed', ...task, latencyMs });
    metrics.observe({ kind: 'beat_failed', ...task, failures: 1, error: 'gone' });
    expect(await metrics.snapshot()).to.deep.include({
      'chainparse_heartbeats_total{result="sent"}': 3,
      'chainparse_heartbeats_total{result="failed"}': 1,
      'chainparse_heartbeats_total{result="refused"}': 0,
      chainparse_heartbeat_success_ratio: 0.75,
      chainparse_heartbeat_latency_seconds_count: 3,
      chainparse_database_errors_total: 1,
    });
    expect((await metrics.snapshot())['chainparse_heartbeat_latency_seconds_sum']).to.be.closeTo(0.012, 1e-9);
  });

  it('call the database up that answers, also where it refuses a beat or takes a commit before the next one', async () => {
    const isUp = async (): Promise<unknown> => (await metrics.snapshot())['chainparse_database_up'];
    for (const kind of ['beat_landed', 'renewed_again', 'beat_refused'] as const) {
      metrics.observe({ kind: 'beat_failed', ...task, failures: 1, error: 'gone' });
      expect(await isUp()).to.equal(0);
      metrics.observe({ kind, ...task, latencyMs: 1 });
      expect(await isUp(), kind).to.equal(1);
    }
  });

  it('tell nothing of tasks any more while the database is away, and again once it was asked anew', async () => {
    const names = ['chainparse_tasks{status="running"}', 'chainparse_tasks_running_long', 'chainparse_tasks_silent'];
    const ofTasks = [...names, 'chainparse_task_timeout_ratio'];
    const read = (): void => {
      metrics.showTasks({ running: 11, runningLonger: 4, ended: 10, timedOut: 2, timeoutRate: 0.2 });
      metrics.showSilent(3);
    };
    read();
    expect(await metrics.snapshot()).to.include.keys(ofTasks);
    metrics.observe({ kind: 'database_away', failures: 1, error: 'gone' });
    expect(await metrics.snapshot()).to.not.have.any.keys(ofTasks);
    metrics.observe({ kind: 'database_back' });
    metrics.observe({ kind: 'checked', running: 12, timedOut: 0, durationMs: 3, isTrusted: true });
    read();
    expect(await metrics.snapshot()).to.include.keys(ofTasks);
  });

  it('tell the age of the oldest heartbeat of those that beat', async () => {
    for (const taskId of [123, 124]) metrics.observe({ kind: 'began', ...task, taskId });
    metrics.observe({ kind: 'beat_landed', ...task, latencyMs: 1 });
    await clock.advance(5_000);
    metrics.observe({ kind: 'beat_landed', ...task, taskId: 124, latencyMs: 1 });
    await clock.advance(1_000);
    expect((await metrics.snapshot())['chainparse_heartbeat_age_seconds']).to.equal(6);
    metrics.observe({ kind: 'beat_refused', ...task });
    expect((await metrics.snapshot())['chainparse_heartbeat_age_seconds']).to.equal(1);
  });

  it('count what a monitor does and finds', async () => {
    metrics.observe({ kind: 'database_away', failures: 1, error: 'gone' });
    metrics.observe({ kind: 'database_back' });
    metrics.observe({ kind: 'timed_out', task: silentTask });
    metrics.observe({ kind: 'checked', running: 12, timedOut: 1, durationMs: 3, isTrusted: true });
    metrics.showTasks({ running: 11, runningLonger: 4, ended: 10, timedOut: 2, timeoutRate: 0.2 });
    expect(await metrics.snapshot()).to.deep.include({
      chainparse_task_timeouts_total: 1,
      chainparse_monitor_checks_total: 1,
      chainparse_database_errors_total: 1,
      'chainparse_tasks{status="running"}': 11,
      chainparse_tasks_running_long: 4,
      chainparse_task_timeout_ratio: 0.2,
    });
  });

  it('tell nothing of what nobody has asked the database for, and of no heartbeat before the first', async () => {
    const text = await metrics.registry.metrics();
    for (const name of [
      'tasks_silent',
      'monitors_alive',
      'task_timeout_ratio',
      'tasks_running_long',
      'heartbeat_age_seconds',
    ])
      expect(text).not.to.match(new RegExp(`^chainparse_${name} `, 'm'));
    metrics.showSilent(0);
    metrics.showMonitors(2);
    expect(await metrics.registry.metrics()).to.match(/^chainparse_tasks_silent 0$/m);
    metrics.showMonitors(undefined);
    expect(await metrics.registry.metrics()).not.to.match(/^chainparse_monitors_alive /m);
  });

  it('count a commit as a sign of life, and forget a task that has ended, also where a beat of it is answered late', async () => {
    metrics.observe({ kind: 'began', ...task });
    metrics.observe({ kind: 'beat_landed', ...task, latencyMs: 1 });
    await clock.advance(60_000);
    metrics.observe({ kind: 'committed', ...task, events: 1, durationMs: 1 });
    await clock.advance(2_000);
    expect((await metrics.snapshot())['chainparse_heartbeat_age_seconds']).to.equal(2);
    metrics.observe({ kind: 'stalled', ...task, stillSeconds: 300 });
    metrics.observe({ kind: 'ended', ...task });
    metrics.observe({ kind: 'beat_landed', ...task, latencyMs: 1 });
    expect(await metrics.snapshot()).to.include({ chainparse_tasks_stalled: 0 });
    expect(await metrics.snapshot()).not.to.have.property('chainparse_heartbeat_age_seconds');
  });

  it('count the tasks that stand still', async () => {
    metrics.observe({ kind: 'stalled', ...task, stillSeconds: 300 });
    expect((await metrics.snapshot())['chainparse_tasks_stalled']).to.equal(1);
    metrics.observe({ kind: 'moved_again', ...task });
    expect((await metrics.snapshot())['chainparse_tasks_stalled']).to.equal(0);
  });

  it('are on a registry of their own, in the text that Prometheus reads', async () => {
    const other = new LivenessMetrics(clock, new Registry());
    metrics.observe({ kind: 'beat_refused', ...task });
    expect(await metrics.registry.metrics()).to.contain('chainparse_heartbeats_total{result="refused"} 1');
    expect(await other.registry.metrics()).to.contain('chainparse_heartbeats_total{result="refused"} 0');
  });
});

describe('observers together', () => {
  it('all hear of an event, also where one of them fails', () => {
    const heard: LivenessEvent[] = [];
    const failing = (): never => {
      throw new Error('broken');
    };
    combineObservers([failing, (event) => void heard.push(event)])({ kind: 'database_back' });
    expect(heard).to.deep.equal([{ kind: 'database_back' }]);
  });
});
