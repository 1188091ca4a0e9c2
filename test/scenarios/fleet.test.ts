import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { eachDatabaseInTurn } from '../support/databases.js';
import { extentOf, itAtLength } from '../support/extent.js';
import { Fleet, Watched } from '../support/fleet.js';
import type { ScenarioSource } from '../support/scenario.js';
import { endGently } from '../support/watched-runs.js';
import { eventually } from '../support/within.js';

/** How many pipelines and workers there are, and how often a worker is killed. */
const size = extentOf({
  sample: { pipelines: 4, workers: 2, kills: 1 },
  full: { pipelines: 6, workers: 3, kills: 3 },
  soak: { pipelines: 200, workers: 4, kills: 120 },
});
interface PipelineList {
  readonly pipelines: readonly {
    readonly pipeline_id: number;
    readonly wanted: { readonly held_reason: string | null } | null;
  }[];
}

const concurrency = Math.ceil((size.pipelines * 1.5) / (size.workers - 1));

eachDatabaseInTurn('a fleet of workers', (databases) => {
  let fleet: Fleet;

  const begin = async (pipelines: number, source?: ScenarioSource): Promise<Fleet> =>
    (fleet = await Fleet.begin(await databases.fresh(), pipelines, source));
  afterEach(() => fleet.end());

  it('takes up what killed workers ran, each pipeline once, and nothing is lost or stored twice', async function () {
    this.timeout(60_000 + size.kills * 40_000 + size.pipelines * 3_000);
    await begin(size.pipelines + 1);
    const [poisoned = 0, ...ids] = fleet.ids(size.pipelines + 1);
    const { knex } = fleet.database;
    await fleet.database.write([knex('pipeline_component').where({ pipeline_id: poisoned }).update({ config: '{]' })]);
    for (let i = 0; i < size.workers; i++) await fleet.startWorker(concurrency);
    await fleet.start(poisoned, ...ids);
    await fleet.untilRunning(ids.length, 60_000);
    const watched = new Watched(fleet.database);
    for (let kill = 0; kill < size.kills; kill++) {
      const [victim] = fleet.workers.splice(kill % fleet.workers.length, 1);
      await victim?.kill();
      fleet.node.mine(3);
      if (kill % 2 === 1) fleet.node.reorg(2);
      await fleet.startWorker(concurrency);
      await wait(5_000);
    }
    fleet.node.mine(2);
    await fleet.allTold(ids, 60_000);
    expect([...(await watched.end()).doubles], 'two tasks of one pipeline ran at one time').to.deep.equal([]);
    for (const id of ids) {
      const events = await fleet.events(id);
      expect(events.stored, `pipeline ${id}`).to.deep.equal(events.true);
    }
    const list = JSON.parse(await fleet.scenario.chainparse('pipeline', 'list', '--json')) as PipelineList;
    const { wanted } = list.pipelines.find((each) => each.pipeline_id === poisoned) ?? {};
    expect(wanted?.held_reason).to.match(/^its definition is refused: .*JSON/);
  });

  it('is restarted one by one: each task is handed over in seconds, and none is at fault', async function () {
    this.timeout(60_000 + size.pipelines * 3_000);
    await begin(size.pipelines);
    const ids = fleet.ids(size.pipelines);
    for (let i = 0; i < size.workers; i++) await fleet.startWorker(concurrency);
    await fleet.start(...ids);
    await fleet.untilRunning(ids.length, 60_000);
    await fleet.allTold(ids);
    const watched = new Watched(fleet.database);
    for (const worker of fleet.workers.splice(0)) {
      await fleet.startWorker(concurrency);
      const since = performance.now();
      await endGently([worker]);
      expect(performance.now() - since, 'until a worker has ended').to.be.lessThan(6_000);
      await fleet.untilRunning(ids.length);
    }
    fleet.node.mine(2);
    await fleet.allTold(ids);
    const { gaps, doubles } = await watched.end();
    const sorted = [...gaps].sort((a, b) => a - b);
    const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
    this.test!.title += `: ${gaps.length} handovers, p99 ${Math.round(p99)} ms`;
    expect(p99, `of ${gaps.length} handovers`).to.be.lessThan(3_000);
    expect([...doubles]).to.deep.equal([]);
    const ended = (await fleet.tasks({})).filter(({ status }) => status !== 0);
    expect(ended.map(({ end_reason }) => end_reason)).to.deep.equal(ended.map(() => 'handed_over'));
    expect(ended).to.have.length.greaterThan(0);
    for (const id of ids) expect(await fleet.show(id)).to.have.nested.property('wanted.failures', 0);
  });

  itAtLength('leaves a pipeline whose chain it can not reach to a worker that can, and says so', async function () {
    this.timeout(60_000);
    await begin(2);
    await fleet.startWorker(2, fleet.scenario.in({ CHAIN_31337_RPC_URL: '' }));
    await fleet.start(45, 46);
    const shown = await eventually('it says why it waits', async () => {
      const pipeline = await fleet.show(46);
      return pipeline.wanted?.waiting_for === null ? null : pipeline;
    });
    expect(shown.waiting_for).to.match(/no RPC URL is set for chain 'chain-31337'/);
    await fleet.startWorker(2);
    await fleet.untilRunning(2);
    await fleet.allTold([45, 46]);
    expect((await fleet.show(46)).waiting_for).to.equal(null);
  });

  it('ends the task of a pipeline that is stopped or cancelled within a beat, and starts no other', async function () {
    this.timeout(60_000);
    await begin(2);
    const worker = await fleet.startWorker(2);
    await fleet.start(45, 46);
    await fleet.allTold([45, 46]);
    const [stopped, cancelled] = await fleet.tasks({ status: 0 });
    await fleet.scenario.chainparse('pipeline', 'stop', String(stopped?.pipeline_id));
    await fleet.scenario.chainparse('tasks', 'cancel', String(cancelled?.id));
    const since = performance.now();
    for (const task of [stopped, cancelled]) await worker.output(new RegExp(`task ${task?.id} was cancelled`), 5_000);
    expect(performance.now() - since).to.be.lessThan(2_500);
    await wait(7_000);
    expect(await fleet.tasks({ status: 0 })).to.deep.equal([]);
    expect(await fleet.tasks({ status: 3 })).to.deep.equal([]);
    for (const id of [45, 46]) expect(await fleet.show(id)).to.have.nested.property('wanted.state', 'stopped');
  });

  it('respects a run in the foreground, and goes on with the pipeline when that has ended', async function () {
    this.timeout(60_000);
    await begin(1);
    const run = fleet.scenario.run();
    await run.output(/runs pipeline 45/);
    await fleet.startWorker(1);
    await fleet.start(45);
    await fleet.allTold([45]);
    await wait(2_000);
    expect(await fleet.tasks({})).to.have.length(1);
    await endGently([run]);
    await eventually('a worker goes on', async () => (await fleet.tasks({ status: 0 })).length === 1, 10_000);
    const refused = fleet.scenario.run();
    expect((await refused.exit()).code).to.equal(4);
    await fleet.scenario.chainparse('pipeline', 'restart', '45');
    await eventually('a new task runs', async () => (await fleet.tasks({ status: 0 }))[0]?.id === 3, 10_000);
    expect((await fleet.tasks({ id: 2 }))[0]).to.include({ status: 1, end_reason: 'handed_over' });
  });

  itAtLength('has a pipeline wait for a person that needs a rewind, and goes on once that is done', async function () {
    this.timeout(60_000);
    await begin(2);
    fleet.node.traits.finalizedDistance = 5;
    fleet.node.mine(20);
    await fleet.startWorker(2);
    await fleet.start(45);
    await fleet.allTold([45]);
    fleet.node.reorg(15, 20);
    const { wanted } = await eventually('it is held', async () => {
      const pipeline = await fleet.show(45);
      return pipeline.wanted?.held_reason === null ? null : pipeline;
    });
    expect(wanted).to.include({ state: 'started', next_start: null });
    expect(wanted?.held_reason).to.match(/was replaced/);
    await fleet.start(46);
    await fleet.allTold([46]);
    const shown = JSON.parse(await fleet.scenario.chainparse('pipeline', 'show', '45', '--json')) as {
      readonly parked: { readonly hint: string };
    };
    await fleet.scenario.chainparse(...shown.parked.hint.split(' ').slice(1));
    await fleet.allTold([45], 20_000);
    const events = await fleet.events(45);
    expect(events.stored).to.deep.equal(events.true);
  });

  it('goes on with one run that a worker hands over as it was asked for, and stops what has done all', async function () {
    this.timeout(60_000);
    await begin(2, { mode: 'historical', startBlock: 0, endBlock: 40 });
    await fleet.start(45);
    const { knex, dialect } = fleet.database;
    const once = { pipeline_id: 46, status: 3, log_path: '', run_options: '{"mode":"historical","toBlock":30}' };
    await fleet.database.write([knex('pipeline_task').insert({ ...once, create_time: dialect.now(knex) })]);
    const first = await fleet.startWorker(2);
    await fleet.untilRunning(2);
    await eventually('both have read', async () => (await fleet.tasks({ status: 0 })).length === 2);
    await endGently([first]);
    expect(await fleet.tasks({ status: 3 })).to.have.length(2);
    fleet.node.mine(50);
    await fleet.startWorker(2);
    await eventually(
      'both are done',
      async () => (await fleet.tasks({ end_reason: 'completed' })).length === 2,
      20_000,
    );
    const state = async (): Promise<unknown> => (await fleet.show(45)).wanted?.state;
    await eventually('nothing more is wanted', async () => (await state()) === 'stopped', 10_000);
    expect((await fleet.events(46)).stored).to.have.length(30);
    expect((await fleet.events(45)).stored).to.have.length(40);
  });
});
