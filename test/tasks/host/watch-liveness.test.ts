import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { WantedStore } from '../../../src/database/pipelines/wanted-store.js';
import { probeDatabase } from '../../../src/database/tasks/database-probe.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { SecretMask } from '../../../src/runtime/secrets.js';
import { loadSettings } from '../../../src/settings/settings.js';
import { outageWatch, watchRuns, type LivenessHost } from '../../../src/tasks/host/watch-liveness.js';
import { DatabaseUnreachableError } from '../../../src/runtime/errors.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { openMigrated } from '../../support/migrated-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('the watch of a run that ends before its first look', () => {
  let database: Database;
  let host: LivenessHost;

  beforeEach(async () => {
    const cwd = temporaryFolder();
    database = await openMigrated(`sqlite:${cwd}/watched.db`);
    const { knex, dialect } = database;
    const now = dialect.now(knex);
    await database.write([
      knex('pipeline').insert({ id: 45, name: 'a', create_time: now, update_time: now, disabled: 0 }),
    ]);
    await new WantedStore(database, 30).start(45);
    const long = dialect.secondsAgo(knex, 600);
    await database.write([
      knex('pipeline_task').update({ create_time: long }),
      knex('pipeline_wanted').update({ since: long }),
    ]);
    host = {
      ...{ database, clock: systemClock, logger: new MemoryLogger(), secrets: new SecretMask(), channels: [] },
      ...{ worker: { name: 'here:1' }, stopping: new AbortController().signal, version: '1.2.3' },
      settings: loadSettings({ flags: {}, env: {}, cwd }).settings,
    };
  });
  afterEach(() => database.close());

  const raised = (): Promise<readonly { rule: string }[]> =>
    database.read<{ rule: string }[]>((knex) => knex('alert').select('rule'));

  it('asks the database then, and judges how pipelines are left', async () => {
    const watch = await watchRuns(host, new MemoryLogger());
    await watch.close();
    expect(await raised()).to.deep.equal([{ rule: 'pipeline_down' }]);
  });

  it('judges nobody then where the database has only just come back', async () => {
    const outages = outageWatch(host);
    const watch = await watchRuns(host, new MemoryLogger(), outages);
    outages.failed(new DatabaseUnreachableError('away'));
    outages.probeAnswered(await probeDatabase(database));
    await watch.close();
    expect(await raised()).to.deep.equal([]);
  });
});
