import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { EndpointStore, type ReportedEndpoint } from '../../src/database/operations/endpoint-store.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { expectProblem, testApi, type TestApi } from './api-fixture.js';

const resting: ReportedEndpoint = {
  ...{ name: 'rpc-1.example', state: 'resting', headMs: 12.5, logsMs: null, errorRate: 0.97 },
  ...{ inFlight: 1, maxInFlight: 1, maxPerSecond: 9.5, newestBlock: 18_000_000, requests: 40, failures: 12 },
  ...{ lastError: 'connection refused', lastErrorSeconds: 2 },
};
const unasked: ReportedEndpoint = {
  ...{ name: 'rpc-2.example', state: 'unasked', headMs: null, logsMs: null, errorRate: 0, inFlight: 0 },
  ...{ maxInFlight: null, maxPerSecond: null, newestBlock: null, requests: 0, failures: 0 },
  ...{ lastError: null, lastErrorSeconds: null },
};

eachDatabase('the API of endpoints', (databases) => {
  let database: Database;
  let api: TestApi;

  before(async () => {
    database = await openMigrated(await databases.fresh());
    api = testApi(database);
    const store = new EndpointStore(database);
    await store.report({ session: 'a', chainId: 1, worker: { name: 'host-1:10', identity: null } }, [resting, unasked]);
    await store.report({ session: 'b', chainId: 999_999_999_999_999, worker: { name: 'host-2:10', identity: null } }, [
      resting,
    ]);
  });
  after(async () => {
    await api.app.close();
    await database.close();
  });

  const listed = async (query = ''): Promise<unknown[][]> => {
    const { endpoints } = (await api.get(`/api/v1/endpoints${query}`)) as { endpoints: Record<string, unknown>[] };
    return endpoints.map(({ chain_id, endpoint, worker, state, stale }) => [chain_id, endpoint, worker, state, stale]);
  };

  it('lists how each is to each process that asks it', async () => {
    expect(await listed()).to.deep.equal([
      [1, 'rpc-1.example', 'host-1:10', 'resting', false],
      [1, 'rpc-2.example', 'host-1:10', 'unasked', false],
      [999_999_999_999_999, 'rpc-1.example', 'host-2:10', 'resting', false],
    ]);
    const { endpoints } = (await api.get('/api/v1/endpoints?limit=1')) as { endpoints: Record<string, unknown>[] };
    expect(endpoints[0]).to.deep.include({
      ...{ head_ms: 12.5, logs_ms: null, error_rate: 0.97, in_flight: 1, max_in_flight: 1, max_per_second: 9.5 },
      ...{ newest_block: 18_000_000, requests: 40, failures: 12, last_error: 'connection refused' },
    });
  });

  it('lists those of a chain, and counts those that there is no room for', async () => {
    expect(await listed('?chain_id=1')).to.have.length(2);
    expect(await listed('?chain_id=999999999999999')).to.have.length(1);
    expect(await listed('?chain_id=7')).to.have.length(0);
    expect(await api.get('/api/v1/endpoints?limit=2')).to.include({ total: 3 });
  });

  it('refuses what is no chain and no limit', async () => {
    for (const query of ['chain_id=x', 'chain_id=0', 'chain_id=-1', 'limit=0', 'limit=201', 'limit=']) {
      expectProblem(await api.send(`/api/v1/endpoints?${query}`), 400);
    }
  });
});
