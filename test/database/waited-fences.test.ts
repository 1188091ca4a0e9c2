import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { CheckpointStore } from '../../src/database/events/checkpoint-store.js';
import { RepairStore } from '../../src/database/events/repair-store.js';
import { BatchStore } from '../../src/database/events/batch-store.js';
import { RewindStore } from '../../src/database/events/rewind-store.js';
import { PipelineStore } from '../../src/database/pipelines/pipeline-store.js';
import { EndStore } from '../../src/database/pipelines/end-store.js';
import { WantedStore } from '../../src/database/pipelines/wanted-store.js';
import { FenceError } from '../../src/database/script.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import { taskStatus } from '../../src/model/task.js';
import type { UnjudgedEnd } from '../../src/model/wanted.js';
import { LeaseHeldError } from '../../src/runtime/errors.js';
import { createDatabase, eachServer } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { beginElsewhere } from '../support/other-session.js';
import { rejectionOf } from '../support/rejection.js';
import { eventually } from '../support/within.js';
import { claimRequest } from './claim-request.js';
import { exampleBatch, exampleCommit, hashOf } from './example-batch.js';
import { listOtherSessions } from './other-sessions.js';

eachServer('a fence that waits for a lock', (server) => {
  const pipelineId = 45;
  let url: string;
  let database: Database;

  beforeEach(async function () {
    this.timeout(60_000);
    url = await createDatabase(server().url());
    database = await openMigrated(url);
    const base = {
      name: 'x',
      classificationId: null,
      description: null,
      timeoutMinutes: null,
      restart: null,
      schedule: null,
      timeZone: null,
    };
    await new PipelineStore(database).import({ ...base, id: pipelineId, components: [] });
    await new CheckpointStore(database).get(pipelineId);
    const taskId = await new TaskStore(database).claim(claimRequest({ pipelineId }));
    await new BatchStore(database).commit(exampleCommit({ pipelineId, taskId, version: 0, batch: exampleBatch(1, 9) }));
    await database.write([database.knex('pipeline_task').where({ id: taskId }).update({ status: 1 })]);
  });
  afterEach(() => database.close());

  /** Has something waited for while a session of somebody else holds what `sql` locks, who then commits what it does, and what is `late`. */
  async function whileHeld<T>(sql: readonly string[], work: () => Promise<T>, ...late: string[]): Promise<T> {
    const holder = await beginElsewhere(url, ...sql);
    const waiting = work();
    waiting.catch(() => undefined);
    await eventually('it waits', async () => (await listOtherSessions(database)).length > 0);
    for (const statement of [...late, 'COMMIT']) await holder.run(statement);
    await holder.end();
    return waiting;
  }

  const moveCheckpoint = `UPDATE pipeline_checkpoint SET version = version + 1 WHERE pipeline_id = ${pipelineId}`;

  it('is judged by what landed meanwhile: a block that was committed anew is not repaired', async () => {
    const change = { events: { goes: [], comes: [] }, undecoded: { goes: [], comes: [] } };
    const look = { pipelineId, chainId: 1, block: 5, hash: hashOf('block 5'), version: 1, isSettled: true };
    const note = `INSERT INTO pipeline_commit (pipeline_id, version, kind, from_block, to_block) VALUES (${pipelineId}, 2, 'replace', 1, 9)`;
    const repairing = whileHeld([moveCheckpoint, note], () => new RepairStore(database).replace({ ...look, change }));
    await rejectionOf(repairing, FenceError);
  });

  it('is judged by what landed meanwhile: a pipeline that was claimed is not deleted', async () => {
    const claim = `UPDATE pipeline_task SET status = 0, last_heartbeat = CURRENT_TIMESTAMP WHERE pipeline_id = ${pipelineId}`;
    const deleting = whileHeld([moveCheckpoint, claim], () => new PipelineStore(database).delete(pipelineId, 30));
    await rejectionOf(deleting, LeaseHeldError);
    expect((await new CheckpointStore(database).get(pipelineId)).version).to.equal(2);
  });

  describe('of a started pipeline whose task has ended', () => {
    const lock = `UPDATE pipeline SET id = id WHERE id = ${pipelineId}`;
    const ofWanted = `WHERE pipeline_id = ${pipelineId}`;
    let wanted: WantedStore;
    let ends: EndStore;
    let end: UnjudgedEnd;

    beforeEach(async () => {
      wanted = new WantedStore(database, 30);
      ends = new EndStore(database, 30);
      await wanted.start(pipelineId);
      await database.write([database.knex('pipeline_task').where({ status: taskStatus.queued }).delete()]);
      [end] = (await ends.listUnjudged(0, 10)) as [UnjudgedEnd];
    });

    it('is judged by what landed meanwhile: the end is of no effect where a person has started it', async () => {
      const touch = `UPDATE pipeline_wanted SET failures = 0 ${ofWanted}`;
      const queue = `INSERT INTO pipeline_task (pipeline_id, status, create_time, log_path) VALUES (${pipelineId}, ${taskStatus.queued}, CURRENT_TIMESTAMP, '')`;
      const judging = (): Promise<boolean> => ends.judge(end, { kind: 'done' });
      expect(await whileHeld([lock, touch, queue], judging)).to.equal(false);
      expect(await wanted.get(pipelineId)).to.include({ state: 'started' });
    });

    it('holds off a rewind until it is judged: what is held by then is let go', async () => {
      const hold = `UPDATE pipeline_wanted SET held_reason = 'the wrong chain' ${ofWanted}`;
      const rewind = { pipelineId, version: 1, replaces: null, from: 9, first: 1, above: 4, childrenUpTo: 4 };
      const to = { number: 4, hash: null };
      const step = { ...rewind, holder: end.task?.id ?? null, to, ends: { keepsRemembered: true } };
      await whileHeld([lock], () => new RewindStore(database).takeBack(step), hold);
      expect(await wanted.get(pipelineId)).to.include({ heldReason: null });
    });

    it('is judged by what landed meanwhile: the end is of no effect where it was rewound', async () => {
      const moves = ['checkpoint SET task_id', 'wanted SET judged_task_id'].map(
        (set) => `UPDATE pipeline_${set} = NULL ${ofWanted}`,
      );
      const judging = (): Promise<boolean> => ends.judge(end, { kind: 'held', reason: 'the wrong chain', failures: 1 });
      expect(await whileHeld([lock, ...moves], judging)).to.equal(false);
    });
  });
});
