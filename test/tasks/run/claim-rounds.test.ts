import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { FenceError } from '../../../src/database/script.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { ClaimRequest } from '../../../src/database/tasks/claim-steps.js';
import { ClaimRounds } from '../../../src/tasks/run/claim-rounds.js';
import { claimRequest } from '../../database/claim-request.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';

eachDatabase('claims of a process that come at one time', (databases) => {
  let database: Database;
  let tasks: CountedTasks;
  let rounds: ClaimRounds;
  let pipelineId = 0;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  beforeEach(() => {
    tasks = new CountedTasks(database);
    rounds = new ClaimRounds(tasks);
  });
  after(() => database.close());

  /** Has a task wait, of a pipeline of its own; returns the claim of it. */
  const waiting = async (): Promise<ClaimRequest & { readonly queuedTaskId: number }> => {
    pipelineId += 1;
    await new CheckpointStore(database).get(pipelineId);
    const { knex, dialect } = database;
    const row = { create_time: dialect.now(knex), status: 3, log_path: '', pipeline_id: pipelineId };
    const [result] = await database.write([knex('pipeline_task').insert(row)]);
    return { ...claimRequest({ pipelineId }), queuedTaskId: result?.insertId ?? 0 };
  };
  const manyWaiting = async (count: number): Promise<readonly (ClaimRequest & { readonly queuedTaskId: number })[]> => {
    const requests = [];
    for (let i = 0; i < count; i++) requests.push(await waiting());
    return requests;
  };

  it('go in two transactions: the first, and all that came meanwhile', async () => {
    const requests = await manyWaiting(8);
    const ids = await Promise.all(requests.map((request) => rounds.claim(request)));
    expect(ids).to.deep.equal(requests.map(({ queuedTaskId }) => queuedTaskId));
    expect(tasks.sent).to.deep.equal([1, 7]);
    for (const { queuedTaskId, pipelineId: of } of requests) {
      expect(await tasks.get(queuedTaskId)).to.deep.include({ status: 0, worker: 'here:1' });
      expect((await new CheckpointStore(database).get(of)).taskId).to.equal(queuedTaskId);
    }
  });

  it('fail each for itself where another has taken one of them', async () => {
    const requests = await manyWaiting(5);
    const [, , taken] = requests;
    await new TaskStore(database).claim({ ...taken!, worker: 'there:2' });
    const outcomes = await Promise.allSettled(requests.map((request) => rounds.claim(request)));
    expect(outcomes.map(({ status }) => status)).to.deep.equal([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect((outcomes[2] as PromiseRejectedResult).reason).to.be.instanceOf(FenceError);
    expect(await tasks.get(taken!.queuedTaskId)).to.include({ worker: 'there:2' });
  });

  it('of which each is asked for by two processes are had once', async () => {
    const requests = await manyWaiting(12);
    const other = new ClaimRounds(new TaskStore(database));
    const claimAll = (by: ClaimRounds, worker: string): Promise<readonly PromiseSettledResult<number>[]> =>
      Promise.allSettled(requests.map((request) => by.claim({ ...request, worker })));
    const [ours, theirs] = await Promise.all([claimAll(rounds, 'here:1'), claimAll(other, 'there:2')]);
    for (const [index, { queuedTaskId }] of requests.entries()) {
      const had = [ours[index], theirs[index]].filter((outcome) => outcome?.status === 'fulfilled');
      expect(had, `task ${queuedTaskId}`).to.have.length(1);
    }
  });

  it('that make their task go by themselves', async () => {
    const { pipelineId: of } = await waiting();
    const id = await rounds.claim(claimRequest({ pipelineId: of }));
    expect((await new CheckpointStore(database).get(of)).taskId).to.equal(id);
    expect(tasks.sent).to.deep.equal([]);
  });
});

/** Counts how many claims each transaction held. */
class CountedTasks extends TaskStore {
  readonly sent: number[] = [];

  override claimAll(requests: Parameters<TaskStore['claimAll']>[0]): Promise<void> {
    this.sent.push(requests.length);
    return super.claimAll(requests);
  }
}
