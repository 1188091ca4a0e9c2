import { expect } from 'chai';
import { AlertStore } from '../../../src/database/operations/alert-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { MonitorStore } from '../../../src/database/operations/monitor-store.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { noMonitor } from '../../../src/tasks/alerts/alert-conditions.js';
import { SystemMetrics } from '../../../src/tasks/metrics/system-metrics.js';
import { claimRequest } from '../../database/claim-request.js';
import { insertPipeline } from '../../database/insert-pipeline.js';
import { insertSilentTask } from '../../database/insert-silent-task.js';
import { eachDatabase } from '../../support/databases.js';
import { FakeClock } from '../../support/fake-clock.js';
import { openMigrated } from '../../support/migrated-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { rejectionOf } from '../../support/rejection.js';

const options = { defaultIntervalSeconds: 30, version: '1.2.3', clock: systemClock };

eachDatabase('the metrics of a whole system', (databases) => {
  let database: Database;
  let metrics: SystemMetrics;

  beforeEach(async () => {
    database = await openMigrated(await databases.fresh());
    metrics = new SystemMetrics({ database, ...options });
  });
  afterEach(() => database.close());

  it('tell what the database knows of tasks, monitors and alerts', async () => {
    await insertPipeline(database, 45);
    await new CheckpointStore(database).get(45);
    const tasks = new TaskStore(database);
    const progress = { mode: 'realtime', nextBlock: 10, targetBlock: null, headBlock: 17, events: 4711 } as const;
    await tasks.renew([{ taskId: await tasks.claim(claimRequest()), progress }]);
    await insertSilentTask(database, 1_000);
    await insertSilentTask(database, 5, { status: 3 }, false);
    await new MonitorStore(database).register('host-2:1 (ab12cd)', 300);
    await new AlertStore(database).raise(noMonitor(), { worker: 'here:1', repeatSeconds: 60, openSeconds: 0 });
    await metrics.refresh();
    const text = await metrics.registry.metrics();
    for (const line of [
      'chainparse_tasks{status="running"} 2',
      'chainparse_tasks{status="queued"} 1',
      'chainparse_tasks_silent 1',
      'chainparse_tasks_silence_unknown 0',
      'chainparse_monitors_alive 1',
      'chainparse_database_up 1',
      'chainparse_lag_blocks{pipeline="45"} 7',
      'chainparse_alerts_open{rule="no_monitor"} 1',
      'chainparse_alerts_open{rule="pipeline_stalled"} 0',
      'chainparse_pipelines_down 0',
      'chainparse_build_info{version="1.2.3"} 1',
    ]) {
      expect(text.split('\n')).to.include(line);
    }
    expect(text).to.match(/^chainparse_heartbeat_age_seconds 100\d$/m);
  });

  it('tell how far each pipeline is behind that follows its head, however many tasks run that beat longer ago', async () => {
    const { knex, dialect } = database;
    const times = { create_time: dialect.now(knex), last_heartbeat: dialect.secondsAgo(knex, 20) };
    const others = (first: number): object[] =>
      Array.from({ length: 255 }, (_, n) => ({ pipeline_id: first + n, status: 0, log_path: '', ...times }));
    await database.write([1_000, 2_000].map((first) => knex('pipeline_task').insert(others(first))));
    await insertPipeline(database, 45);
    const progress = JSON.stringify({ mode: 'realtime', nextBlock: 10, targetBlock: null, headBlock: 17, events: 0 });
    const following = {
      pipeline_id: 45,
      status: 0,
      log_path: '',
      ...times,
      last_heartbeat: dialect.now(knex),
      progress,
    };
    await database.write([knex('pipeline_task').insert(following)]);
    await metrics.refresh();
    const text = await metrics.registry.metrics();
    expect(text).to.match(/^chainparse_tasks\{status="running"\} 511$/m);
    expect(text).to.match(/^chainparse_lag_blocks\{pipeline="45"\} 7$/m);
  });

  it('tell of an empty system that nothing runs, and of no heartbeat', async () => {
    await metrics.refresh();
    const text = await metrics.registry.metrics();
    expect(text).to.match(/^chainparse_tasks\{status="running"\} 0$/m);
    expect(text).to.match(/^chainparse_monitors_alive 0$/m);
    expect(text).not.to.match(/^chainparse_heartbeat_age_seconds /m);
    expect(text).not.to.match(/^chainparse_lag_blocks/m);
  });
});

describe('the metrics of a system whose database is away', () => {
  it('say so, and keep no number of before', async () => {
    const database = await openMigrated(`sqlite:${temporaryFolder()}/away.db`);
    const metrics = new SystemMetrics({ database, ...options });
    await metrics.refresh();
    await database.close();
    await rejectionOf(metrics.refresh());
    const text = await metrics.registry.metrics();
    expect(text).to.match(/^chainparse_database_up 0$/m);
    expect(text).not.to.match(/^chainparse_(?:tasks|monitors|alerts|task_timeout)\w*(?:\{.*\})? /m);
    expect(text).to.contain('process_resident_memory_bytes');
  });

  it('say so, too, where it hangs: whoever scrapes waits for five seconds', async () => {
    const clock = new FakeClock();
    const hanging = { dialect: {}, read: () => new Promise(() => undefined) } as unknown as Database;
    const metrics = new SystemMetrics({ database: hanging, ...options, clock });
    const refreshed = rejectionOf(metrics.refresh());
    await clock.advance(5_000);
    expect(String(await refreshed)).to.contain('no answer within 5 s');
    expect(await metrics.registry.metrics()).to.match(/^chainparse_database_up 0$/m);
  });
});
