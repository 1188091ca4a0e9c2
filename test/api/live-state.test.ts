import { expect } from 'chai';
import { LiveState } from '../../src/api/live/live-state.js';
import type { ServerEvent } from '../../src/api/server-events.js';
import type { Database } from '../../src/database/database.js';
import { insertSilentTask } from '../database/insert-silent-task.js';
import { FakeClock } from '../support/fake-clock.js';
import { openMigrated } from '../support/migrated-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testApi, type TestApi } from './api-fixture.js';

describe('the live state', () => {
  let database: Database;
  let api: TestApi;
  let live: LiveState;
  let release: () => void;

  beforeEach(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/test.db`);
    const released = new Promise<void>((resolve) => (release = resolve));
    const read: Database['read'] = async (query) => {
      await released;
      return database.read(query);
    };
    const held = Object.create(database, { read: { value: read } }) as Database;
    api = testApi(held, {}, { clock: new FakeClock() });
    live = new LiveState(api.parts);
  });
  afterEach(async () => {
    await api.app.close();
    await database.close();
  });

  it('tells who comes while it is read nothing before it is read', async () => {
    const id = await insertSilentTask(database, 10);
    const gone = new AbortController();
    const clients = [1, 2].map(() => live.watch(undefined, gone.signal)[Symbol.asyncIterator]());
    const first = clients.map((client) => client.next());
    release();
    for (const told of await Promise.all(first)) {
      const { data } = told.value as ServerEvent;
      expect(data).to.contain(`"task:${id}":`);
    }
    gone.abort();
    for (const client of clients) await client.return?.();
  });
});
