import { expect } from 'chai';
import { AlertStore } from '../../../src/database/operations/alert-store.js';
import type { Database } from '../../../src/database/database.js';
import type { AlertCondition } from '../../../src/model/alert.js';
import { MuteStore } from '../../../src/database/operations/mute-store.js';
import { NotFoundError } from '../../../src/runtime/errors.js';
import { databaseUnreachable } from '../../../src/tasks/alerts/alert-conditions.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { ageTask } from '../aged-task.js';
import { insertSilentTask } from '../insert-silent-task.js';
import { rejectionOf } from '../../support/rejection.js';

const options = { worker: 'here:1', repeatSeconds: 3_600, openSeconds: 0 };

function stalled(taskId: number, message = 'it hangs'): AlertCondition {
  const subject = `task ${taskId}`;
  return { rule: 'heartbeat_failing', subject, message, taskId, pipelineId: 45, details: { still_seconds: 300 } };
}

eachDatabase('the alert store', (databases) => {
  let database: Database;
  let store: AlertStore;

  before(async () => {
    database = await openMigrated(await databases.fresh());
    store = new AlertStore(database);
  });
  after(() => database.close());
  beforeEach(async () => {
    const { knex } = database;
    await database.write([knex('alert').delete(), knex('alert_mute').delete(), knex('pipeline_task').delete()]);
  });

  /** Moves times of an alert into the past. */
  async function age(id: number, seconds: number, ...columns: readonly string[]): Promise<void> {
    const { knex, dialect } = database;
    const times = Object.fromEntries(columns.map((column) => [column, dialect.secondsAgo(knex, seconds)]));
    await database.write([knex('alert').where({ id }).update(times)]);
  }

  const openKeys = async (): Promise<string[]> =>
    (await store.list({ all: false, limit: 100 })).alerts.map(({ rule, subject }) => `${rule}:${subject}`);

  it('keeps what a condition says', async () => {
    const { outcome, alertId } = await store.raise(stalled(7), { ...options, openSeconds: 30 });
    expect(outcome).to.equal('raised');
    const alert = await store.get(alertId ?? 0);
    expect(alert).to.deep.include({ ...stalled(7), worker: 'here:1', notifications: 1, clearTime: null });
    expect(alert.openSeconds).to.be.within(30, 32);
    expect(alert.createTime).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  });

  it('raises nothing about a task that has ended', async () => {
    const [runs, ended] = [await insertSilentTask(database, 5), await insertSilentTask(database, 5, { status: 1 })];
    expect((await store.raise(stalled(runs), options)).outcome).to.equal('raised');
    expect(await store.raise(stalled(ended), options)).to.deep.equal({ outcome: 'ended', alertId: null });
    expect(await openKeys()).to.deep.equal([`heartbeat_failing:task ${runs}`]);
  });

  it('raises an alert once while it stands, whoever asks', async () => {
    const first = await store.raise(stalled(7), options);
    expect(await store.raise(stalled(7), { ...options, worker: 'there:2' })).to.deep.equal({
      ...first,
      outcome: 'standing',
    });
    expect((await store.raise(stalled(8), options)).outcome).to.equal('raised');
    expect(await openKeys()).to.deep.equal(['heartbeat_failing:task 8', 'heartbeat_failing:task 7']);
  });

  it('says what was found last of what stands, and of a stalled pipeline what was told first', async () => {
    const later = (condition: AlertCondition): AlertCondition => ({ ...condition, details: { still_seconds: 360 } });
    const { alertId } = await store.raise(stalled(7), options);
    expect((await store.raise(later(stalled(7)), options)).outcome).to.equal('standing');
    expect(await store.get(alertId ?? 0)).to.deep.include({ details: { still_seconds: 360 }, notifications: 1 });
    const hangs = { ...stalled(8), rule: 'pipeline_stalled' } as const;
    const { alertId: hanging } = await store.raise(hangs, options);
    await store.raise(later(hangs), options);
    expect((await store.get(hanging ?? 0)).details).to.deep.equal(hangs.details);
    // Of many pipelines monitors alone tell.
    const many = { ...hangs, subject: 'running tasks', taskId: null, pipelineId: null } as const;
    const { alertId: general } = await store.raise(many, options);
    await store.raise(later(many), options);
    expect((await store.get(general ?? 0)).details).to.deep.equal({ still_seconds: 360 });
  });

  it('raises an alert once where many ask at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => store.raise(stalled(7), options)));
    expect(all.filter(({ outcome }) => outcome === 'raised')).to.have.length(1);
    expect(await openKeys()).to.have.length(1);
  });

  it('leaves it to the unique key where another has raised it since this one looked', async () => {
    const { knex, dialect } = database;
    const others = new AlertStore({
      ...database,
      knex,
      dialect,
      // The other's row is not there yet for this one's look.
      read: () => Promise.resolve([] as never),
      write: (steps) => database.write(steps),
      writeUrgently: (steps) => database.write(steps),
      writeAside: (build) => database.writeAside(build),
      fenced: (query) => database.fenced(query),
      label: '',
      close: () => Promise.resolve(),
    });
    await store.raise(stalled(7), options);
    expect((await others.raise(stalled(7), options)).outcome).to.equal('standing');
  });

  it('repeats an alert that still stands once it is due, and once only', async () => {
    const { alertId } = await store.raise(stalled(7), options);
    await age(alertId ?? 0, 3_602, 'create_time', 'notify_time');
    expect(await store.raise(stalled(7), { ...options, repeatSeconds: null })).to.deep.equal({
      outcome: 'standing',
      alertId,
    });
    const all = await Promise.all([1, 2, 3].map(() => store.raise(stalled(7, 'it still hangs'), options)));
    expect(all.map(({ outcome }) => outcome).sort()).to.deep.equal(['repeated', 'standing', 'standing']);
    const alert = await store.get(alertId ?? 0);
    expect(alert).to.deep.include({ message: 'it still hangs', notifications: 2 });
    expect(alert.openSeconds).to.be.at.least(3_602);
  });

  it('clears an alert once, and raises it anew when it comes back', async () => {
    await store.raise(stalled(7), options);
    const all = await Promise.all([1, 2, 3].map(() => store.clear('heartbeat_failing:task 7')));
    expect(all.filter((alert) => alert !== null)).to.have.length(1);
    expect(await openKeys()).to.deep.equal([]);
    expect((await store.raise(stalled(7), options)).outcome).to.equal('raised');
    expect((await store.list({ all: true, limit: 100 })).total).to.equal(2);
  });

  it('has an alert told anew that has reached nobody, by one of all who find it, also where none is repeated', async () => {
    const once = { ...options, repeatSeconds: null };
    const { alertId } = await store.raise(stalled(7), once);
    const id = alertId ?? 0;
    await store.putBack(id);
    expect(await store.get(id)).to.include({ notifications: 0 });
    await age(id, 300, 'create_time');
    const all = await Promise.all([1, 2, 3].map(() => store.raise(stalled(7), once)));
    const [told] = all.filter(({ outcome }) => outcome === 'raised');
    expect(all.map(({ outcome }) => outcome).sort()).to.deep.equal(['raised', 'standing', 'standing']);
    expect(told?.alertId).to.equal(id);
    expect(told?.stood?.openSeconds).to.be.within(300, 305);
    expect(await store.get(id)).to.include({ notifications: 1 });
    expect((await store.raise(stalled(7), once)).outcome).to.equal('standing');
  });

  it('puts nothing back that was told again, or is over', async () => {
    const id = (await store.raise(stalled(7), options)).alertId ?? 0;
    await age(id, 3_700, 'notify_time');
    expect((await store.raise(stalled(7), options)).outcome).to.equal('repeated');
    await store.putBack(id);
    expect(await store.get(id)).to.include({ notifications: 2 });
    const over = (await store.raise(stalled(8), options)).alertId ?? 0;
    expect(await store.isOpen('heartbeat_failing:task 8')).to.equal(true);
    await store.clear('heartbeat_failing:task 8');
    await store.putBack(over);
    expect(await store.get(over)).to.include({ notifications: 1 });
    expect(await store.isOpen('heartbeat_failing:task 8')).to.equal(false);
  });

  it('keeps an alert that a person cleared quiet until it would have been repeated', async () => {
    const { alertId } = await store.raise(stalled(7), options);
    expect(await store.dismiss(alertId ?? 0)).to.equal(true);
    expect(await store.dismiss(alertId ?? 0)).to.equal(false);
    expect((await store.raise(stalled(7), options)).outcome).to.equal('standing');
    expect(await openKeys()).to.deep.equal([]);
    await age(alertId ?? 0, 3_602, 'clear_time');
    expect((await store.raise(stalled(7), options)).outcome).to.equal('raised');
  });

  it('keeps what a person has cleared of a pipeline quiet until another task of it fails', async () => {
    const down = { ...stalled(7), rule: 'pipeline_down', subject: 'pipeline 45' } as const;
    const { alertId } = await store.raise(down, options);
    await store.dismiss(alertId ?? 0);
    await age(alertId ?? 0, 100_000, 'clear_time');
    expect((await store.raise(down, options)).outcome).to.equal('standing');
    expect((await store.raise({ ...down, taskId: 8 }, options)).outcome).to.equal('raised');
  });

  it('raises what is wrong anew with the same task where it has come after a person cleared the last alert', async () => {
    for (const rule of ['pipeline_down', 'pipeline_stalled'] as const) {
      const wrong = { ...stalled(7), rule, subject: 'pipeline 45' };
      const { alertId } = await store.raise({ ...wrong, sinceSeconds: 500 }, options);
      await store.dismiss(alertId ?? 0);
      await age(alertId ?? 0, 100_000, 'clear_time');
      const raise = async (sinceSeconds: number): Promise<string> =>
        (await store.raise({ ...wrong, sinceSeconds }, options)).outcome;
      expect(await raise(100_500)).to.equal('standing');
      expect(await raise(0)).to.equal('standing');
      expect(await raise(4_000)).to.equal('raised');
    }
  });

  it('keeps what a person has cleared of many tasks quiet until it would have been repeated', async () => {
    const many = { ...stalled(7), rule: 'pipeline_stalled', subject: 'running tasks' } as const;
    const { alertId } = await store.raise({ ...many, taskId: null, pipelineId: null }, options);
    await store.dismiss(alertId ?? 0);
    expect((await store.raise({ ...many, taskId: null, pipelineId: null }, options)).outcome).to.equal('standing');
    await age(alertId ?? 0, 3_602, 'clear_time');
    expect((await store.raise({ ...many, taskId: null, pipelineId: null }, options)).outcome).to.equal('raised');
  });

  it('says of what it knows since when how long it is so now', async () => {
    const away = { ...databaseUnreachable(240, 'gone'), sinceSeconds: 240 };
    const { alertId } = await store.raise(away, options);
    await age(alertId ?? 0, 600, 'since');
    const alert = await store.get(alertId ?? 0);
    expect(alert.message).to.equal("the database can't be reached for 10 min: gone");
    expect(alert.sinceSeconds).to.be.within(600, 602);
    await age(alertId ?? 0, 3_700, 'notify_time');
    const { outcome, stood } = await store.raise(away, options);
    expect(outcome).to.equal('repeated');
    expect(stood?.sinceSeconds).to.be.within(600, 602);
  });

  it('tells nobody of what is muted, and once when the mute has ended while it stands', async () => {
    const mutes = new MuteStore(database);
    const scope = { rule: null, subject: null, pipelineId: 45 };
    await mutes.add({ ...scope, seconds: 600, createdBy: null });
    expect((await store.raise(stalled(7), options)).outcome).to.equal('muted');
    expect((await store.raise(stalled(7), options)).outcome).to.equal('standing');
    const [muted] = (await store.list({ all: false, limit: 1 })).alerts;
    expect(muted).to.include({ notifications: 0 });
    expect(muted?.mutedUntil).to.match(/^\d{4}-/);
    expect(await mutes.end(scope)).to.equal(1);
    const all = await Promise.all([1, 2, 3].map(() => store.raise(stalled(7), options)));
    expect(all.map(({ outcome }) => outcome).sort()).to.deep.equal(['raised', 'standing', 'standing']);
    await mutes.add({ ...scope, seconds: 600, createdBy: null });
    await store.raise(stalled(7), options);
    await mutes.end(null);
    expect((await store.raise(stalled(7), options)).outcome).to.equal('repeated');
    expect((await store.raise(stalled(7), options)).outcome).to.equal('standing');
  });

  it('clears all that stand, and knows no alert that there is not', async () => {
    for (const id of [1, 2, 3]) await store.raise(stalled(id), options);
    await store.clear('heartbeat_failing:task 1');
    expect(await store.dismissAll()).to.equal(2);
    expect(await store.dismissAll()).to.equal(0);
    await rejectionOf(store.dismiss(99_999), NotFoundError);
  });

  it('keeps an alert that is over already, one for the same time', async () => {
    const over = { ...options, openSeconds: 300, clearedSecondsAgo: 10 };
    for (const worker of ['here:1', 'there:2']) await store.record(stalled(7), { ...over, worker });
    const { alerts } = await store.list({ all: true, limit: 10 });
    expect(alerts).to.have.length(1);
    expect(alerts[0]).to.deep.include({ worker: 'here:1', clearedBy: 'over' });
    expect(alerts[0]?.openSeconds).to.be.within(289, 291);
    await age(alerts[0]?.id ?? 0, 400, 'create_time', 'clear_time');
    await store.record(stalled(7), over);
    expect((await store.list({ all: true, limit: 10 })).total).to.equal(2);
  });

  it('finds the alerts about heartbeats of tasks that have beaten since, and none of one that has only ended', async () => {
    const ids: number[] = [];
    for (let i = 0; i < 4; i++) ids.push(await insertSilentTask(database, 100));
    const [silent = 0, ended = 0, beating = 0, early = 0] = ids;
    for (const id of ids) await store.raise(stalled(id), { ...options, openSeconds: 50 });
    await database.write([database.knex('pipeline_task').where({ id: ended }).update({ status: 2 })]);
    await ageTask(database, beating, { created: 1_000, heartbeat: 10 });
    await store.raise(stalled(1_000_000), options);
    await store.raise({ ...stalled(0), rule: 'no_monitor', subject: 'monitor', taskId: null }, options);
    await ageTask(database, early, { created: 1_000, heartbeat: 60 });
    expect((await store.listOver()).map(({ taskId }) => taskId)).to.deep.equal([beating]);
    expect(silent).to.be.greaterThan(0);
  });
});
