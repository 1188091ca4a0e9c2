import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { WantedStore } from '../../../src/database/pipelines/wanted-store.js';
import { SinkStore } from '../../../src/database/sinks/sink-store.js';
import { queueDueDelivery } from '../../../src/tasks/fleet/queue-delivery.js';
import { exampleBatch } from '../../database/example-batch.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { OutboxRuns } from '../outbox/outbox-fixture.js';
import { RecordingSink } from '../outbox/recording-sink.js';

eachDatabase('what is due to the sinks of a pipeline that has ended', (databases) => {
  const pipelineId = 45;
  let database: Database;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    const { knex, dialect } = database;
    const now = dialect.now(knex);
    await database.write([
      knex('pipeline').insert({ id: pipelineId, name: 'p', create_time: now, update_time: now, disabled: 0 }),
    ]);
  });
  after(() => database.close());

  it('is delivered by a task of its own, unless there is nothing, or whoever keeps it running sees to it', async () => {
    const runs = new OutboxRuns(database, pipelineId);
    await runs.run([new RecordingSink().openable()], async function* () {
      await Promise.resolve();
      yield exampleBatch(1, 2);
    });
    const queue = (): Promise<number | null> => queueDueDelivery(database, pipelineId, 30);
    expect(await queue()).to.equal(null);
    await new SinkStore(database).requestReplay(await runs.standing(), 1);
    const wanted = new WantedStore(database, 30);
    await wanted.start(pipelineId);
    expect(await queue()).to.equal(null);
    await wanted.stop(pipelineId);
    expect(await queue()).to.be.a('number');
  });
});
