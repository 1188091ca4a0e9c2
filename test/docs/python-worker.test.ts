import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import type { Task } from '../../src/model/task.js';
import { ageTask } from '../database/aged-task.js';
import { Child } from '../support/child.js';
import { openMigrated } from '../support/migrated-database.js';
import { protocolBlock } from '../support/protocol.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const python = spawnSync('python3', ['-c', 'import sqlite3; assert sqlite3.sqlite_version_info >= (3, 38)']);
const suite = python.status === 0 ? describe : describe.skip;

suite('the worker in Python of docs/heartbeat-protocol.md', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'test.db');
  let database: Database;
  let tasks: TaskStore;
  let pipelineId = 900;

  before(async () => {
    writeFileSync(join(folder, 'worker.py'), protocolBlock('python worker'));
    database = await openMigrated(`sqlite:${path}`);
    tasks = new TaskStore(database);
    await database.knex.raw('CREATE TABLE my_rows (pipeline_id INT, block_number INT, value INT)');
  });
  after(() => database.close());
  beforeEach(() => (pipelineId += 1));

  const work = (until: number): Child =>
    new Child('python3', [join(folder, 'worker.py'), path, String(pipelineId), String(until)]);
  const rows = (): Promise<number[]> =>
    database.read((knex) => knex('my_rows').where({ pipeline_id: pipelineId }).orderBy('value').pluck('value'));
  const newest = async (): Promise<Task> => (await tasks.getNewest(pipelineId))!;
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

  it('works, beats, ends its task, and the next one goes on behind it', async () => {
    const first = await work(5).exit();
    expect(first).to.include({ code: 0, stderr: '' });
    expect(await newest()).to.include({ status: 1, endReason: 'completed', heartbeatInterval: 1 });
    expect((await newest()).heartbeatAgeSeconds).to.be.within(0, 5);
    const second = await work(8).exit();
    expect(second.stdout).to.match(/goes on behind 5\n$/);
    expect(await rows()).to.deep.equal(upTo(8));
  });

  it('leaves a pipeline alone whose task is alive', async () => {
    const alive = work(10_000);
    await alive.output(/goes on/);
    const { code, stderr } = await work(10).exit();
    expect([code, stderr]).to.deep.equal([4, `stopped: task ${(await newest()).id} is alive\n`]);
    await alive.kill();
  });

  it('stops where its task was cancelled, and writes nothing more', async () => {
    const worker = work(10_000);
    await worker.output(/goes on/);
    await tasks.cancel((await newest()).id);
    const stored = await rows();
    expect((await worker.exit()).code).to.equal(4);
    expect(await rows()).to.deep.equal(stored);
    expect(await newest()).to.include({ status: 1, endReason: 'stopped' });
  });

  it('takes over from one that fell silent, which writes nothing more when it wakes up', async () => {
    const frozen = work(10_000);
    await frozen.output(/goes on/);
    frozen.signal('SIGSTOP');
    const { id } = await newest();
    await ageTask(database, id, { created: 100, heartbeat: 10 });
    const stored = (await rows()).length;
    expect(await work(stored + 5).exit()).to.include({ code: 0, stderr: '' });
    expect(await tasks.get(id)).to.include({ status: 2, endReason: 'taken_over' });
    frozen.signal('SIGCONT');
    expect((await frozen.exit()).code).to.equal(4);
    expect(await rows()).to.deep.equal(upTo(stored + 5));
  });
});
