import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { AlertStore } from '../../src/database/operations/alert-store.js';
import { noMonitor } from '../../src/tasks/alerts/alert-conditions.js';
import { openMigrated } from '../support/migrated-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testApi, type TestApi } from './api-fixture.js';

const base = '/api/v1/alerts';

describe('the API about mutes', () => {
  let database: Database;
  let api: TestApi;

  beforeEach(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/test.db`);
    api = testApi(database);
    await new AlertStore(database).raise(noMonitor(), { worker: 'w', repeatSeconds: 60, openSeconds: 0 });
  });
  afterEach(async () => {
    await api.app.close();
    await database.close();
  });

  const post = (path: string, payload: object) => api.app.inject({ method: 'POST', url: `${base}/${path}`, payload });

  it('mutes an alert, lists it as muted, and tells of it again', async () => {
    const muted = await post('mutes', { alert_id: 1, seconds: 600 });
    expect(muted.statusCode, muted.body).to.equal(200);
    expect(muted.json()).to.deep.include({ rule: 'no_monitor', subject: 'monitor', created_by: 'API' });
    const { alerts } = (await api.app.inject(base)).json<{ alerts: object[] }>();
    expect(alerts[0]).to.include({ muted: true, severity: 'critical' });
    const { mutes } = (await api.app.inject(`${base}/mutes`)).json<{ mutes: { seconds_left: number }[] }>();
    expect(mutes[0]?.seconds_left).to.be.within(595, 600);
    expect((await post('unmute', { alert_id: 1 })).json()).to.deep.equal({ unmuted: 1 });
    expect((await api.app.inject(`${base}/mutes`)).json()).to.deep.equal({ mutes: [] });
  });

  it('refuses what names nothing, or what there is not', async () => {
    expect((await post('mutes', {})).statusCode).to.equal(400);
    expect((await post('mutes', { rule: 'moon' })).statusCode).to.be.within(400, 422);
    expect((await post('mutes', { alert_id: 99 })).statusCode).to.equal(404);
    expect((await post('mutes', { pipeline_id: 99 })).statusCode).to.equal(404);
  });
});
