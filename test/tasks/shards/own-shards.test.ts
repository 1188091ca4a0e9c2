import { expect } from 'chai';
import type { CutContext, Source, SourceContext } from '../../../src/components/seam/source.js';
import type { Database } from '../../../src/database/database.js';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { ShardRows } from '../../../src/database/events/shard-rows.js';
import { ShardStore } from '../../../src/database/events/shard-store.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { SourceMessage } from '../../../src/model/batch.js';
import type { Shard } from '../../../src/model/shard.js';
import type { Progress } from '../../../src/model/task.js';
import type { Lease } from '../../../src/pipeline/lease.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { OutageWatch } from '../../../src/tasks/monitor/outage-watch.js';
import { OwnShards } from '../../../src/tasks/shards/own-shards.js';
import { runTask } from '../../../src/tasks/run/run-task.js';
import type { TaskOptions, TaskResult } from '../../../src/tasks/run/task-options.js';
import { DatabaseUnreachableError } from '../../../src/runtime/errors.js';
import { ageTask } from '../../database/aged-task.js';
import { claimRequest } from '../../database/claim-request.js';
import { exampleBatch, exampleCommit, hashOf, noProgress } from '../../database/example-batch.js';
import { here } from '../../database/given-anew.js';
import { ScriptedSource } from '../../pipeline/pipeline-fixture.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { claimOptions, exampleWorker, plainRun } from '../run/task-fixture.js';

async function* nothing(): AsyncGenerator<SourceMessage> {
  // All is read.
}

const unlostLease: Omit<Lease, 'taskId'> = {
  isCommitting: false,
  moved: () => Promise.resolve(),
  renewed: () => undefined,
  recover: (cause) => Promise.reject(cause),
};

