import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { MuteStore } from '../../../src/database/operations/mute-store.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';

const ofPipeline = { rule: null, subject: null, pipelineId: 45, createdBy: 'anna' };

eachDatabase('the store of mutes', (databases) => {
  let database: Database;
  let store: MuteStore;

  before(async () => {
    database = await openMigrated(await databases.fresh());
    store = new MuteStore(database);
  });
  after(() => database.close());
  beforeEach(() => database.write([database.knex('alert_mute').delete()]));

  it('keeps a mute for as long as it was asked for', async () => {
    const mute = await store.add({ ...ofPipeline, seconds: 7_200 });
    expect(mute).to.deep.include(ofPipeline);
    expect(mute.secondsLeft).to.be.within(7_198, 7_200);
    expect((await store.list()).map(({ id }) => id)).to.deep.equal([mute.id]);
    const { knex, dialect } = database;
    await database.write([knex('alert_mute').update({ until_time: dialect.secondsAgo(knex, 1) })]);
    expect(await store.list()).to.deep.equal([]);
  });

  it('has one mute of a scope, the one that was asked for last', async () => {
    await store.add({ ...ofPipeline, seconds: 7_200 });
    await store.add({ ...ofPipeline, rule: 'lag', seconds: 60 });
    const { id } = await store.add({ ...ofPipeline, seconds: 30 });
    expect((await store.list()).map((mute) => [mute.id === id, mute.rule])).to.deep.equal([
      [true, null],
      [false, 'lag'],
    ]);
  });

  it('returns what it added, though another has put a mute of the same in its place by then', async () => {
    const overtaken = {
      ...{ knex: database.knex, dialect: database.dialect },
      read: (build) => database.read(build),
      write: async (steps) => {
        const results = await database.write(steps);
        await store.add({ ...ofPipeline, seconds: 60 });
        return results;
      },
    } as Database;
    const mute = await new MuteStore(overtaken).add({ ...ofPipeline, seconds: 7_200 });
    const [other] = await store.list();
    expect(mute).to.deep.include({ ...ofPipeline, secondsLeft: 7_200 });
    expect(mute.id).to.be.within(1, other!.id - 1);
    const lasts = Date.parse(`${mute.until}Z`) - Date.parse(`${mute.createTime}Z`);
    expect(lasts / 1_000).to.equal(7_200);
    expect(Date.parse(`${other!.createTime}Z`) - Date.parse(`${mute.createTime}Z`)).to.be.within(-2_000, 2_000);
  });

  it('gives each of many that mute the same at once its mute', async () => {
    const mutes = await Promise.all(Array.from({ length: 10 }, () => store.add({ ...ofPipeline, seconds: 60 })));
    for (const mute of mutes) expect(mute).to.deep.include(ofPipeline);
  });

  it('ends those of a scope, or all', async () => {
    await store.add({ ...ofPipeline, seconds: 60 });
    await store.add({ ...ofPipeline, rule: 'lag', pipelineId: null, seconds: 60 });
    expect(await store.end({ ...ofPipeline, pipelineId: 46 })).to.equal(0);
    expect(await store.end(ofPipeline)).to.equal(1);
    expect(await store.end(null)).to.equal(1);
    expect(await store.end(null)).to.equal(0);
  });
});
