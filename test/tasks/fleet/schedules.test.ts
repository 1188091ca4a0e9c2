import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { PipelineStore } from '../../../src/database/pipelines/pipeline-store.js';
import { EndStore } from '../../../src/database/pipelines/end-store.js';
import { WantedStore } from '../../../src/database/pipelines/wanted-store.js';
import { probeDatabase } from '../../../src/database/tasks/database-probe.js';
import { queueTask } from '../../../src/database/task-steps/queue-task.js';
import { listTasks } from '../../../src/database/tasks/task-listing.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { addSeconds, instantToMs } from '../../../src/model/instant.js';
import { taskStatus } from '../../../src/model/task.js';
import { RuntimeFailure } from '../../../src/runtime/errors.js';
import { parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { changeWanted } from '../../../src/tasks/fleet/change-wanted.js';
import { readVerdict } from '../../../src/tasks/fleet/read-verdict.js';
import { Schedules } from '../../../src/tasks/fleet/schedules.js';
import { claimRequest } from '../../database/claim-request.js';
import { definitionOptions, monitorYaml } from '../../pipeline/definition/definition-texts.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';

const hour = 3_600;
const minuteOf = (instant: string): number => Number(instant.slice(14, 16));

// The database's clock can't be set: instead of it the instants are moved that it is compared with.
eachDatabase('a pipeline with a schedule', (databases) => {
  let database: Database;
  let wanted: WantedStore;
  let ends: EndStore;
  let tasks: TaskStore;
  let schedules: Schedules;
  const id = 45;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    wanted = new WantedStore(database, 30);
    ends = new EndStore(database, 30);
    tasks = new TaskStore(database);
    schedules = new Schedules(database);
  });
  beforeEach(async () => {
    const rows = ['pipeline_wanted', 'pipeline_task', 'pipeline_checkpoint', 'pipeline_component', 'pipeline'];
    await database.write(rows.map((table) => database.knex(table).delete()));
    await define('schedule: "30 * * * *"');
    await new CheckpointStore(database).get(id);
  });
  after(() => database.close());

  const define = (...keys: readonly string[]): Promise<number> => defineAs(id, ...keys);
  const defineAs = async (id: number, ...keys: readonly string[]): Promise<number> => {
    const text = [...keys, monitorYaml('mode: historical')].join('\n');
    const definition = await parseDefinition(text, 'p.yaml', definitionOptions);
    return new PipelineStore(database).import({ ...definition, id, name: `p${id}` }, { update: true });
  };
  const now = async (): Promise<string> => (await probeDatabase(database)).now;
  const start = () => changeWanted(database, id, 'start', 30);
  /** Moves an instant of what is wanted, by seconds. */
  const move = async (column: string, seconds: number): Promise<void> => {
    const [row] = await database.read<Record<string, string>[]>((knex) => knex('pipeline_wanted').select(column));
    const moved = addSeconds(row![column]!, seconds);
    await database.write([database.knex('pipeline_wanted').update({ [column]: moved })]);
  };
  /** The next time of `30 * * * *` from now on, so many hours later. */
  const halfPast = async (hours = 0): Promise<string> => {
    const at = instantToMs(await now()) / 1_000;
    const next = Math.floor((at - hour / 2) / hour) * hour + 1.5 * hour;
    return addSeconds(new Date((next + hours * hour) * 1_000).toISOString(), 0).replace(' ', 'T');
  };
  const all = async () => [...(await listTasks(database, { limit: 10, offset: 0 }))].reverse();
  const claim = (queuedTaskId: number | null, holder: number | null = null): Promise<number> =>
    tasks.claim(claimRequest({ pipelineId: id, queuedTaskId: queuedTaskId ?? undefined, holder }));
  const end = (taskId: number, status: 1 | 2 = 1): Promise<boolean> =>
    tasks.finish(taskId, { status, endReason: status === 1 ? 'completed' : 'error', error: null }, null);
  const judge = async (): Promise<string> => {
    const [unjudged] = await ends.listUnjudged(0, 10);
    const verdict = await readVerdict(database, schedules, unjudged!);
    await ends.judge(unjudged!, verdict);
    return verdict.kind;
  };
  /** Leaves the pipeline with a task that was queued for a time of its schedule, and runs. */
  const runAtItsTime = async (): Promise<number> => {
    await start();
    await move('next_start', -2 * hour);
    return claim(await wanted.queueDue(id));
  };

  it('waits for the next time when it is started, and queues nothing before', async () => {
    const { wanted: after, queuedTaskId } = await start();
    expect(queuedTaskId).to.equal(null);
    expect(after).to.include({ state: 'started', nextStart: await halfPast(), isScheduled: true, lastSlot: null });
    expect(await wanted.listDue(10)).to.deep.equal([]);
    expect(await wanted.queueDue(id)).to.equal(null);
    expect(await ends.listUnjudged(0, 10)).to.deep.equal([]);
  });

  it('is queued once at its time, however many workers look in that second', async () => {
    await start();
    await move('next_start', -hour);
    expect(await wanted.listDue(10)).to.deep.equal([id]);
    const queued = await Promise.all([1, 2, 3, 4].map(() => new WantedStore(database, 30).queueDue(id)));
    expect(queued.filter((taskId) => taskId !== null)).to.have.length(1);
    expect(await all()).to.have.length(1);
    expect(await wanted.get(id)).to.include({ nextStart: null, isScheduled: false, skippedSlot: null });
    expect((await wanted.get(id))!.lastSlot).not.to.equal(null);
  });

  it('runs once after an outage over three times, and then at the next', async () => {
    await start();
    await move('next_start', -4 * hour);
    const taskId = await claim(await wanted.queueDue(id));
    await end(taskId);
    expect(await judge()).to.equal('scheduled');
    expect(await wanted.get(id)).to.include({ nextStart: await halfPast(), isScheduled: true, skippedSlot: null });
    expect(await wanted.queueDue(id)).to.equal(null);
    expect(await all()).to.have.length(1);
  });

  it('is not run twice at once: times at which it still runs are passed over, and the newest is noted', async () => {
    const taskId = await runAtItsTime();
    await move('last_slot', -3 * hour);
    expect(await wanted.listDue(10)).to.deep.equal([]);
    await end(taskId);
    expect(await judge()).to.equal('scheduled');
    expect(await wanted.get(id)).to.include({ nextStart: await halfPast(), skippedSlot: await halfPast(-1) });
    expect(await all()).to.have.length(1);
  });

  it("passes over a time at which a person's run goes on", async () => {
    await start();
    const { taskId } = await queueTask(database, id, {});
    await move('next_start', -hour);
    expect(await wanted.queueDue(id)).to.equal(null);
    expect(await all()).to.have.length(1);
    await end(await claim(taskId));
    expect(await judge()).to.equal('scheduled');
    expect(await wanted.get(id)).to.include({ nextStart: await halfPast(), isScheduled: true });
  });

  it('that has none, and is always run again, is so later and later while it finds nothing new, and has not failed', async () => {
    await define('restart: always');
    let taskId = await claim((await start()).queuedTaskId);
    const waits: number[] = [];
    for (let i = 0; i < 3; i++) {
      await end(taskId);
      expect(await judge()).to.equal('again');
      const { nextStart, failures } = (await wanted.get(id))!;
      expect(failures).to.equal(0);
      waits.push(Math.round((instantToMs(nextStart!) - instantToMs(await now())) / 1_000));
      await move('next_start', -hour);
      taskId = await claim(await wanted.queueDue(id), taskId);
    }
    for (const [i, wait] of waits.entries()) expect(wait).to.be.within(5 * 2 ** i - 2, 5 * 2 ** i);
  });

  it('is tried again before its next time where it failed', async () => {
    await end(await runAtItsTime(), 2);
    expect(await judge()).to.equal('again');
    expect(await wanted.get(id)).to.include({ failures: 1, isScheduled: false });
    await move('next_start', -60);
    expect(await wanted.queueDue(id)).not.to.equal(null);
  });

  it('waits for its next time after a failure where it is never to be started again', async () => {
    await define('schedule: "30 * * * *"', 'restart: never');
    await end(await runAtItsTime(), 2);
    expect(await judge()).to.equal('scheduled');
  });

  it('is not run at a time again that its clock is set back to, and waits for none that is too far', async () => {
    const taskId = await runAtItsTime();
    await end(taskId);
    await judge();
    const setLast = async (seconds: number): Promise<unknown> =>
      database.write([database.knex('pipeline_wanted').update({ last_slot: addSeconds(await now(), seconds) })]);
    // It ran at the next time, by a clock that was a little ahead.
    // Written otherwise than the one before, also at twenty past.
    await define(`schedule: "${minuteOf(addSeconds(await now(), 600))} */1 * * *"`);
    await setLast(660);
    await schedules.keep();
    const before = await wanted.get(id);
    expect((instantToMs(before!.nextStart!) - instantToMs(await now())) / 1_000).to.be.greaterThan(hour / 2);
    await schedules.keep();
    expect(await wanted.get(id)).to.deep.equal(before);
    // It was only reckoned tomorrow.
    await define('schedule: "30 * * * *"');
    await schedules.keep();
    await move('next_start', 24 * hour);
    await setLast(-hour);
    await schedules.keep();
    expect(await wanted.get(id)).to.include({ nextStart: await halfPast(), isScheduled: true });
  });

  it('does not wait until a clock that was once far ahead has come there again, though it ran by that', async () => {
    await end(await runAtItsTime());
    await judge();
    await move('next_start', 24 * hour);
    await move('last_slot', 24 * hour);
    await schedules.keep();
    expect(await wanted.get(id)).to.include({ nextStart: await halfPast(), isScheduled: true, skippedSlot: null });
    await move('next_start', -2 * hour);
    expect(await wanted.queueDue(id)).not.to.equal(null);
    expect(instantToMs((await wanted.get(id))!.lastSlot!)).to.be.at.most(instantToMs(await now()));
  });

  it('waits for the times of a schedule that is changed', async () => {
    await start();
    await define('schedule: "30 * * * *"', 'time_zone: Asia/Kolkata');
    await schedules.keep(id);
    const [row] = await database.read<{ next_start: string }[]>((knex) => knex('pipeline_wanted').select('next_start'));
    expect(row!.next_start.slice(13, 19)).to.equal(':00:00');
    expect(await wanted.get(id)).to.include({ isScheduled: true });
  });

  it('waits for the times of a schedule that is changed, also beside one that this Node can not read', async () => {
    // Its zone is one that a newer Node knows.
    const strangers = [44, 46];
    for (const stranger of strangers) await defineAs(stranger, 'schedule: "30 * * * *"');
    for (const each of [44, id, 46]) await changeWanted(database, each, 'start', 30);
    const unknown = { time_zone: 'America/Newtown' };
    await database.write([database.knex('pipeline').whereIn('id', strangers).update(unknown)]);
    await define('schedule: "*/7 * * * *"');
    const error = await rejectionOf(schedules.keep(), RuntimeFailure);
    expect(error.message).to.match(/^the times of pipeline 4[46] can't be put right: .*America\/Newtown/);
    const [row] = await database.read<{ next_start_of: string }[]>((knex) =>
      knex('pipeline_wanted').where({ pipeline_id: id }).select('next_start_of'),
    );
    expect(row!.next_start_of).to.contain('*/7 * * * *');
  });

  it('is let go at once where its schedule is taken away', async () => {
    await start();
    await define('description: no schedule');
    await schedules.keep(id);
    expect(await judge()).to.equal('again');
    expect(await wanted.queueDue(id)).not.to.equal(null);
  });

  it('is held by no end of before where its schedule is taken away: its definition was changed since', async () => {
    await define('schedule: "30 * * * *"', 'restart: never');
    const taskId = await runAtItsTime();
    await tasks.finish(taskId, { status: 2, endReason: 'chain_mismatch', error: 'the wrong chain' }, null);
    expect(await judge()).to.equal('scheduled');
    await define('description: no schedule');
    await schedules.keep(id);
    expect(await judge()).to.equal('again');
    expect(await wanted.get(id)).to.include({ heldReason: null, isScheduled: false, failures: 0 });
  });

  it('is due still where it is looked at late', async () => {
    await start();
    await move('next_start', -2 * hour);
    await schedules.keep();
    expect(await wanted.listDue(10)).to.deep.equal([id]);
  });

  it('runs no more once it is stopped', async () => {
    await start();
    await move('next_start', -hour);
    await changeWanted(database, id, 'stop', 30);
    expect(await wanted.get(id)).to.include({ state: 'stopped', nextStart: null, isScheduled: false });
    expect(await wanted.queueDue(id)).to.equal(null);
    expect(await all()).to.have.length(0);
    expect((await start()).wanted).to.include({ nextStart: await halfPast(), isScheduled: true });
  });

  it('is run at once, beside its times, where it is restarted', async () => {
    await start();
    const { queuedTaskId } = await changeWanted(database, id, 'restart', 30);
    const taskId = await claim(queuedTaskId);
    expect(await tasks.get(taskId)).to.include({ status: taskStatus.running });
    await end(taskId);
    expect(await judge()).to.equal('scheduled');
  });
});
