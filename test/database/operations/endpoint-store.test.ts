import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { EndpointStore, type ReportedEndpoint } from '../../../src/database/operations/endpoint-store.js';
import { endpointToJson } from '../../../src/model/rpc-endpoint.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';

const healthy: ReportedEndpoint = {
  ...{ name: 'rpc-1.example', state: 'healthy', headMs: 12.5, logsMs: null, errorRate: 0.25 },
  ...{ inFlight: 3, maxInFlight: null, maxPerSecond: null, newestBlock: 18_000_000, requests: 40, failures: 2 },
  ...{ lastError: 'HTTP 500', lastErrorSeconds: 100 },
};
const resting: ReportedEndpoint = { ...healthy, name: 'rpc-2.example', state: 'resting' };
const one = { session: 'aaaa', chainId: 1, worker: { name: 'host-1:10', identity: 'boot/10' } };
const other = { session: 'bbbb', chainId: 137, worker: { name: 'host-2:10', identity: null } };

eachDatabase('the health of endpoints', (databases) => {
  let database: Database;
  let store: EndpointStore;

  before(async () => {
    database = await openMigrated(await databases.fresh());
    store = new EndpointStore(database);
  });
  after(() => database.close());
  beforeEach(async () => {
    await database.write([database.knex('rpc_endpoint').delete()]);
  });

  const names = async (chainId?: number): Promise<readonly string[]> =>
    (await store.list({ chainId, limit: 100 })).endpoints.map(({ worker, name }) => `${worker} ${name}`);
  const age = async (session: string, seconds: number): Promise<void> => {
    const { knex, dialect } = database;
    const update_time = dialect.secondsAgo(knex, seconds);
    await database.write([knex('rpc_endpoint').where({ session }).update({ update_time })]);
  };

  it("is what was reported, on the database's clock", async () => {
    expect(await store.report(one, [healthy])).to.equal(true);
    const [found] = (await store.list({ limit: 1 })).endpoints;
    const { lastErrorSeconds, ...status } = healthy;
    expect(found).to.deep.include({ ...status, chainId: 1, worker: 'host-1:10', workerIdentity: 'boot/10' });
    expect(found?.ageSeconds).to.be.within(0, 5);
    const { updateTime, lastErrorTime } = found!;
    const instants = [updateTime, lastErrorTime].map((text) => Date.parse(`${String(text)}Z`));
    expect((instants[0]! - instants[1]!) / 1_000).to.be.closeTo(lastErrorSeconds ?? 0, 1);
  });

  it('is told anew by the same run, and by each run for itself', async () => {
    await store.report(one, [healthy, resting]);
    await store.report({ ...other, chainId: 1 }, [{ ...healthy, state: 'limited', maxPerSecond: 9.5 }]);
    await store.report(one, [{ ...healthy, requests: 50, lastError: null, lastErrorSeconds: null }, resting]);
    const { endpoints, total } = await store.list({ limit: 100 });
    expect(total).to.equal(3);
    expect(endpoints.map((each) => [each.worker, each.name, each.state, each.requests])).to.deep.equal([
      ['host-1:10', 'rpc-1.example', 'healthy', 50],
      ['host-2:10', 'rpc-1.example', 'limited', 40],
      ['host-1:10', 'rpc-2.example', 'resting', 40],
    ]);
    expect(endpoints[0]).to.include({ lastError: null, lastErrorTime: null });
    expect(endpoints[1]?.maxPerSecond).to.equal(9.5);
  });

  it('is listed by chain, and as many as are wanted while all are counted', async () => {
    await store.report(one, [healthy, resting]);
    await store.report(other, [healthy]);
    expect(await names(137)).to.deep.equal(['host-2:10 rpc-1.example']);
    expect(await names(10)).to.deep.equal([]);
    const { endpoints, total } = await store.list({ limit: 2 });
    expect([endpoints.length, total]).to.deep.equal([2, 3]);
  });

  it('goes with its run, whose others stay', async () => {
    await store.report(one, [healthy, resting]);
    await store.report(other, [healthy]);
    await store.end(one);
    expect(await names()).to.deep.equal(['host-2:10 rpc-1.example']);
  });

  it('is called stale after three reports that did not come, then shown no more, and forgotten', async () => {
    await store.report(one, [healthy]);
    await store.report(other, [healthy]);
    const stale = async (): Promise<unknown> =>
      (await store.list({ limit: 10 })).endpoints.map((each) => (endpointToJson(each) as { stale: boolean }).stale);
    await age('aaaa', 40);
    expect(await stale()).to.deep.equal([false, false]);
    await age('aaaa', 60);
    expect(await stale()).to.deep.equal([true, false]);
    await age('aaaa', 890);
    await store.prune();
    expect(await names()).to.have.length(2);
    await age('aaaa', 910);
    expect(await names()).to.deep.equal(['host-2:10 rpc-1.example']);
    await store.prune();
    expect(await database.read((knex) => knex('rpc_endpoint').select('session'))).to.deep.equal([{ session: 'bbbb' }]);
  });
});
