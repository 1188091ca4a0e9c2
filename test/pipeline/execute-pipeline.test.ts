import { expect } from 'chai';
import { setImmediate } from 'node:timers/promises';
import type { TellSent } from '../../src/database/script.js';
import type { SourceContext } from '../../src/components/seam/source.js';
import type { RunRequest } from '../../src/model/run-request.js';
import type { Database } from '../../src/database/database.js';
import type { SourceMessage } from '../../src/model/batch.js';
import type { Progress } from '../../src/model/task.js';
import type { CommitSeen, ShardsAhead } from '../../src/pipeline/execute-pipeline.js';
import { executePipeline } from '../../src/pipeline/execute-pipeline.js';
import { DatabaseSetBackError, KnownCommits } from '../../src/pipeline/known-commits.js';
import { LeaseLostError } from '../../src/runtime/errors.js';
import { exampleBatch, exampleLog, hashOf } from '../database/example-batch.js';
import { eachDatabase } from '../support/databases.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryLogger } from '../support/memory-logger.js';
import { openMigrated } from '../support/migrated-database.js';
import { eventually } from '../support/within.js';
import { FakeLease } from './fake-lease.js';
import { claimPipeline, eventBlocks, ScriptedSource } from './pipeline-fixture.js';
import type { ClaimedPipeline } from './pipeline-fixture.js';
import { rejectionOf } from '../support/rejection.js';

