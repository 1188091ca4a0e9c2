import { expect } from 'chai';
import type { LivingWorker } from '../../../src/database/operations/worker-store.js';
import type { QueuedTask } from '../../../src/database/tasks/task-queue.js';
import { dealTasks } from '../../../src/tasks/fleet/deal-tasks.js';
import { FairShare } from '../../../src/tasks/fleet/fair-share.js';
import { FakeClock } from '../../support/fake-clock.js';

const tasksOf = (count: number): readonly QueuedTask[] =>
  Array.from({ length: count }, (_none, i) => ({ taskId: i + 1, pipelineId: i + 1, shard: 0 }));
const worker = (id: number, running: number, concurrency: number): LivingWorker => ({
  ...{ id, running, concurrency, chains: null },
});

describe('the share of a worker', () => {
  const counts = (tasks: number, workers: readonly LivingWorker[]): readonly number[] =>
    workers.map(({ id }) => dealTasks(tasksOf(tasks), workers, id).length);

  it('is the same for workers that are full alike, and every task falls to one', () => {
    const workers = [1, 2, 3, 4].map((id) => worker(id, 0, 4));
    expect(counts(8, workers)).to.deep.equal([2, 2, 2, 2]);
    expect(counts(3, workers)).to.deep.equal([1, 1, 1, 0]);
    const dealt = workers.flatMap(({ id }) => dealTasks(tasksOf(10), workers, id).map(({ taskId }) => taskId));
    expect(dealt.toSorted((a, b) => a - b)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('is larger for who has more places, and smaller for who runs more', () => {
    expect(counts(6, [worker(1, 0, 8), worker(2, 0, 4)])).to.deep.equal([4, 2]);
    expect(counts(6, [worker(1, 6, 8), worker(2, 0, 8)])).to.deep.equal([0, 6]);
  });

  it('is nothing for who is full, and what nobody has room for falls to nobody', () => {
    expect(counts(6, [worker(1, 4, 4), worker(2, 2, 4)])).to.deep.equal([0, 2]);
  });
});

describe('what a worker picks of the tasks that wait', () => {
  let clock: FakeClock;
  let living: readonly LivingWorker[];
  let id: number | null;
  let share: FairShare;

  beforeEach(() => {
    clock = new FakeClock();
    living = [worker(1, 0, 4), worker(2, 0, 4)];
    id = 2;
    const presence = {
      get id() {
        return id;
      },
    };
    share = new FairShare({ store: { listLiving: () => Promise.resolve(living) }, presence, clock });
  });
  const picked = async (tasks: readonly QueuedTask[], free = 4): Promise<readonly number[]> =>
    (await share.pick(tasks, free)).map(({ taskId }) => taskId);

  it('is its share, and never more than it has room for', async () => {
    expect(await picked(tasksOf(4))).to.deep.equal([2, 4]);
    expect(await picked(tasksOf(4), 1)).to.deep.equal([2]);
  });

  it('is also what has been left lying by whom it fell to, behind its own', async () => {
    await picked(tasksOf(4));
    await clock.advance(1_499);
    expect(await picked(tasksOf(4))).to.deep.equal([2, 4]);
    await clock.advance(1);
    expect(await picked(tasksOf(5))).to.deep.equal([2, 4, 1, 3]);
  });

  it('is nothing of others that take no longer for theirs than it took for its own, for ten seconds at most', async () => {
    await picked(tasksOf(4));
    await clock.advance(2_000);
    const others = tasksOf(4).filter(({ taskId }) => taskId % 2 === 1);
    living = [worker(1, 0, 4), worker(2, 2, 4)];
    expect(await picked(others)).to.deep.equal([]);
    await clock.advance(1_999);
    expect(await picked(others)).to.deep.equal([]);
    await clock.advance(1);
    expect(await picked(others)).to.deep.equal([1, 3]);

    living = [worker(1, 0, 4), worker(2, 0, 4)];
    const next = tasksOf(8).slice(4);
    expect(await picked(next)).to.deep.equal([6, 8]);
    await clock.advance(9_999);
    const left = next.filter(({ taskId }) => taskId % 2 === 1);
    living = [worker(1, 0, 4), worker(2, 2, 4)];
    expect(await picked(left)).to.deep.equal([]);
    await clock.advance(1);
    expect(await picked(left)).to.deep.equal([5, 7]);
  });

  it('is those of others as soon as ever once nothing had to wait any more', async () => {
    await picked(tasksOf(4));
    await clock.advance(60_000);
    await picked([]);
    living = [worker(1, 0, 4), worker(2, 2, 4)];
    const others = tasksOf(4).filter(({ taskId }) => taskId % 2 === 1);
    await picked(others);
    await clock.advance(1_500);
    expect(await picked(others)).to.deep.equal([1, 3]);
  });

  it('is no more of that than some in a turn, for others may only be busy', async () => {
    await picked(tasksOf(100), 100);
    await clock.advance(1_500);
    expect(await picked(tasksOf(100), 100)).to.have.length(14);
  });

  it('is all where it is alone, or its own row is not to be seen', async () => {
    living = [worker(2, 0, 4)];
    expect(await picked(tasksOf(3))).to.deep.equal([1, 2, 3]);
    [living, id] = [[worker(1, 0, 4)], null];
    expect(await picked(tasksOf(3))).to.deep.equal([1, 2, 3]);
  });
});
