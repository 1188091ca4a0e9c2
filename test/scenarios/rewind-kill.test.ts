import { expect } from 'chai';
import { isDeepStrictEqual } from 'node:util';
import { BatchStore } from '../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../src/database/events/checkpoint-store.js';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import { claimRequest } from '../database/claim-request.js';
import { exampleBatch, exampleCommit } from '../database/example-batch.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { Scenario } from '../support/scenario.js';
import { eventually } from '../support/within.js';

const blocks = 120_000;

/** Stores one event in each of many blocks, and parks the pipeline. */
async function fill(database: Database): Promise<void> {
  const tasks = new TaskStore(database);
  await new CheckpointStore(database).get(45);
  const taskId = await tasks.claim(claimRequest({ pipelineId: 45 }));
  const batches = new BatchStore(database);
  for (let version = 0; version < blocks / 10_000; version++) {
    const from = version * 10_000 + 1;
    const batch = { ...exampleBatch(from, from + 9_999), recentBlocks: [] };
    await batches.commit(exampleCommit({ pipelineId: 45, taskId, version, chainId: 31_337, batch }));
  }
  await tasks.finish(taskId, { status: 2, endReason: 'needs_rewind', error: 'deep' }, null);
}

eachDatabaseInTurn('a rewind of many rows', (databases) => {
  it('that is killed leaves a whole, parked pipeline, and is done when it is run again', async function () {
    this.timeout(120_000);
    const scenario = await Scenario.begin(await databases.fresh(), 'http://127.0.0.1:1', { mode: 'historical' });
    const database = await openDatabase(databases.url());
    await fill(database);
    const checkpoint = async (): Promise<number | null> => (await new CheckpointStore(database).get(45)).blockNumber;
    const stored = async (): Promise<unknown> => {
      const rows = database.read<unknown[]>((knex) =>
        knex('event').where({ pipeline_id: 45 }).count({ count: '*' }).max({ newest: 'block_number' }),
      );
      return (await rows)[0];
    };
    const rewind = scenario.start('pipeline', 'rewind', '45', '--to-block', '500', '--rpc-url', 'http://127.0.0.1:1');
    await eventually('the first rows are gone', async () => ((await checkpoint()) === blocks ? null : true));
    await rewind.kill();
    // What the server was sent before, it may do between two looks.
    const reached = await eventually('rows and checkpoint are of one time', async () => {
      const block = Number(await checkpoint());
      return isDeepStrictEqual(await stored(), { count: block, newest: block }) ? block : null;
    });
    expect(reached).to.be.within(500, blocks - 1);
    const shown = JSON.parse(await scenario.chainparse('pipeline', 'show', '45', '--json')) as { parked: unknown };
    if (reached > 500) expect(shown.parked).to.be.an('object');
    await scenario.chainparse('pipeline', 'rewind', '45', '--to-block', '500', '--rpc-url', 'http://127.0.0.1:1');
    expect(await stored()).to.deep.equal({ count: 500, newest: 500 });
    expect(await checkpoint()).to.equal(500);
    await database.close();
  });
});
