import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { WorkerStore } from '../../../src/database/operations/worker-store.js';
import { TaskQueue, type QueuedTask } from '../../../src/database/tasks/task-queue.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { LeaseHeldError } from '../../../src/runtime/errors.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { EvenOut } from '../../../src/tasks/fleet/even-out.js';
import { FairShare } from '../../../src/tasks/fleet/fair-share.js';
import { QueueWorker } from '../../../src/tasks/fleet/queue-worker.js';
import { OutageWatch } from '../../../src/tasks/monitor/outage-watch.js';
import type { HeldRun } from '../../../src/tasks/fleet/surplus.js';
import { WorkerPresence } from '../../../src/tasks/fleet/worker-presence.js';
import { claimRequest } from '../../database/claim-request.js';
import { eachDatabase } from '../../support/databases.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { openMigrated } from '../../support/migrated-database.js';
import { eventually } from '../../support/within.js';

/** Workers on one database whose tasks run until the test is over. */
class Fleet {
  readonly #database: Database;
  readonly #over = new AbortController();
  readonly #isOver = new Promise((resolve) => this.#over.signal.addEventListener('abort', resolve));
  readonly #ends: Promise<void>[] = [];
  /** How many tasks each of them has claimed. */
  readonly claimed = new Map<string, number>();
  readonly evenOut = new Map<string, EvenOut>();

  constructor(database: Database) {
    this.#database = database;
  }

  start(name: string, concurrency: number): void {
    const store = new WorkerStore(this.#database);
    const parts = { clock: systemClock, name, concurrency };
    const presence = new WorkerPresence({
      ...{ ...parts, store, host: 'here', identity: name, version: '1', chains: null },
    });
    this.claimed.set(name, 0);
    const held: HeldRun[] = [];
    const logger = new MemoryLogger();
    const stopping = this.#over.signal;
    const evens = { store, presence, held: () => held, clock: systemClock, logger, stopping };
    this.evenOut.set(name, new EvenOut(evens));
    const worker = new QueueWorker({
      ...{ ...parts, presence, queue: new TaskQueue(this.#database, 30) },
      outages: new OutageWatch({ clock: systemClock, heartbeatIntervalMs: 30_000 }),
      share: new FairShare({ store, presence, clock: systemClock }),
      run: (task, claimed) => this.#run(name, held, task, claimed),
      ...{ logger, mask: (text: string) => text, stopping },
    });
    this.#ends.push(worker.run());
  }

  async end(): Promise<void> {
    this.#over.abort(new Error('over'));
    await Promise.all(this.#ends);
  }

  /** Claims a task and holds it until it is handed over, or the test ends. */
  async #run(
    worker: string,
    held: HeldRun[],
    { taskId, pipelineId }: QueuedTask,
    claimed: () => void,
  ): Promise<'ran' | 'taken'> {
    const tasks = new TaskStore(this.#database);
    const { taskId: holder } = await new CheckpointStore(this.#database).get(pipelineId);
    try {
      await tasks.claim(claimRequest({ pipelineId, holder, queuedTaskId: taskId, worker, workerIdentity: worker }));
    } catch (error) {
      if (!(error instanceof LeaseHeldError)) throw error;
      return 'taken';
    }
    claimed();
    this.#count(worker, 1);
    const since = systemClock.monotonic();
    const isMoved = new Promise<true>((resolve) => {
      held.push({ pipelineId, chain: 'ethereum', since, handOver: () => resolve(true) });
    });
    if ((await Promise.race([isMoved, this.#isOver])) === true) {
      held.splice(
        held.findIndex((each) => each.pipelineId === pipelineId),
        1,
      );
      this.#count(worker, -1);
      await tasks.handOver({ id: taskId, pipelineId, progress: null, request: {} });
    }
    return 'ran';
  }

  #count(worker: string, change: number): void {
    this.claimed.set(worker, (this.claimed.get(worker) ?? 0) + change);
  }
}

eachDatabase('workers on one database', (databases) => {
  let database: Database;
  let fleet: Fleet;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  beforeEach(async () => {
    const rows = ['worker', 'pipeline_task', 'pipeline_checkpoint', 'pipeline'];
    await database.write(rows.map((table) => database.knex(table).delete()));
    fleet = new Fleet(database);
  });
  afterEach(() => fleet.end());
  after(() => database.close());

  /** Has tasks of as many pipelines wait, all from the same moment on. */
  const queue = async (from: number, count: number): Promise<void> => {
    const { knex, dialect } = database;
    const ids = Array.from({ length: count }, (_none, i) => from + i);
    for (const id of ids) await new CheckpointStore(database).get(id);
    const row = { create_time: dialect.now(knex), status: 3, log_path: '' };
    await database.write([
      ...ids.map((id) => knex('pipeline').insert({ id, name: `p${id}`, disabled: 0 })),
      ...ids.map((id) => knex('pipeline_task').insert({ ...row, pipeline_id: id })),
    ]);
  };
  const alive = (count: number) =>
    eventually('all are known', async () => (await new WorkerStore(database).listLiving()).length === count);
  const all = (count: number) =>
    eventually(
      `${count} tasks run`,
      () => [...fleet.claimed.values()].reduce((sum, each) => sum + each, 0) === count,
      20_000,
    );

  it('share what is due at one time alike, and leave nothing lying', async function () {
    this.timeout(60_000);
    for (const name of ['a', 'b', 'c', 'd']) fleet.start(name, 20);
    await alive(4);
    await queue(1, 40);
    await all(40);
    expect(Math.max(...fleet.claimed.values()), JSON.stringify([...fleet.claimed])).to.be.at.most(14);
    expect(Math.min(...fleet.claimed.values()), JSON.stringify([...fleet.claimed])).to.be.at.least(6);
    await queue(100, 40);
    await all(80);
    expect([...fleet.claimed.values()]).to.deep.equal([20, 20, 20, 20]);
  });

  it('even out what one of them holds alone, task by task, and then leave it', async function () {
    this.timeout(60_000);
    fleet.start('a', 8);
    await alive(1);
    await queue(1, 6);
    await all(6);
    fleet.start('b', 8);
    await alive(2);
    const told = (a: number, b: number) =>
      eventually(`a runs ${a} and b ${b}`, async () => {
        const running = (await new WorkerStore(database).list(2)).workers.toSorted((x, y) =>
          x.name < y.name ? -1 : 1,
        );
        return running[0]?.running === a && running[1]?.running === b;
      });
    for (const [a, b] of [
      [6, 0],
      [5, 1],
      [4, 2],
    ] as const) {
      await told(a, b);
      expect(await fleet.evenOut.get('b')!.look()).to.equal(null);
      expect(await fleet.evenOut.get('a')!.look()).to.be.a('number');
    }
    await told(3, 3);
    expect(await fleet.evenOut.get('a')!.look()).to.equal(null);
    expect(await fleet.evenOut.get('b')!.look()).to.equal(null);
  });

  it('fill who is least full first', async function () {
    this.timeout(60_000);
    fleet.start('a', 20);
    await alive(1);
    await queue(1, 10);
    await all(10);
    fleet.start('b', 20);
    await alive(2);
    await queue(100, 10);
    await all(20);
    expect(fleet.claimed.get('b')).to.be.at.least(7);
  });
});
