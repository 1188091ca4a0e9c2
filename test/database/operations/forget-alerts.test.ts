import { expect } from 'chai';
import { AlertStore } from '../../../src/database/operations/alert-store.js';
import type { Database } from '../../../src/database/database.js';
import { forgetAlerts } from '../../../src/database/operations/forget-alerts.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';

const day = 86_400;
const options = { keptSeconds: 90 * day, mutedSeconds: 3_600, limit: 100 };

eachDatabase('forgetting alerts', (databases) => {
  let database: Database;
  let store: AlertStore;

  before(async () => {
    database = await openMigrated(await databases.fresh());
    store = new AlertStore(database);
  });
  after(() => database.close());
  beforeEach(() => database.write([database.knex('alert').delete()]));

  /** Raises an alert about a subject, and clears it so many days ago. */
  async function cleared(subject: string, days: number | null, by = 'over'): Promise<void> {
    const condition = { rule: 'task_stalled', subject, message: 'it hangs', details: {} } as const;
    const about = { ...condition, taskId: null, pipelineId: null };
    const { alertId } = await store.raise(about, { worker: 'w', repeatSeconds: 3_600, openSeconds: 200 * day });
    if (days === null) return;
    const { knex, dialect } = database;
    const times = { open_key: null, clear_time: dialect.secondsAgo(knex, days * day), cleared_by: by };
    await database.write([knex('alert').where({ id: alertId }).update(times)]);
  }

  const left = (): Promise<string[]> => database.read((knex) => knex('alert').orderBy('id').pluck('subject'));

  it('takes those that were cleared long ago, and none that stands, however old it is', async () => {
    await cleared('old', 91);
    await cleared('dismissed', 91, 'person');
    await cleared('young', 89);
    await cleared('standing', null);
    expect(await forgetAlerts(database, options)).to.equal(2);
    expect(await left()).to.deep.equal(['young', 'standing']);
    expect(await forgetAlerts(database, options)).to.equal(0);
  });

  it('leaves what a person has cleared as long as that keeps another quiet', async () => {
    await cleared('over', 91);
    await cleared('quiet', 91, 'person');
    await cleared('loud', 101, 'person');
    expect(await forgetAlerts(database, { ...options, mutedSeconds: 100 * day })).to.equal(2);
    expect(await left()).to.deep.equal(['quiet']);
    expect(await forgetAlerts(database, { ...options, mutedSeconds: null })).to.equal(0);
  });

  it('takes at most so many at a time, the oldest first', async () => {
    for (const subject of ['a', 'b', 'c']) await cleared(subject, 91);
    expect(await forgetAlerts(database, { ...options, limit: 2 })).to.equal(2);
    expect(await left()).to.deep.equal(['c']);
  });
});
