import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { MonitorStore } from '../../../src/database/operations/monitor-store.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';

const state = { checks: 3, timedOut: 1, waiting: 'the database came back', checked: false };

eachDatabase('the monitors', (databases) => {
  let database: Database;
  let monitors: MonitorStore;

  before(async () => {
    database = await openMigrated(await databases.fresh());
    monitors = new MonitorStore(database);
  });
  after(() => database.close());
  beforeEach(async () => {
    await database.write([database.knex('monitor').delete()]);
  });

  const age = async (id: number, lastHeartbeat: string): Promise<void> => {
    await database.write([database.knex('monitor').where({ id }).update({ last_heartbeat: lastHeartbeat })]);
  };

  it('are registered alive, without a check', async () => {
    const id = await monitors.register('host-2:1 (ab12cd)', 300);
    const [monitor] = await monitors.list(10);
    const nothing = { endTime: null, lastCheckTime: null, waiting: null, checks: 0, timedOut: 0 };
    expect(monitor).to.include({ id, name: 'host-2:1 (ab12cd)', checkIntervalSeconds: 300, ...nothing });
    expect(monitor?.heartbeatAgeSeconds).to.be.within(0, 5);
    expect(monitor?.lastHeartbeat).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  });

  it('tell with each beat what they have done, and when they checked', async () => {
    const id = await monitors.register('one', 300);
    await age(id, '2024-01-15 10:00:00');
    expect(await monitors.beat(id, state)).to.equal(true);
    const { checked, ...told } = state;
    expect((await monitors.list(1))[0]).to.include({ ...told, lastCheckTime: null });
    expect(checked).to.equal(false);
    expect((await monitors.list(1))[0]?.heartbeatAgeSeconds).to.be.within(0, 5);
    await monitors.beat(id, { ...state, waiting: null, checked: true });
    expect((await monitors.list(1))[0]).to.include({ waiting: null });
    expect((await monitors.list(1))[0]?.lastCheckTime).to.be.a('string');
  });

  it('learn that their row is gone', async () => {
    const id = await monitors.register('one', 300);
    for (let i = 0; i < 3; i++) expect(await monitors.beat(id, state)).to.equal(true);
    await database.write([database.knex('monitor').delete()]);
    expect(await monitors.beat(id, state)).to.equal(false);
  });

  it('are listed by their latest sign of life, and forgotten after a week', async () => {
    const old = await monitors.register('old', 300);
    const silent = await monitors.register('silent', 300);
    const week = 7 * 24 * 3_600;
    const ago = (seconds: number): string => new Date(Date.now() - seconds * 1_000).toISOString().slice(0, 19);
    await age(old, ago(week + 100).replace('T', ' '));
    await age(silent, ago(week - 100).replace('T', ' '));
    const ended = await monitors.register('ended', 60);
    await monitors.end(ended);
    const listed = await monitors.list(10);
    expect(listed.map(({ name }) => name)).to.deep.equal(['ended', 'silent']);
    expect(listed.map(({ endTime }) => endTime === null)).to.deep.equal([false, true]);
    expect(await monitors.list(1)).to.have.length(1);
  });

  it('are listed last where their sign of life lies ahead, for nobody knows when they gave it', async () => {
    const { knex, dialect } = database;
    for (const name of ['ahead', 'alive']) await monitors.register(name, 300);
    const ahead = knex('monitor').where({ name: 'ahead' });
    await database.write([ahead.update({ last_heartbeat: dialect.secondsAgo(knex, -3_600) })]);
    const listed = await monitors.list(10);
    expect(listed.map(({ name }) => name)).to.deep.equal(['alive', 'ahead']);
    expect(listed[1]?.heartbeatAgeSeconds).to.be.within(-3_600, -3_590);
  });
});
