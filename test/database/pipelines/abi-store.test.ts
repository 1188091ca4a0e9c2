import { expect } from 'chai';
import { AbiStore } from '../../../src/database/pipelines/abi-store.js';
import type { Database } from '../../../src/database/database.js';
import { NotFoundError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';

const abi = [{ type: 'event', name: 'E', anonymous: false, inputs: [{ name: '名', type: 'uint256', indexed: true }] }];

eachDatabase('the store of ABIs', (databases) => {
  let database: Database;
  let store: AbiStore;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    store = new AbiStore(database);
  });
  after(() => database.close());

  it('gives back what was stored', async () => {
    const id = await store.add('first', abi);
    const { createTime, ...stored } = await store.get(id);
    expect(stored).to.deep.equal({ id, name: 'first', abi });
    expect(createTime).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  });

  it('holds an ABI of a megabyte', async () => {
    const large = Array.from({ length: 10_000 }, () => abi[0]!);
    expect((await store.get(await store.add('large', large))).abi).to.have.length(10_000);
  });

  it('lists by id and removes one for good', async () => {
    const id = await store.add('last', abi);
    expect((await store.list()).map(({ name }) => name)).to.deep.equal(['first', 'large', 'last']);
    await store.remove(id);
    expect((await store.list()).map(({ name }) => name)).to.deep.equal(['first', 'large']);
    for (const work of [() => store.get(id), () => store.remove(id)]) {
      await rejectionOf(work(), NotFoundError);
    }
  });
});
