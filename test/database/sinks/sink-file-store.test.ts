import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { SinkFileStore } from '../../../src/database/sinks/sink-file-store.js';
import { LeaseLostError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';

const epoch = 'e'.repeat(32);

function file(fromBlock: number, generation = 1) {
  return { name: `${fromBlock}-${fromBlock + 99}.g${generation}.csv`, fromBlock, toBlock: fromBlock + 99, generation };
}

eachDatabase('the plans of file sinks', (databases) => {
  let database: Database;
  let store: SinkFileStore;
  const owner = { pipelineId: 45, sink: 'lake', epoch, claim: 3 };
  before(async () => {
    database = await openMigrated(await databases.fresh());
    store = new SinkFileStore(database);
    const row = { version: 1, epoch, claim: 3 };
    await database.write(
      [45, 46].map((id) => database.knex('pipeline_checkpoint').insert({ pipeline_id: id, ...row })),
    );
  });
  after(() => database.close());

  it('stand in the place of those before, each sink’s for itself', async () => {
    expect(await store.list(owner)).to.deep.equal([]);
    await store.plan({ ...owner, sink: 'other' }, [file(7)]);
    await store.plan({ ...owner, pipelineId: 46 }, [file(8)]);
    await store.plan(owner, [file(0), file(100, 2)]);
    expect(await store.list(owner)).to.deep.equal([file(0), file(100, 2)]);
    await store.plan(owner, [file(200)]);
    expect(await store.list(owner)).to.deep.equal([file(200)]);
    expect(await store.list({ ...owner, sink: 'other' })).to.deep.equal([file(7)]);
    await store.plan(owner, []);
    expect(await store.list(owner)).to.deep.equal([]);
  });

  it('are made by nobody but who holds the pipeline', async () => {
    await store.plan(owner, [file(0)]);
    await store.check(owner);
    for (const other of [{ claim: 2 }, { claim: 4 }, { epoch: 'f'.repeat(32) }, { pipelineId: 47 }]) {
      await rejectionOf(store.plan({ ...owner, ...other }, [file(300)]), LeaseLostError);
      await rejectionOf(store.check({ ...owner, ...other }), LeaseLostError);
    }
    expect(await store.list(owner)).to.deep.equal([file(0)]);
  });
});
