import { expect } from 'chai';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { JournalStore } from '../../../src/database/events/journal-store.js';
import type { Database } from '../../../src/database/database.js';
import { FenceError } from '../../../src/database/script.js';
import { SinkStore } from '../../../src/database/sinks/sink-store.js';
import type { FirstStand, SinkGuard } from '../../../src/database/sinks/sink-store.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { claimRequest } from '../claim-request.js';
import { giveAnew, here, others } from '../given-anew.js';

const hook = { name: 'hook', type: 'webhook_sink' };
const first: FirstStand = {
  ...{ place: 'first', epoch: 'e', base: { version: 0, block: -1 }, needsVersion: 0, cursorBlock: null },
};

eachDatabase('the rows of sinks', (databases) => {
  let database: Database;
  let store: SinkStore;
  let pipelineId = 300;
  let guard: SinkGuard;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    store = new SinkStore(database, here);
  });
  beforeEach(async () => {
    pipelineId += 1;
    guard = await claim();
    await store.begin(guard, hook, first);
    await store.claim(guard);
  });
  after(() => database.close());

  async function claim(): Promise<SinkGuard> {
    const { taskId: holder } = await new CheckpointStore(database).get(pipelineId);
    const taskId = await new TaskStore(database).claim(claimRequest({ pipelineId, holder, keepsRemoved: true }));
    return { pipelineId, taskId, claim: (await new JournalStore(database).current(pipelineId))!.claim };
  }
  const row = async () => (await store.list(pipelineId))[0]!;
  const refused = (work: Promise<unknown>): Promise<FenceError> => rejectionOf(work, FenceError);

  it('never stand ahead of the journal: the database may have been set back', async () => {
    const { version } = await new CheckpointStore(database).get(pipelineId);
    await refused(store.save(guard, 'hook', { place: 'ahead', reaches: version + 1 }));
    await store.save(guard, 'hook', { place: 'there', reaches: version });
    expect(await row()).to.include({ place: 'there' });
  });

  it('are changed by the task that holds the pipeline alone', async () => {
    await store.save(guard, 'hook', { place: 'second', cursorBlock: 7 });
    expect(await row()).to.include({ place: 'second', cursorBlock: 7, claim: 1, failing: false });
    const next = await claim();
    // Before the next holder has taken them over, too.
    await refused(store.save(guard, 'hook', { place: 'late' }));
    await refused(store.begin(guard, { ...hook, name: 'other' }, first));
    await refused(store.claim(guard));
    await refused(store.keepOnly(guard, []));
    await refused(store.save(next, 'hook', { place: 'early' }));
    await store.claim(next);
    await store.save(next, 'hook', { place: 'third' });
    await refused(store.save({ ...next, claim: 1 }, 'hook', { place: 'late' }));
    await refused(store.save(next, 'gone', { place: 'none' }));
    expect(await row()).to.include({ place: 'third', claim: 2 });
  });

  for (const other of others) {
    it(`are not changed by a process whose task’s id the server gave to another one (${Object.keys(other).join()})`, async () => {
      await giveAnew(database, guard.taskId, other);
      await refused(store.save(guard, 'hook', { place: 'late' }));
      await refused(store.begin(guard, { ...hook, name: 'other' }, first));
      await refused(store.claim(guard));
      await refused(store.keepOnly(guard, []));
      expect((await store.list(pipelineId)).map(({ name, place }) => [name, place])).to.deep.equal([['hook', 'first']]);
      await new SinkStore(database).save(guard, 'hook', { place: 'of whoever holds it' });
      expect((await row()).place).to.equal('of whoever holds it');
    });
  }

  it('begin once, also where they were paused before', async () => {
    await store.begin(guard, hook, { ...first, place: 'again' });
    expect((await row()).place).to.equal('first');
    await store.setPaused(pipelineId, { ...hook, name: 'early' }, true);
    await store.begin(guard, { ...hook, name: 'early' }, first);
    expect((await store.list(pipelineId))[0]).to.include({ name: 'early', paused: true, place: 'first' });
  });

  it('say since when they fail, and what was wrong last', async () => {
    await store.save(guard, 'hook', { error: 'gone' });
    const { failingSeconds, lastErrorTime } = await row();
    expect(failingSeconds).to.be.within(0, 60);
    expect(lastErrorTime).to.match(/^\d{4}-\d\d-\d\dT/);
    await store.save(guard, 'hook', { error: null });
    expect(await row()).to.include({ failing: false, failingSeconds: null, lastError: 'gone', lastErrorTime });
  });

  it('take one request for a replay at a time', async () => {
    const before = await row();
    expect(await store.requestReplay(before, 5)).to.equal(true);
    expect(await store.requestReplay(before, 3)).to.equal(false);
    expect(await row()).to.include({ replay: 1, replayFrom: 5 });
  });

  it('are forgotten where the definition names them no more, or as another type', async () => {
    await store.begin(guard, { ...hook, name: 'other' }, first);
    await store.keepOnly(guard, [hook, { name: 'other', type: 'table_sink' }]);
    expect((await store.list(pipelineId)).map(({ name }) => name)).to.deep.equal(['hook']);
  });
});
