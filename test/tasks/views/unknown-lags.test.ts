import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { EndpointStore, type ReportedEndpoint } from '../../../src/database/operations/endpoint-store.js';
import { taskToJson } from '../../../src/model/task-json.js';
import type { Task } from '../../../src/model/task.js';
import { markUnknownLags } from '../../../src/tasks/views/unknown-lags.js';
import { openMigrated } from '../../support/migrated-database.js';
import { eachDatabase } from '../../support/databases.js';

const progress = { nextBlock: 11, targetBlock: null, headBlock: 11, events: 0 };
const following = {
  id: 1,
  status: 0,
  waiting: null,
  worker: 'h:1',
  pipelineId: 45,
  progress: { ...progress, mode: 'realtime' },
} as Task;
const others = [
  { ...following, id: 2, worker: 'h:2' },
  { ...following, id: 3, status: 1 },
  { ...following, id: 4, progress: { ...progress, mode: 'historical' } },
  { ...following, id: 5, progress: null },
] as readonly Task[];
const away: ReportedEndpoint = {
  ...{ name: 'rpc.example', state: 'resting', headMs: null, logsMs: null, errorRate: 1, inFlight: 0 },
  ...{ maxInFlight: null, maxPerSecond: null, newestBlock: 11, requests: 4, failures: 4 },
  ...{ lastError: 'connect ECONNREFUSED', lastErrorSeconds: 20 },
};

eachDatabase('how far tasks are behind', (databases) => {
  let database: Database;

  before(async () => {
    database = await openMigrated(await databases.fresh());
  });
  after(() => database.close());

  const shown = async (): Promise<readonly object[]> => {
    const marked = await markUnknownLags(database, [following, ...others], 30);
    return marked.map((task) => (taskToJson(task, { timeoutMinutes: 60 }) as { progress: object }).progress);
  };

  it('is known as long as a node of theirs answers', async () => {
    await new EndpointStore(database).report({ session: 'a', chainId: 1, worker: { name: 'h:1', identity: null } }, [
      { ...away, state: 'healthy' },
    ]);
    expect((await shown())[0])
      .to.deep.include({ lag_blocks: 0 })
      .and.not.to.have.property('lag_unknown_since');
  });

  it('is unknown of those that follow the head while none does', async () => {
    await new EndpointStore(database).report({ session: 'a', chainId: 1, worker: { name: 'h:1', identity: null } }, [
      away,
    ]);
    const [first, ...rest] = await shown();
    expect(first).to.include({ lag_blocks: null });
    expect(first)
      .to.have.property('lag_unknown_since')
      .that.matches(/^\d{4}-\d\d-\d\dT/);
    for (const each of rest.slice(0, 3)) expect(each).to.include({ lag_blocks: 0 });
    expect(rest[3]).to.equal(null);
  });
});
