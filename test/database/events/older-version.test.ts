import { expect } from 'chai';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import type { SqlValue, Statement } from '../../../src/database/script.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { NotMigratedError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { claimRequest } from '../claim-request.js';
import { exampleBatch, exampleCommit } from '../example-batch.js';

const hash = Buffer.alloc(32, 7);

// What version 0.1.0 sends, word for word; only its clock is left out.
const renewal =
  "update `pipeline_task` set `last_heartbeat` = '2026-01-01 00:00:00', `progress` = ? where `id` = ? and `status` = ?";
const scripts = {
  commit: [
    renewal,
    "update `pipeline_checkpoint` set `chain_id` = ?, `start_block` = ?, `block_number` = ?, `block_hash` = ?, `version` = ?, `update_time` = '2026-01-01 00:00:00' where `pipeline_id` = ? and `task_id` = ? and `version` = ?",
  ],
  rollback: [
    renewal,
    "update `pipeline_checkpoint` set `block_number` = ?, `block_hash` = ?, `version` = ?, `update_time` = '2026-01-01 00:00:00' where `pipeline_id` = ? and `task_id` = ? and `version` = ?",
    'delete from `event` where `pipeline_id` = ? and `block_number` > ?',
  ],
  rewind: [
    "update `pipeline_checkpoint` set `block_number` = ?, `block_hash` = ?, `version` = ?, `update_time` = '2026-01-01 00:00:00', `task_id` = NULL where `pipeline_id` = ? and `version` = ?",
    'delete from `event` where `pipeline_id` = ? and `block_number` > ?',
  ],
  repair: [
    "update `pipeline_checkpoint` set `update_time` = '2026-01-01 00:00:00' where `pipeline_id` = ? and `chain_id` = ? and `block_number` >= ?",
    'delete from `event` where `pipeline_id` = ? and `block_number` in (?)',
  ],
} as const;

eachDatabase('a run of a version without a journal', (databases) => {
  // No such version knew it.
  if (databases.dialect === 'postgres') return;
  let database: Database;
  let taskId: number;
  const pipelineId = 45;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    await new CheckpointStore(database).get(pipelineId);
    taskId = await new TaskStore(database).claim(claimRequest({ pipelineId }));
    await new BatchStore(database).commit(exampleCommit({ pipelineId, taskId, batch: exampleBatch(1, 3) }));
  });
  after(() => database.close());

  const everything = async (): Promise<unknown> => {
    const tables = ['pipeline_checkpoint', 'event', 'undecoded_log', 'pipeline_commit', 'event_removed'];
    return Promise.all(tables.map((table) => database.read((knex) => knex(table).where({ pipeline_id: pipelineId }))));
  };
  const renewed = (): SqlValue[] => ['{}', taskId, 0];
  const bindings = (): Record<keyof typeof scripts, SqlValue[][]> => ({
    commit: [renewed(), [1, 1, 4, hash, 2, pipelineId, taskId, 1]],
    rollback: [renewed(), [2, hash, 2, pipelineId, taskId, 1], [pipelineId, 2]],
    rewind: [
      [2, hash, 2, pipelineId, 1],
      [pipelineId, 2],
    ],
    repair: [
      [pipelineId, 1, 3],
      [pipelineId, 3],
    ],
  });

  for (const name of ['commit', 'rollback', 'rewind', 'repair'] as const) {
    it(`writes no ${name} past the journal, and ends as where the database is not migrated`, async () => {
      const steps = scripts[name].map((sql, i): Statement => ({ sql, bindings: bindings()[name][i]! }));
      const before = await everything();
      const error = await rejectionOf(database.write(steps));
      expect(error).to.be.instanceOf(NotMigratedError).with.property('exitCode', 5);
      expect(await everything()).to.deep.equal(before);
    });
  }
});
