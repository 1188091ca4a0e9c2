import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { RewindStore } from '../../../src/database/events/rewind-store.js';
import { ShardStore } from '../../../src/database/events/shard-store.js';
import { StoredBlocks } from '../../../src/database/events/stored-blocks.js';
import { NeedsRewindError } from '../../../src/runtime/errors.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { readStanding } from '../../../src/tasks/lease/parked.js';
import type { Standing } from '../../../src/tasks/lease/parked.js';
import { rewindPipeline } from '../../../src/tasks/rewind/rewind-pipeline.js';
import { runTask } from '../../../src/tasks/run/run-task.js';
import type { TaskOptions, TaskResult } from '../../../src/tasks/run/task-options.js';
import { exampleBatch } from '../../database/example-batch.js';
import { ScriptedSource } from '../../pipeline/pipeline-fixture.js';
import { insertPipeline } from '../../database/insert-pipeline.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { claimOptions, exampleWorker, plainRun, storesOf } from '../run/task-fixture.js';
import { rejectionOf } from '../../support/rejection.js';

eachDatabase('a parked pipeline', (databases) => {
  let database: Database;
  let pipelineId = 700;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  beforeEach(() => insertPipeline(database, (pipelineId += 1)));
  after(() => database.close());

  const run = (send: ConstructorParameters<typeof ScriptedSource>[0], changes: Partial<TaskOptions> = {}) =>
    runTask({
      ...claimOptions({ pipelineId }),
      database,
      ...plainRun,
      begin: () => Promise.resolve({ source: new ScriptedSource(send), logger: silentLogger }),
      onProgress: () => undefined,
      mask: (text) => text,
      stopping: new AbortController().signal,
      signal: new AbortController().signal,
      ...changes,
    });
  const failureOf = (work: Promise<TaskResult>): Promise<NeedsRewindError> => rejectionOf(work, NeedsRewindError);
  const park = (keeps: number | null): Promise<NeedsRewindError> =>
    failureOf(
      run(async function* () {
        yield exampleBatch(1, 9);
        await Promise.resolve();
        throw new NeedsRewindError('the chain changed', { keeps });
      }),
    );
  const goOn = (changes: Partial<TaskOptions> = {}): Promise<TaskResult> =>
    run(async function* () {
      await Promise.resolve();
      yield* [];
    }, changes);
  const standing = (): Promise<Standing> => readStanding(database, pipelineId);
  const rewind = (number: number): Promise<unknown> => {
    const [tasks, checkpoints] = storesOf(database);
    return rewindPipeline(
      {
        tasks,
        checkpoints,
        storedBlocks: new StoredBlocks(database),
        rewinds: new RewindStore(database),
        shards: new ShardStore(database),
      },
      { pipelineId, worker: exampleWorker('here:2'), heartbeatIntervalSeconds: 30, to: { number, hash: null } },
    );
  };

  it('is one whose task ended as needs_rewind, with the command that lets it go on', async () => {
    const error = await park(4);
    const remedy = `chainparse pipeline rewind ${pipelineId} --to-block 4`;
    expect(error).to.include({ message: 'the chain changed', hint: remedy, exitCode: 6, code: 'NEEDS_REWIND' });
    const [tasks] = storesOf(database);
    const task = await tasks.getNewest(pipelineId);
    expect(task).to.include({ status: 2, endReason: 'needs_rewind', error: 'the chain changed', keepsBlock: 4 });
    expect((await standing()).parked).to.deep.equal({ taskId: task?.id, reason: 'the chain changed', remedy });
  });

  it('is to be begun anew where no row may be kept', async () => {
    expect((await park(null)).hint).to.equal(`chainparse run-pipeline ${pipelineId} --fresh`);
  });

  it('refuses to run, with the same hint and without a new task', async () => {
    const { hint } = await park(4);
    const [tasks] = storesOf(database);
    const before = await tasks.getNewest(pipelineId);
    for (const asked of [{}, { fromBlock: 5 }, { toBlock: 20 }]) {
      const refusal = await failureOf(goOn({ run: asked }));
      expect(refusal.message).to.equal(
        `pipeline ${pipelineId} is parked since task ${String(before?.id)}: the chain changed`,
      );
      expect(refusal).to.include({ hint, exitCode: 6 });
    }
    expect((await tasks.getNewest(pipelineId))?.id).to.equal(before?.id);
  });

  it('runs where it begins elsewhere, and is not parked any more', async () => {
    for (const asked of [{ fresh: true }, { fromBlock: 0 }, { fromBlock: 50 }]) {
      await park(4);
      expect((await goOn({ run: asked })).task.endReason).to.equal('completed');
      expect((await standing()).parked).to.equal(null);
      expect((await goOn()).task.endReason).to.equal('completed');
      pipelineId += 1;
    }
  });

  it('runs once it is rewound', async () => {
    await park(4);
    await rewind(4);
    const { parked, checkpoint } = await standing();
    expect(parked).to.equal(null);
    expect(checkpoint).to.include({ startBlock: 1, blockNumber: 4 });
    expect((await goOn()).task.endReason).to.equal('completed');
  });

  it('does not hold up the others', async () => {
    await park(4);
    pipelineId += 1;
    expect((await goOn()).task.endReason).to.equal('completed');
  });
});
