import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { JournalStore } from '../../../src/database/events/journal-store.js';
import { SinkStore } from '../../../src/database/sinks/sink-store.js';
import type { SinkGuard } from '../../../src/database/sinks/sink-store.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { DatabaseUnreachableError, LeaseLostError } from '../../../src/runtime/errors.js';
import { RunClaim } from '../../../src/tasks/outbox/run-claim.js';
import { claimRequest } from '../../database/claim-request.js';
import { exampleBatch } from '../../database/example-batch.js';
import { giveAnew, here } from '../../database/given-anew.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { eventually } from '../../support/within.js';
import { FailingTable } from './failing-table.js';
import { FilesOf } from './files-of.js';
import { OutboxRuns, noMore } from './outbox-fixture.js';
import type { Send } from './outbox-fixture.js';
import { RecordingSink } from './recording-sink.js';

const blocks = (from: number, to: number): Send =>
  async function* () {
    await Promise.resolve();
    yield exampleBatch(from, to);
  };

eachDatabase('a database that has lost several claims of a pipeline', (databases) => {
  let database: Database;
  let runs: OutboxRuns;
  let table: FailingTable;
  let files: FilesOf;
  let hook: RecordingSink;
  let pipelineId = 870;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  beforeEach(() => {
    pipelineId += 1;
    runs = new OutboxRuns(database, pipelineId);
    table = new FailingTable(database, pipelineId);
    files = new FilesOf(runs, { rotate_blocks: 2 });
    hook = new RecordingSink();
  });
  after(() => database.close());

  const sinks = () => [table.openable(), files.openable(), hook.openable({ name: 'hook' })];
  const claimNow = async (): Promise<number> => (await new JournalStore(database).current(pipelineId))!.claim;

  /** Blocks up to 8, of which the database forgets what came behind block 2, with three claims. */
  async function setBack(): Promise<void> {
    await runs.run(sinks(), blocks(1, 2));
    const back = await runs.setBackPoint();
    for (const last of [4, 6, 8]) await runs.run(sinks(), blocks(last - 1, last));
    expect(await claimNow()).to.equal(4);
    await back();
  }

  const areStopped = (): Promise<unknown> =>
    eventually('both are stopped', async () => {
      const rows = await Promise.all(['table', 'files'].map((name) => runs.standing(name)));
      return rows.every(({ lastError }) => lastError?.includes('claimed later than the pipeline') === true);
    });
  const replay = async (name: string): Promise<unknown> =>
    new SinkStore(database).requestReplay(await runs.standing(name), 0);

  async function expectAll(): Promise<void> {
    const stored = await runs.stored();
    expect(files.lines).to.deep.equal([...stored.values()].sort());
    expect(await table.rows()).to.have.length(stored.size);
    expect(hook.state).to.deep.equal(stored);
  }

  it('has a table and files filled, and go on, in the run that is told to', async () => {
    await setBack();
    await runs.run(sinks(), async function* () {
      yield exampleBatch(3, 7);
      await areStopped();
      await Promise.all(['table', 'files'].map(replay));
      yield exampleBatch(8, 13);
      await eventually('both go on', async () => (await table.rows()).length === 13 && files.lines.length === 13);
    });
    // Above all that may still think that they hold them.
    expect(await claimNow()).to.equal(1_004);
    for (const name of ['table', 'files', 'hook']) {
      expect(await runs.standing(name)).to.include({ claim: 1_004, failing: false, cursorBlock: 13 });
    }
    await expectAll();
    await runs.run(sinks(), blocks(14, 15));
    await expectAll();
  });

  it('leaves them alone until somebody says so', async () => {
    await setBack();
    const error = await rejectionOf(runs.run(sinks(), noMore));
    expect(error).to.include({ code: 'SINK_STOPPED' });
    expect(await claimNow()).to.equal(2);
    expect(await table.rows()).to.have.length(8);
    await Promise.all(['table', 'files'].map(replay));
    await runs.run(sinks(), blocks(3, 9));
    await expectAll();
  });

  describe('has the claim of a run', () => {
    const store = () => new SinkStore(database, here);
    const begun = async (): Promise<SinkGuard> => {
      const { taskId: holder } = await new CheckpointStore(database).get(pipelineId);
      const taskId = await new TaskStore(database).claim(claimRequest({ pipelineId, holder, keepsRemoved: true }));
      return { pipelineId, taskId, claim: await claimNow() };
    };
    const head = () => new JournalStore(database).current(pipelineId);

    it('leap no further than it must, and once where several sinks ask for it', async () => {
      const claim = new RunClaim(store(), await begun());
      await Promise.allSettled([claim.leapOver(5), claim.leapOver(5)]);
      expect([claim.claim, await claimNow()]).to.deep.equal([1_005, 1_005]);
      await claim.leapOver(5);
      expect(await claimNow()).to.equal(1_005);
      expect((await begun()).claim).to.equal(1_006);
    });

    it('be what the database says where the answer was lost', async () => {
      const guard = await begun();
      const lost = async (...args: Parameters<SinkStore['claim']>): Promise<void> => {
        await store().claim(...args);
        throw new DatabaseUnreachableError('no answer');
      };
      const claim = new RunClaim({ claim: lost, claimOf: (task) => store().claimOf(task) }, guard);
      await rejectionOf(claim.leapOver(5), DatabaseUnreachableError);
      await claim.confirm(await head());
      expect(claim.claim).to.equal(1_005);
    });

    it('stay where another task has claimed the pipeline, or the task is another process’s', async () => {
      const former = new RunClaim(store(), await begun());
      const guard = await begun();
      await rejectionOf(former.leapOver(5), LeaseLostError);
      await rejectionOf(former.confirm(await head()), LeaseLostError);
      await giveAnew(database, guard.taskId);
      await rejectionOf(new RunClaim(store(), guard).leapOver(5), LeaseLostError);
      expect(await claimNow()).to.equal(2);
    });
  });
});