eachDatabase('the execution of a pipeline', (databases) => {
  let database: Database;
  let claimed: ClaimedPipeline;
  let lease: FakeLease;
  let shown: Progress[];
  let commits: CommitSeen[];
  let logger: MemoryLogger;
  let clock: FakeClock;
  let pipelineId = 500;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  beforeEach(async () => {
    claimed = await claimPipeline(database, (pipelineId += 1));
    lease = new FakeLease(claimed.taskId);
    shown = [];
    commits = [];
    logger = new MemoryLogger();
    clock = new FakeClock();
  });
  after(() => database.close());

  const execute = (source: ScriptedSource, run: RunRequest = {}, shards?: ShardsAhead): Promise<Progress> =>
    executePipeline({
      ...claimed,
      chainId: 1,
      source,
      lease,
      known: new KnownCommits(),
      shards,
      run,
      mode: 'realtime',
      clock,
      logger,
      onProgress: (progress) => shown.push(progress),
      onCommit: (commit) => Promise.resolve(void commits.push(commit)),
      stopping: new AbortController().signal,
      signal: new AbortController().signal,
    });
  const blocks = (): Promise<number[]> => eventBlocks(database, pipelineId);
  const sends = (...messages: SourceMessage[]): ScriptedSource =>
    new ScriptedSource(async function* () {
      await Promise.resolve();
      yield* messages;
    });

  it('commits what the source sends, and returns the progress', async () => {
    const progress = await execute(sends(exampleBatch(1, 3), exampleBatch(4, 4)));
    expect(progress).to.deep.equal({ mode: 'realtime', nextBlock: 5, targetBlock: null, headBlock: null, events: 4 });
    expect(await blocks()).to.deep.equal([1, 2, 3, 4]);
    expect(shown.map(({ events }) => events)).to.deep.equal([3, 4]);
  });

  it('warns of logs that do not fit the ABI: at the first, and then at ten times as many', async () => {
    const fitting = (number: number, count: number): SourceMessage => {
      const undecoded = Array.from({ length: count }, (_, index) => {
        return { ...exampleLog(number, 10 + index), reason: 'indexed_mismatch' as const };
      });
      return exampleBatch(number, number, { undecoded: [exampleLog(number, 1), ...undecoded] });
    };
    await execute(sends(fitting(1, 0), fitting(2, 1), fitting(3, 5), fitting(4, 6)));
    const told = (logs: string, block: number): string =>
      `${logs} not fit the ABI, the last in block ${block} (indexed_mismatch): kept without an event; chainparse events undecoded --pipeline ${pipelineId} lists them`;
    expect(logger.messages('warn')).to.deep.equal([told('1 log does', 2), told('12 logs do', 4)]);
  });

  it('asks for the next message while it commits one, and for no more', async () => {
    const seen: string[] = [];
    const source = new ScriptedSource(async function* () {
      for (const number of [1, 2, 3]) {
        await Promise.resolve();
        seen.push(`asked for ${number}`);
        yield exampleBatch(number, number);
      }
    });
    const commits = [1, 2, 3].map((number) => async (sent: TellSent): Promise<void> => {
      sent();
      if (number < 3) await eventually('the next is asked for', () => seen.includes(`asked for ${number + 1}`));
      await setImmediate();
      seen.push(`commits ${number}`);
    });
    claimed.batches.fates.push(...commits);
    await execute(source);
    expect(seen).to.deep.equal(['asked for 1', 'asked for 2', 'commits 1', 'asked for 3', 'commits 2', 'commits 3']);
    expect(await blocks()).to.deep.equal([1, 2, 3]);
  });

  it('asks for the next message only when the commit before it has left', async () => {
    const asked: number[] = [];
    const source = new ScriptedSource(async function* () {
      for (const number of [1, 2]) {
        await Promise.resolve();
        asked.push(number);
        yield exampleBatch(number, number);
      }
    });
    claimed.batches.fates.push(
      async (sent) => {
        for (let turn = 0; turn < 10; turn++) await setImmediate();
        expect(asked).to.deep.equal([1]);
        sent();
        await eventually('the next is asked for', () => asked.length === 2);
      },
      () => Promise.resolve(),
    );
    await execute(source);
    expect(await blocks()).to.deep.equal([1, 2]);
  });

  it('tells as done only what is committed', async () => {
    const source = new ScriptedSource(async function* (context: SourceContext) {
      await context.moved({ nextBlock: 1 });
      yield exampleBatch(1, 2);
      await eventually('it is committed', () => lease.told.length === 2);
      await context.moved({ nextBlock: 9 });
    });
    await execute(source);
    expect(lease.told).to.deep.equal(['moved 1 0', 'renewed 3 2', 'moved 3 2']);
  });

  it('takes an answer for progress while it is awaited, and not while a commit hangs', async () => {
    let ahead = 0;
    const source = new ScriptedSource(async function* (context: SourceContext) {
      await context.moved({ headBlock: 9 });
      yield exampleBatch(1, 1);
      for (; ahead < 3; ahead++) await context.moved({ headBlock: 10 + ahead });
      yield exampleBatch(2, 2);
    });
    claimed.batches.fates.push(async (sent) => {
      sent();
      await eventually('the source is ahead', () => ahead === 3);
    });
    await execute(source);
    expect(lease.told).to.deep.equal(['moved null 0', 'renewed 2 1', 'renewed 3 2']);
    expect(
      shown.map(({ headBlock }) => headBlock),
      'the chain’s head is shown with what is done next',
    ).to.deep.equal([9, 12, 12]);
  });

  it('tells the lease of several answers at a time once, and lets all of them wait for it', async () => {
    let renew = (): void => undefined;
    let told = 0;
    lease.moved = () => new Promise((resolve) => (told++, (renew = resolve)));
    let went = 0;
    const source = new ScriptedSource(async function* (context: SourceContext) {
      const answers = [1, 2, 3].map((headBlock) => context.moved({ headBlock }).then(() => went++));
      await setImmediate();
      expect([told, went]).to.deep.equal([1, 0]);
      renew();
      await Promise.all(answers);
      yield exampleBatch(1, 1);
    });
    await execute(source);
    expect([told, went]).to.deep.equal([1, 3]);
  });

  it('commits what it has before it passes on what the source met behind it', async () => {
    const source = new ScriptedSource(async function* () {
      await Promise.resolve();
      yield exampleBatch(1, 1);
      throw new RangeError('of the source');
    });
    claimed.batches.fates.push(async (sent) => {
      sent();
      for (let turn = 0; turn < 5; turn++) await setImmediate();
    });
    await rejectionOf(execute(source), RangeError);
    expect(await blocks()).to.deep.equal([1]);
  });

  it('gives up a source that waits for the next message where a commit fails', async () => {
    let reason: unknown;
    const source = new ScriptedSource(async function* ({ signal }: SourceContext) {
      yield exampleBatch(1, 1);
      await new Promise((_resolve, reject) => {
        const abandoned = (): void => reject((reason = new Error('abandoned')));
        signal.addEventListener('abort', abandoned);
      });
    });
    const failure = new RangeError('of the commit');
    claimed.batches.fates.push(async (sent) => {
      sent();
      await setImmediate();
      throw failure;
    });
    expect(await rejectionOf(execute(source))).to.equal(failure);
    expect(String(reason)).to.equal('Error: abandoned');
  });

  it('passes what the source knows to the lease', async () => {
    const source = new ScriptedSource(async function* (context: SourceContext) {
      await context.moved({ headBlock: 9, targetBlock: 8 });
      yield exampleBatch(1, 2);
      await eventually('the batch is committed', () => lease.told.length === 2);
      await context.moved();
    });
    const progress = await execute(source);
    expect(progress).to.deep.include({ headBlock: 9, targetBlock: 8, events: 2 });
    expect(lease.told).to.deep.equal(['moved null 0', 'renewed 3 2', 'moved 3 2']);
  });

  it('takes an answer that tells nothing new for progress, and shows and copies nothing for it but now and then', async () => {
    const moved: Progress[] = [];
    lease.moved = (progress) => Promise.resolve(void moved.push(progress));
    const source = new ScriptedSource(async function* (context: SourceContext) {
      await context.moved({ headBlock: 9 });
      for (let second = 0; second < 12; second++) {
        await clock.advance(1_000);
        await context.moved();
      }
      yield exampleBatch(1, 1);
    });
    await execute(source);
    expect(moved.length).to.equal(13);
    // Where it is the very same object a beat need not carry it.
    expect(new Set(moved.slice(0, 5)).size).to.equal(1);
    expect(shown.map(({ headBlock, events }) => [headBlock, events])).to.deep.equal([
      [9, 0],
      [9, 0],
      [9, 0],
      [9, 1],
    ]);
  });

  it('gives the source where the pipeline stands', async () => {
    await execute(sends(exampleBatch(1, 3)));
    const source = sends();
    await execute(source, { fresh: true, toBlock: 9 });
    const [{ checkpoint, recentBlocks, run } = expect.fail()] = source.starts;
    expect(checkpoint).to.deep.include({ startBlock: 1, blockNumber: 3, blockHash: hashOf('block 3') });
    expect(recentBlocks.map(({ number }) => number)).to.deep.equal([1, 2, 3]);
    expect(run).to.deep.equal({ fresh: true, toBlock: 9 });
  });

  it('takes back what the chain replaced', async () => {
    const ancestor = { number: 2, hash: hashOf('block 2') };
    const progress = await execute(sends(exampleBatch(1, 4), { kind: 'rollback', ancestor }, exampleBatch(3, 3)));
    expect(await blocks()).to.deep.equal([1, 2, 3]);
    expect(progress).to.deep.include({ nextBlock: 4, events: 3 });
    expect(shown.map(({ nextBlock, events }) => [nextBlock, events])).to.deep.equal([
      [5, 4],
      [3, 2],
      [4, 3],
    ]);
  });

  it('counts what others have read with its own, says how many that were, and how long the join took', async () => {
    let turns = 0;
    const shards: ShardsAhead = {
      next: () => {
        turns += 1;
        if (turns === 3) return Promise.resolve({ kind: 'read', upTo: null, target: null });
        return Promise.resolve({ kind: 'joined', nextBlock: turns, events: 500, durationMs: 40 });
      },
      drop: () => Promise.resolve(),
    };
    const progress = await execute(sends(exampleBatch(1, 3)), {}, shards);
    expect(progress).to.include({ nextBlock: 4, events: 1_003, joined: 1_000 });
    const seen = commits.map(({ kind, events, durationMs }) => ({ kind, events, durationMs }));
    // Who read them has counted them.
    const join = { kind: 'events', events: 0, durationMs: 40 };
    expect(seen).to.deep.equal([join, join, { kind: 'events', events: 3, durationMs: 0 }]);
  });

  it('notices that the database was set back while it waited for what others read', async () => {
    let turns = 0;
    const shards: ShardsAhead = {
      next: async () => {
        turns += 1;
        if (turns === 1) return { kind: 'read', upTo: 2, target: null };
        const checkpoint = database.knex('pipeline_checkpoint').where({ pipeline_id: pipelineId });
        if (turns === 2) await database.write([checkpoint.update({ version: 0, block_number: null, hash: null })]);
        return { kind: 'again' };
      },
      drop: () => Promise.resolve(),
    };
    const error = await rejectionOf(execute(sends(exampleBatch(1, 2)), {}, shards), DatabaseSetBackError);
    expect(error.gone).to.deep.equal({ pipelineId, version: 1, fromBlock: 0, toBlock: 2 });
    expect(error.isBehindBegin).to.equal(true);
    expect(turns).to.equal(2);
  });

  it('begins a stretch of its own where it is to begin anew, right behind the checkpoint, too', async () => {
    await execute(sends(exampleBatch(1, 3)));
    await execute(sends(exampleBatch(4, 5), exampleBatch(6, 6)), { fresh: true, fromBlock: 4 });
    expect(await claimed.checkpoints.get(pipelineId)).to.include({ startBlock: 4, blockNumber: 6 });
    expect((await claimed.checkpoints.recentBlocks(pipelineId)).map(({ number }) => number)).to.deep.equal([4, 5, 6]);
    await execute(sends(exampleBatch(7, 7)), { fromBlock: 7 });
    expect(await claimed.checkpoints.get(pipelineId)).to.include({ startBlock: 4, blockNumber: 7 });
  });

  it('starts the source again at the checkpoint where that has moved, not afresh', async () => {
    const { knex } = database;
    const source = new ScriptedSource(async function* (context, start) {
      if (start === 1) {
        yield exampleBatch(1, 2);
        await eventually('the first is committed', async () => (await blocks()).length > 0);
        const moved = knex('pipeline_checkpoint').where({ pipeline_id: pipelineId });
        await database.write([moved.update({ version: 7, block_number: 5, hash: Buffer.alloc(32) })]);
        yield exampleBatch(3, 4);
        throw new Error('not reached');
      }
      const next = context.checkpoint.blockNumber! + 1;
      yield exampleBatch(next, next + 1);
    });
    const progress = await execute(source, { mode: 'historical', fresh: true, fromBlock: 1, toBlock: 20 });
    expect(source.starts.map(({ run }) => run)).to.deep.equal([
      { mode: 'historical', fresh: true, fromBlock: 1, toBlock: 20 },
      { mode: 'historical', toBlock: 20 },
    ]);
    expect(await blocks()).to.deep.equal([1, 2, 6, 7]);
    expect(progress).to.deep.include({ nextBlock: 8, events: 4 });
  });

  it('keeps what was asked for where nothing has been committed yet', async () => {
    const { knex } = database;
    const source = new ScriptedSource(async function* (_context, start) {
      const moved = knex('pipeline_checkpoint').where({ pipeline_id: pipelineId });
      if (start === 1) await database.write([moved.update({ version: 7 })]);
      yield exampleBatch(1, 2);
    });
    await execute(source, { fresh: true });
    expect(source.starts.map(({ run }) => run.fresh)).to.deep.equal([true, true]);
    expect(await blocks()).to.deep.equal([1, 2]);
  });

  it('ends the source where the lease is lost', async () => {
    let cleaned = false;
    const source = new ScriptedSource(async function* () {
      await Promise.resolve();
      try {
        yield exampleBatch(1, 2);
      } finally {
        cleaned = true;
      }
    });
    await claimed.tasks.cancel(claimed.taskId);
    const lost = new LeaseLostError('lost');
    lease.recovers = () => Promise.reject(lost);
    expect(await rejectionOf(execute(source))).to.equal(lost);
    expect(cleaned).to.equal(true);
    expect(await blocks()).to.deep.equal([]);
  });

  it('passes the source’s own errors', async () => {
    const source = new ScriptedSource(async function* (context) {
      await context.moved();
      yield exampleBatch(1, 1);
      throw new RangeError('of the source');
    });
    await rejectionOf(execute(source), RangeError);
    expect(await blocks()).to.deep.equal([1]);
  });
});
