import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { HandOver } from '../../../src/database/tasks/task-store.js';
import { HandOverRounds } from '../../../src/tasks/run/hand-over-rounds.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';

eachDatabase('tasks of a process that are handed over at one time', (databases) => {
  let database: Database;
  let tasks: CountedTasks;
  let rounds: HandOverRounds;
  let pipelineId = 0;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  beforeEach(() => {
    tasks = new CountedTasks(database);
    rounds = new HandOverRounds(tasks);
  });
  after(() => database.close());

  /** Has a task run, of a pipeline of its own. */
  const running = async (): Promise<HandOver> => {
    pipelineId += 1;
    const { knex, dialect } = database;
    const row = { create_time: dialect.now(knex), status: 0, log_path: '', pipeline_id: pipelineId };
    const named = { id: pipelineId, name: `p${pipelineId}`, create_time: dialect.now(knex) };
    const results = await database.write([knex('pipeline').insert(named), knex('pipeline_task').insert(row)]);
    return { id: results[1]?.insertId ?? 0, pipelineId, progress: null, request: { toBlock: pipelineId } };
  };
  const manyRunning = async (count: number): Promise<readonly HandOver[]> => {
    const ends: HandOver[] = [];
    for (let i = 0; i < count; i++) ends.push(await running());
    return ends;
  };
  const queuedOf = (of: number): Promise<readonly object[]> =>
    database.read((knex) => knex('pipeline_task').select('run_options').where({ pipeline_id: of, status: 3 }));

  it('go in two transactions: the first, and all that came meanwhile', async () => {
    const ends = await manyRunning(8);
    const done = await Promise.all(ends.map((end) => rounds.handOver(end)));
    expect(done).to.deep.equal(ends.map(() => true));
    expect(tasks.sent).to.deep.equal([1, 7]);
    for (const { id, pipelineId: of } of ends) {
      expect(await tasks.get(id)).to.include({ status: 1, endReason: 'handed_over' });
      expect(await queuedOf(of)).to.deep.equal([{ run_options: JSON.stringify({ toBlock: of }) }]);
    }
  });

  it('are none where the only one of them was stopped by a person meanwhile: that is no error', async () => {
    const [end] = await manyRunning(1);
    await new TaskStore(database).finish(end!.id, { status: 1, endReason: 'stopped', error: null }, null);
    expect(await rounds.handOver(end!)).to.equal(false);
    expect(await queuedOf(end!.pipelineId)).to.deep.equal([]);
  });

  it('are handed over but for one that another has ended meanwhile, for which nothing waits', async () => {
    const ends = await manyRunning(5);
    const ended = ends[2]!;
    await new TaskStore(database).finish(ended.id, { status: 2, endReason: 'timeout', error: null }, null);
    const done = await Promise.all(ends.map((end) => rounds.handOver(end)));
    expect(done).to.deep.equal([true, true, false, true, true]);
    expect(await tasks.get(ended.id)).to.include({ status: 2, endReason: 'timeout' });
    expect(await queuedOf(ended.pipelineId)).to.deep.equal([]);
  });

  it('are written in one order, whatever the one they end in: two processes would wait for each other', async () => {
    const ends = await manyRunning(4);
    await tasks.handOverAll(ends.toReversed());
    const waiting = await database.read<{ pipeline_id: number }[]>((knex) =>
      knex('pipeline_task')
        .select('pipeline_id')
        .where({ status: 3 })
        .whereIn(
          'pipeline_id',
          ends.map((end) => end.pipelineId),
        )
        .orderBy('id'),
    );
    expect(waiting.map((row) => row.pipeline_id)).to.deep.equal(ends.map((end) => end.pipelineId));
  });
});

/** Counts how many tasks each transaction handed over. */
class CountedTasks extends TaskStore {
  readonly sent: number[] = [];

  override handOverAll(ends: Parameters<TaskStore['handOverAll']>[0]): Promise<void> {
    this.sent.push(ends.length);
    return super.handOverAll(ends);
  }
}
