import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { TestPipelineStore } from '../../../src/database/pipelines/test-pipeline-store.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { exampleWorker } from '../../tasks/run/task-fixture.js';
import { setStage } from '../../tasks/heartbeat-test/scene-fixture.js';

const owner = { token: 'abc', worker: 'there:7', identity: 'boot 1' };

eachDatabase('the pipelines of heartbeat tests', (testDatabase) => {
  let database: Database;
  let store: TestPipelineStore;
  const ids = async (): Promise<number[]> => (await store.list()).map(({ id }) => id);
  const change = (id: number, values: Record<string, string | number>): Promise<unknown> =>
    database.write([database.knex('pipeline').where({ id }).update(values)]);

  before(async () => {
    database = await openMigrated(await testDatabase.fresh());
    store = new TestPipelineStore(database);
  });
  after(() => database.close());
  afterEach(async () => {
    for (const id of await ids()) await store.delete(id);
  });

  it('are disabled, and tell whose they are and how old', async () => {
    const id = await store.insert(owner, 'main');
    const [pipeline] = await store.list();
    expect(pipeline).to.deep.include({ id, owner });
    expect(pipeline?.ageSeconds).to.be.within(0, 2);
    const [row] = await database.read<{ disabled: number }[]>((knex) => knex('pipeline').where({ id }));
    expect(row?.disabled).to.equal(1);
    expect(await store.countRows([id])).to.equal(1);
  });

  it('are deleted with what hangs on them, living tasks too', async () => {
    const stage = await setStage(database, testDatabase.url());
    await stage.trial.begin();
    expect(await store.countRows(await ids())).to.be.greaterThan(4);
    const all = await ids();
    for (const id of all) await store.delete(id);
    expect(await store.countRows(all)).to.equal(0);
    await stage.close();
  });

  it('are no pipelines that a person gave such a name', async () => {
    const id = await store.insert(owner, 'main');
    await change(id, { description: 'about the chainparse heartbeat test' });
    expect(await ids()).to.deep.equal([]);
    await change(id, { description: JSON.stringify(owner) });
    const component = { pipeline_id: id, position: 0, name: 'transfers', type: 'event_monitor', config: '{}' };
    await database.write([database.knex('pipeline_component').insert(component)]);
    expect(await ids()).to.deep.equal([]);
    await database.write([database.knex('pipeline_component').delete(), database.knex('pipeline').delete()]);
  });

  it('are swept by the next test where their process is gone, or nobody can know and they are old', async () => {
    const gone = await store.insert({ ...owner, worker: 'here:9', identity: 'gone' }, 'main');
    const old = await store.insert(owner, 'old');
    const young = await store.insert(owner, 'young');
    await change(old, { create_time: '2024-01-15 10:00:00' });
    const stage = await setStage(database, testDatabase.url(), { worker: exampleWorker('here:1', ['here:9 gone']) });
    const left = await ids();
    expect([gone, old].some((id) => left.includes(id))).to.equal(false);
    expect(left).to.include(young);
    await stage.close();
    expect(await ids()).to.deep.equal([young]);
  });
});
