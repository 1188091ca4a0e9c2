import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { taskStatus } from '../../../src/model/task.js';
import { ageTask } from '../../database/aged-task.js';
import { insertSilentTask } from '../../database/insert-silent-task.js';
import { eachDatabase } from '../../support/databases.js';
import { freePort } from '../../support/free-port.js';
import { openMigrated } from '../../support/migrated-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runIn, type CommandResult } from '../run-in.js';
import { beginElsewhere } from '../../support/other-session.js';

function send(url: string, id: number, ...options: readonly string[]): Promise<CommandResult> {
  return runIn(temporaryFolder(), 'heartbeat', 'send', String(id), '--lang', 'en', '--database', url, ...options);
}

eachDatabase('heartbeat send', (testDatabase) => {
  let database: Database;
  let tasks: TaskStore;

  before(async () => {
    database = await openMigrated(await testDatabase.fresh());
    tasks = new TaskStore(database);
  });
  after(() => database.close());

  it('renews the lease of a running task, whoever wrote its row, and prints the new heartbeat', async () => {
    const id = await insertSilentTask(database, 100, {}, false);
    const { code, stdout, stderr } = await send(testDatabase.url(), id);
    expect([code, stderr]).to.deep.equal([0, '']);
    const { lastHeartbeat, heartbeatAgeSeconds } = await tasks.get(id);
    expect(stdout).to.equal(`${lastHeartbeat}\n`);
    expect(heartbeatAgeSeconds).to.be.within(0, 3);
  });

  it('gives the task as JSON, and logs the beat for whoever wants to see it', async () => {
    const id = await insertSilentTask(database, 100);
    const debug = ['--log-level', 'debug', '--log-format', 'json'];
    const { stdout, stderr } = await send(testDatabase.url(), id, '--json', ...debug);
    expect(JSON.parse(stdout)).to.include({ task_id: id, pipeline_id: 45, status: 0 });
    const { lastHeartbeat } = await tasks.get(id);
    expect(JSON.parse(stdout)).to.have.property('last_heartbeat', lastHeartbeat);
    expect(JSON.parse(stderr)).to.include({ event: 'heartbeat.sent', task_id: id, pipeline_id: 45 });
  });

  it('refuses a task that has ended, says how, and leaves its row alone', async () => {
    const id = await insertSilentTask(database, 100);
    await tasks.finish(id, { status: taskStatus.failed, endReason: 'timeout', error: 'failed by a monitor' }, null);
    const before = await tasks.get(id);
    const { code, stdout, stderr } = await send(testDatabase.url(), id);
    expect([code, stdout]).to.deep.equal([4, '']);
    expect(stderr).to.match(
      new RegExp(`^error: task ${id} is no longer running: failed \\(timeout: failed by a monitor\\)\nhint: `),
    );
    expect((await tasks.get(id)).lastHeartbeat).to.equal(before.lastHeartbeat);
    const json = await send(testDatabase.url(), id, '--json');
    expect(JSON.parse(json.stderr)).to.have.nested.property('error.code', 'LEASE_LOST');
  });

  it('refuses a task that another program ended without a reason, and one that waits', async () => {
    const ended = await insertSilentTask(database, 100, { status: taskStatus.succeeded });
    expect((await send(testDatabase.url(), ended)).stderr).to.contain(
      `task ${ended} is no longer running: succeeded\n`,
    );
    const queued = await insertSilentTask(database, 100, { status: taskStatus.queued });
    const { code, stderr } = await send(testDatabase.url(), queued);
    expect(code).to.equal(4);
    expect(stderr).to.contain(`task ${queued} is not running: it waits for a worker`);
  });

  it('answers 3 for a task that there is not, and 2 for what is no id', async () => {
    expect(await send(testDatabase.url(), 9_999)).to.deep.equal({
      code: 3,
      stdout: '',
      stderr: 'error: there is no task 9999\nhint: chainparse tasks list\n',
    });
    expect((await send(testDatabase.url(), 0)).code).to.equal(2);
  });

  it('beats for the very task and no other', async () => {
    const [mine, other] = [await insertSilentTask(database, 100), await insertSilentTask(database, 100)];
    await ageTask(database, other, { created: 200, heartbeat: 100 });
    await send(testDatabase.url(), mine);
    expect((await tasks.get(other)).heartbeatAgeSeconds).to.be.at.least(100);
  });

  if (testDatabase.dialect !== 'sqlite') {
    it('gives up after 10 s where somebody holds the row', async () => {
      const id = await insertSilentTask(database, 100);
      const holder = await beginElsewhere(
        testDatabase.url(),
        `SELECT * FROM pipeline_task WHERE id = ${id} FOR UPDATE`,
      );
      const { code, stderr } = await send(testDatabase.url(), id).finally(() => holder.end());
      expect([code, stderr]).to.deep.equal([
        5,
        'error: the database did not answer within 10 s\nhint: the beat may have landed or not: send it again\n',
      ]);
    });
  }

  it('answers 5 where migrations are pending', async () => {
    await database.write([database.knex('chainparse_migration').where('name', 'like', '0003%').delete()]);
    const { code, stderr } = await send(testDatabase.url(), 1);
    expect(code).to.equal(5);
    expect(stderr).to.contain('hint: chainparse migrate');
  });
});

describe('heartbeat send without a database', () => {
  it('answers 5 where there is none, or nothing answers', async () => {
    expect(await send('sqlite:none.db', 1)).to.include({ code: 5, stdout: '' });
    const { code, stderr } = await send(`mysql://root@127.0.0.1:${await freePort()}/none`, 1);
    expect(code).to.equal(5);
    expect(stderr).to.match(/^error: the database .* can't be reached/);
  });
});
