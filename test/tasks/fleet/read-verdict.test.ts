import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { PipelineStore } from '../../../src/database/pipelines/pipeline-store.js';
import { EndStore } from '../../../src/database/pipelines/end-store.js';
import { WantedStore } from '../../../src/database/pipelines/wanted-store.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { taskStatus } from '../../../src/model/task.js';
import type { EndVerdict } from '../../../src/model/wanted.js';
import { parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { readVerdict } from '../../../src/tasks/fleet/read-verdict.js';
import { Schedules } from '../../../src/tasks/fleet/schedules.js';
import { claimRequest } from '../../database/claim-request.js';
import { definitionOptions, monitorYaml } from '../../pipeline/definition/definition-texts.js';
import { openMigrated } from '../../support/migrated-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('what follows from an end, also where a person changes the definition before it is judged', () => {
  let database: Database;
  let wanted: WantedStore;
  let ends: EndStore;
  let tasks: TaskStore;
  const id = 45;

  beforeEach(async function () {
    this.timeout(20_000);
    database = await openMigrated(`sqlite:${temporaryFolder()}/c.db`);
    wanted = new WantedStore(database, 30);
    ends = new EndStore(database, 30);
    tasks = new TaskStore(database);
    await define();
    await new CheckpointStore(database).get(id);
  });
  afterEach(() => database.close());

  const define = async (keys = 'mode: realtime'): Promise<number> => {
    const definition = await parseDefinition(monitorYaml(keys), 'p.yaml', definitionOptions);
    return new PipelineStore(database).import({ ...definition, id }, { update: true });
  };
  const run = async (queuedTaskId: number | null, holder: number | null = null): Promise<number> =>
    tasks.claim(claimRequest({ queuedTaskId: queuedTaskId ?? undefined, holder }));
  const failed = { status: taskStatus.failed, endReason: 'chain_mismatch', error: 'the wrong chain' } as const;
  const completed = { status: taskStatus.succeeded, endReason: 'completed', error: null } as const;
  const judge = async (): Promise<EndVerdict> => {
    const [end] = await ends.listUnjudged(0, 10);
    const verdict = await readVerdict(database, new Schedules(database), end!);
    expect(await ends.judge(end!, verdict)).to.equal(true);
    return verdict;
  };

  it('is another try at once where only a person could have mended it, and a hold where that ends so, too', async () => {
    const first = await run((await wanted.start(id)).queuedTaskId);
    await tasks.finish(first, failed, null);
    await define();
    expect(await judge()).to.deep.equal({ kind: 'again', inSeconds: 0, failures: 0 });
    const second = await run(await wanted.queueDue(id), first);
    await tasks.finish(second, failed, null);
    expect(await judge()).to.deep.equal({ kind: 'held', reason: 'the wrong chain', failures: 1 });
  });

  it('is another try where the task began by the old one, and ended so only then', async () => {
    const first = await run((await wanted.start(id)).queuedTaskId);
    await define();
    await tasks.finish(first, failed, null);
    expect(await judge()).to.deep.equal({ kind: 'again', inSeconds: 0, failures: 0 });
  });

  it('is nothing more where it had read all', async () => {
    await define('mode: historical');
    await tasks.finish(await run((await wanted.start(id)).queuedTaskId), completed, null);
    await define('mode: historical');
    expect(await judge()).to.deep.equal({ kind: 'done' });
  });

  it('is another run where it had read a part of a history without an end, and nothing more once that has read all', async () => {
    await define('mode: historical');
    const { queuedTaskId } = await wanted.start(id);
    await tasks.cancel(queuedTaskId ?? 0);
    const part = await tasks.claim(claimRequest({ run: { toBlock: 100 } }));
    const next = (await wanted.start(id)).queuedTaskId;
    await tasks.finish(part, completed, null);
    await tasks.finish(await run(next, part), completed, null);
    expect(await judge()).to.deep.equal({ kind: 'done' });
    await database.write([database.knex('pipeline_wanted').update({ state: 'started', judged_task_id: null })]);
    await database.write([database.knex('pipeline_task').where({ id: next }).update({ run_options: '{"toBlock":9}' })]);
    expect(await judge()).to.include({ kind: 'again', failures: 0 });
  });
});