describe('the shards of a run', () => {
  let database: Database;
  let stopping: AbortController;
  let hard: AbortController;
  let pipelineId = 0;

  before(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/shards.db`);
  });
  beforeEach(async () => {
    pipelineId += 1;
    const { knex, dialect } = database;
    const now = dialect.now(knex);
    await database.write([
      knex('pipeline').insert({ id: pipelineId, name: `p${pipelineId}`, create_time: now, update_time: now }),
    ]);
    stopping = new AbortController();
    hard = new AbortController();
  });
  after(() => database.close());

  const start = (source: Source, changes: Partial<TaskOptions> = {}): Promise<TaskResult> =>
    runTask({
      ...claimOptions({ pipelineId }),
      database,
      ...plainRun,
      fingerprint: 'a'.repeat(64),
      begin: () => Promise.resolve({ source, logger: silentLogger }),
      onProgress: () => undefined,
      mask: (text) => text,
      stopping: stopping.signal,
      signal: hard.signal,
      ...changes,
    });

  const refOf = (number: number) => ({ number, hash: hashOf(`block ${number}`) });
  const find = async (): Promise<Shard> => {
    const shard = await new ShardStore(database).find(pipelineId, 2);
    if (shard === null) throw new Error('there is no shard');
    return shard;
  };
  const waiting = async (): Promise<number> => {
    const { tasks } = await new TaskStore(database).list({ pipelineId, status: 3, limit: 10, offset: 0 });
    return tasks[0]?.id ?? 0;
  };
  /** Blocks up to 19 are the pipeline's own, and read; those behind them are shard 2's. Returns what joins that. */
  const cut = async (toBlock: number): Promise<() => Promise<void>> => {
    const store = new ShardStore(database, here);
    await new CheckpointStore(database).get(pipelineId);
    const taskId = await new TaskStore(database).claim(claimRequest({ pipelineId }));
    const guard = { pipelineId, taskId, version: 1 };
    await new BatchStore(database).commit(exampleCommit({ ...guard, version: 0, batch: exampleBatch(1, 19) }));
    const stretches = [{ after: refOf(19), toBlock }];
    await store.cut(guard, { chainId: 1, definition: 'a'.repeat(64), stretches });
    return async () => store.join({ guard, shard: await find(), replaces: null, progress: noProgress });
  };
  /** Claims shard 2 and reads it to its end; returns the task. */
  const readAll = async (): Promise<number> => {
    const taskId = await waiting();
    await new TaskStore(database).claim(claimRequest({ pipelineId, shard: 2, queuedTaskId: taskId }));
    const shard = await find();
    const commit = { pipelineId, taskId, version: shard.version, batch: exampleBatch(20, shard.toBlock) };
    await new ShardRows(database, shard, here).commit(exampleCommit(commit));
    return taskId;
  };

  describe('while the history is being cut', () => {
    /** A chain whose node never answers: what is asked of it is dropped with the signal's reason. */
    const away = (then: () => void): Source => ({
      cut: ({ signal }: CutContext) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          then();
        }),
      async *messages({ stopping: ends }: SourceContext): AsyncGenerator<SourceMessage> {
        await Promise.resolve();
        expect(ends.aborted).to.equal(true);
      },
    });

    it('are no failure of a run that is told to stop', async () => {
      const source = away(() => stopping.abort(new Error('SIGTERM')));
      const { task } = await start(source);
      expect(task).to.include({ status: 1, endReason: 'stopped', error: null });
    });

    it('leave a task behind that goes on where its worker is told to end', async () => {
      const source = away(() => stopping.abort(new Error('SIGTERM')));
      const { task } = await start(source, { handsOver: true });
      expect(task).to.include({ status: 1, endReason: 'handed_over' });
      const { tasks } = await new TaskStore(database).list({ pipelineId, limit: 10, offset: 0 });
      expect(tasks.map(({ status }) => status)).to.deep.equal([3, 1]);
    });

    it('end with the reason where calls must be dropped, and with any other failure though the run shall stop', async () => {
      const dropped = new Error('dropped');
      expect(await rejectionOf(start(away(() => hard.abort(dropped))))).to.equal(dropped);
      hard = new AbortController();
      const failed = new Error('the node is none');
      const cut = (): Promise<never> => {
        stopping.abort(new Error('SIGTERM'));
        return Promise.reject(failed);
      };
      expect(await rejectionOf(start({ ...away(() => undefined), cut }))).to.equal(failed);
    });
  });

  describe('when one that has been read joins under the task that holds it', () => {
    it('has that end as completed, though it has yet to look where it goes on', async () => {
      const join = await cut(29);
      const id = await readAll();
      await new TaskStore(database).handOver({ id, pipelineId, shard: 2, progress: null, request: {} });
      const source = new ScriptedSource(nothing);
      const { task } = await start(source, {
        ...{ worker: exampleWorker('there:2'), queuedTaskId: await waiting(), shard: await find() },
        run: { mode: 'historical', toBlock: 29 },
        begin: async () => {
          await join();
          return { source, logger: silentLogger };
        },
      });
      expect(task).to.include({ status: 1, endReason: 'completed', error: null, shard: 2 });
      expect(source.starts).to.deep.equal([]);
    });
  });

  describe('that a silent task holds after an outage', () => {
    it('are joined once living ones could be heard, and not before, and the wait is told once', async () => {
      const logger = new MemoryLogger();
      await cut(29);
      const silent = await waiting();
      await new TaskStore(database).claim(
        claimRequest({ pipelineId, shard: 2, queuedTaskId: silent, worker: 'there:2' }),
      );
      await ageTask(database, silent, { created: 900, heartbeat: 900 });
      const checkpoint = await new CheckpointStore(database).get(pipelineId);
      const clock = new FakeClock();
      const outages = new OutageWatch({ clock, heartbeatIntervalMs: 100_000 });
      outages.failed(new DatabaseUnreachableError('away'));
      const shards = new OwnShards({
        ...claimOptions({ pipelineId, worker: { ...here, isGone: () => false }, outages }),
        ...{ database, tasks: new TaskStore(database), chainId: 1, fingerprint: 'a'.repeat(64) },
        ...{ source: new ScriptedSource(nothing), logger, clock },
        ...{ stopping: stopping.signal, signal: hard.signal },
        lease: { ...unlostLease, taskId: checkpoint.taskId ?? 0 },
      });
      let isOver = false;
      const next = shards.next({ checkpoint, recentBlocks: [], newestStoredBlock: 19 }, {}, noProgress);
      const joined = next.finally(() => (isOver = true));
      while (!isOver) {
        // It waits for the shard, and looks beside whether each is read by somebody.
        await Promise.race([clock.whenSleeping(2), joined]);
        if (outages.waitMs > 0) expect(await waiting(), 'to follow who may live').to.equal(0);
        await clock.advance(2_000);
      }
      shards.close();
      expect(await joined).to.include({ kind: 'joined', nextBlock: 20 });
      expect(clock.monotonic()).to.be.within(300_000, 400_000);
      expect(logger.messages().filter((message) => message.startsWith('waiting'))).to.deep.equal([
        `waiting for shard 2, which task ${silent} reads: it has come to block 19 of 29`,
      ]);
      expect(await new TaskStore(database).get(silent)).to.include({ status: 2, endReason: 'taken_over' });
    });
  });

  it('tell how long the join of one took', async () => {
    await cut(29);
    await readAll();
    const checkpoint = await new CheckpointStore(database).get(pipelineId);
    const shards = new OwnShards({
      ...claimOptions({ pipelineId, worker: { ...here, isGone: () => false } }),
      ...{ database, tasks: new TaskStore(database), chainId: 1, fingerprint: 'a'.repeat(64) },
      ...{ source: new ScriptedSource(nothing), logger: silentLogger },
      ...{ stopping: stopping.signal, signal: hard.signal },
      lease: { ...unlostLease, taskId: checkpoint.taskId ?? 0 },
    });
    const next = await shards.next({ checkpoint, recentBlocks: [], newestStoredBlock: 19 }, {}, noProgress);
    shards.close();
    if (next.kind !== 'joined') throw new Error(`it has not joined: ${next.kind}`);
    expect(next).to.include({ nextBlock: 30, events: 10 });
    expect(next.durationMs).to.be.greaterThan(0);
  });

  it('are told apart from what a run has read itself, also where it begins anew because the database was set back', async () => {
    const read = async ({ checkpoint }: SourceContext): Promise<readonly SourceMessage[]> => {
      const from = (checkpoint.blockNumber ?? 0) + 1;
      if (from === 1) {
        await readAll();
        return [exampleBatch(1, 19)];
      }
      if (reads++ > 0) return [exampleBatch(20, 24)];
      const { knex } = database;
      const older = { version: 1, block_number: 19, hash: Buffer.from(hashOf('block 19').slice(2), 'hex') };
      const of = { pipeline_id: pipelineId };
      await database.write([
        knex('pipeline_checkpoint').where(of).update(older),
        knex('pipeline_commit').where(of).where('version', '>', 1).delete(),
        ...['event', 'undecoded_log'].map((each) => knex(each).where(of).where('block_number', '>', 19).delete()),
      ]);
      return [exampleBatch(from, from)];
    };
    let reads = 0;
    const source: Source = {
      messages: async function* (context) {
        yield* await read(context);
      },
      cut: ({ checkpoint }) =>
        Promise.resolve(
          checkpoint.blockNumber === null ? { fromBlock: 1, stretches: [{ after: refOf(19), toBlock: 24 }] } : null,
        ),
    };
    const logger = new MemoryLogger();
    const { progress } = await start(source, { begin: () => Promise.resolve({ source, logger }) });
    expect(logger.lines.join()).to.contain('the database was set back');
    expect(progress).to.include({ nextBlock: 25, events: 29, joined: 5 });
  });

  describe('whose rows are taken away because they are given up', () => {
    const progress: Progress = { ...noProgress, nextBlock: 20 };
    const ways: Readonly<Record<string, (shards: OwnShards) => Promise<unknown>>> = {
      'a run of another definition': async (shards) => {
        const checkpoint = await new CheckpointStore(database).get(pipelineId);
        return shards.next({ checkpoint, recentBlocks: [], newestStoredBlock: 19 }, {}, progress);
      },
      'a run that takes blocks back': (shards) => shards.drop(progress),
    };
    for (const [who, giveUp] of Object.entries(ways)) {
      it(`tell with each step that ${who} is not hung`, async () => {
        await cut(15_000);
        await readAll();
        const { taskId } = await new CheckpointStore(database).get(pipelineId);
        const told: Progress[] = [];
        const shards = new OwnShards({
          ...claimOptions({ pipelineId, worker: { ...here, isGone: () => false } }),
          ...{ database, tasks: new TaskStore(database), chainId: 1, fingerprint: 'b'.repeat(64) },
          ...{ source: new ScriptedSource(nothing), logger: silentLogger },
          ...{ stopping: stopping.signal, signal: hard.signal },
          lease: {
            ...unlostLease,
            taskId: taskId ?? 0,
            moved: (known) => Promise.resolve(void told.push(known)),
          },
        });
        await giveUp(shards);
        expect(await new ShardStore(database).list(pipelineId)).to.deep.equal([]);
        // Given up, the first ten thousand rows, the rest of them.
        expect(told).to.deep.equal([progress, progress, progress]);
      });
    }
  });
});
