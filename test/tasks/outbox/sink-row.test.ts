import { join } from 'node:path';
import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { SinkStore } from '../../../src/database/sinks/sink-store.js';
import { SinkRow } from '../../../src/tasks/outbox/sink-row.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('the row of a sink', () => {
  let database: Database;
  before(async () => {
    database = await openMigrated(`sqlite:${join(temporaryFolder(), 'test.db')}`);
  });
  after(() => database.close());

  it('makes the steps of what was noted with the first write that goes well, once', async () => {
    const written: string[][] = [];
    let isAway = true;
    class Store extends SinkStore {
      override save(...[, , , beside = []]: Parameters<SinkStore['save']>): Promise<void> {
        if (isAway) return Promise.reject(new Error('away'));
        written.push(beside.map(String));
        return Promise.resolve();
      }
    }
    const row = new SinkRow(new Store(database), { pipelineId: 1, taskId: 1, claim: 1 }, 'out', new HastyClock());
    await rejectionOf(row.note({ place: 'a' }, [database.knex.raw('select 1')]));
    isAway = false;
    await row.write({}, [database.knex.raw('select 2')]);
    await row.write({ place: 'b' });
    expect(written).to.deep.equal([['select 1', 'select 2'], []]);
  });
});
