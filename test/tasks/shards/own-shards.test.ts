import { expect } from 'chai';
import type { CutContext, Source, SourceContext } from '../../../src/components/seam/source.js';
import type { Database } from '../../../src/database/database.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { SourceMessage } from '../../../src/model/batch.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { runTask } from '../../../src/tasks/run/run-task.js';
import type { TaskOptions, TaskResult } from '../../../src/tasks/run/task-options.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { claimOptions, plainRun } from '../run/task-fixture.js';

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
});
