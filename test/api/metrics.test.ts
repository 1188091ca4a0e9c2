import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { openMigrated } from '../support/migrated-database.js';
import { testApi, type TestApi } from './api-fixture.js';

describe('GET /metrics', () => {
  let database: Database;
  let api: TestApi;

  beforeEach(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/metrics.db`);
    api = testApi(database);
  });
  afterEach(async () => {
    await api.app.close();
    await database.close();
  });

  it('tells in the text form of Prometheus how the system and the server are', async () => {
    const answer = await api.send('/metrics');
    expect(answer.headers['content-type']).to.equal('text/plain; version=0.0.4; charset=utf-8');
    for (const line of [
      'chainparse_tasks{status="running"} 0',
      'chainparse_monitors_alive 0',
      'chainparse_database_up 1',
    ])
      expect(answer.body.split('\n')).to.include(line);
    expect(answer.body)
      .to.contain('nodejs_eventloop_lag_seconds ')
      .and.contain('chainparse_build_info{version="1.2.3"} 1');
  });

  it('answers while the database is away, says so, and logs it once', async () => {
    await api.send('/metrics');
    await database.close();
    for (let i = 0; i < 3; i++) {
      const answer = await api.send('/metrics');
      expect(answer.statusCode).to.equal(200);
      expect(answer.body).to.match(/^chainparse_database_up 0$/m);
      expect(answer.body).not.to.match(/^chainparse_tasks\{/m);
    }
    expect(api.logged.filter((line) => line.includes('metrics tell nothing'))).to.have.length(1);
  });

  it('lets many scrapes at once share one read', async () => {
    let reads = 0;
    const counted: Database = Object.create(database, {
      read: { value: (...args: Parameters<Database['read']>) => (reads++, database.read(...args)) },
    }) as Database;
    const shared = testApi(counted);
    await shared.send('/metrics');
    const [once] = [reads];
    reads = 0;
    await Promise.all(Array.from({ length: 20 }, () => shared.send('/metrics')));
    expect(reads).to.be.at.most(2 * once);
    await shared.app.close();
  });
});
