import { expect } from 'chai';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { Scenario } from '../support/scenario.js';
import { endGently } from '../support/watched-runs.js';
import { eventually } from '../support/within.js';

interface TaskJson {
  readonly task_id: number;
  readonly status: number;
  readonly end_reason: string | null;
  readonly worker: string | null;
  readonly progress: { readonly next_block: number; readonly events: number } | null;
}

/** The API of a scenario, as a client calls it. */
class ApiClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async get<T>(path: string): Promise<T> {
    return (await (await fetch(`${this.#url}${path}`)).json()) as T;
  }

  async post(path: string, body?: object): Promise<{ readonly status: number; readonly json: TaskJson }> {
    const response = await fetch(`${this.#url}${path}`, {
      method: 'POST',
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return { status: response.status, json: (await response.json()) as TaskJson };
  }

  /** Queues a task; returns its id. */
  async start(body: object): Promise<number> {
    const { status, json } = await this.post('/api/v1/pipeline/start', body);
    expect(status, JSON.stringify(json)).to.equal(202);
    expect(json).to.include({ status: 3, status_text: '等待运行' });
    return json.task_id;
  }

  async ended(id: number): Promise<TaskJson> {
    return eventually(`task ${id} has ended`, async () => {
      const task = await this.get<TaskJson>(`/api/v1/pipeline/task/${id}`);
      return task.status === 1 || task.status === 2 ? task : null;
    });
  }
}

describe('serve and workers', () => {
  let node: ChainSimulator;

  before(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(60);
  });
  after(() => node.stop());

  eachDatabaseInTurn('at work on one database', (testDatabase) => {
    let scenario: Scenario;
    let database: Database;
    let api: ApiClient;
    let server: Child;
    const workers: Child[] = [];

    beforeEach(async function () {
      this.timeout(60_000);
      const url = await testDatabase.fresh();
      scenario = await Scenario.begin(url, node.url, { mode: 'historical', startBlock: 0, endBlock: 50 });
      for (const id of [46, 47, 48])
        await scenario.chainparse('pipeline', 'import', 'pipeline.json', '--id', String(id), '--name', `p${id}`);
      database = await openDatabase(url);
      server = scenario.start('serve', '--port', '0', '--json');
      const [, apiUrl = ''] = await server.output(/^{\s*"url":\s*"(.*?)"\s*}/);
      api = new ApiClient(apiUrl);
    });
    afterEach(async () => {
      await endGently([server, ...workers.splice(0)]);
      await database.close();
    });

    const startWorker = async (...options: string[]): Promise<Child> => {
      const worker = scenario.start('worker', '--rpc-url', node.url, '--log-level', 'debug', ...options);
      workers.push(worker);
      await worker.output(/runs queued tasks/);
      return worker;
    };

    it('run each queued task once, whichever worker takes it, one at a time of a pipeline', async function () {
      this.timeout(90_000);
      const ids: number[] = [];
      for (const pipelineId of [45, 46, 47, 48]) ids.push(await api.start({ pipeline_id: pipelineId }));
      const again = { pipeline_id: 45, fresh: true, from_block: 10, to_block: 20 };
      expect((await api.post('/api/v1/pipeline/start', again)).status).to.equal(409);
      await startWorker('--concurrency', '2');
      await startWorker('--concurrency', '2');
      await api.ended(ids[0] ?? 0);
      ids.push(await api.start(again));
      const ends = await Promise.all(ids.map((id) => api.ended(id)));
      expect(ends.map(({ end_reason }) => end_reason)).to.deep.equal(Array(5).fill('completed'));
      expect(ends.map((task) => task.progress?.next_block)).to.deep.equal([51, 51, 51, 51, 21]);
      const started = workers.flatMap(({ stderr }) => [...stderr.matchAll(/"event":"task\.started","task_id":(\d+)/g)]);
      expect(started.map(([, id]) => Number(id)).sort()).to.deep.equal([...ids].sort());
      const { lines } = await api.get<{ lines: string[] }>(`/api/v1/pipeline/task/${ids[0]}/log?lines=900`);
      expect(lines.join('\n')).to.contain('"event":"task.status"');
    });

    it('stop at the first signal: what runs is handed over, what waits goes on waiting', async function () {
      this.timeout(90_000);
      const live = await api.start({ pipeline_id: 45, mode: 'realtime' });
      const second = await api.start({ pipeline_id: 46 });
      const worker = await startWorker('--concurrency', '1');
      const store = new TaskStore(database);
      await eventually('the live task beats', async () => ((await store.get(live)).progress?.nextBlock ?? 0) > 50);
      worker.signal('SIGTERM');
      expect((await worker.exit(10_000)).code).to.equal(0);
      expect(await store.get(live)).to.include({ status: 1, endReason: 'handed_over' });
      const [next] = (await store.list({ pipelineId: 45, limit: 1, offset: 0 })).tasks;
      expect(next).to.include({ status: 3 });
      expect(await store.get(second)).to.include({ status: 3 });
      await startWorker();
      expect(await api.ended(second)).to.include({ end_reason: 'completed' });
    });

    it('leave what was cancelled alone, and stop what is cancelled while it runs', async function () {
      this.timeout(90_000);
      const cancelled = await api.start({ pipeline_id: 46 });
      expect((await api.post(`/api/v1/pipeline/task/${cancelled}/cancel`)).status).to.equal(200);
      const live = await api.start({ pipeline_id: 45, mode: 'realtime' });
      const worker = await startWorker();
      const store = new TaskStore(database);
      await eventually('the live task runs', async () => (await store.get(live)).status === 0);
      expect((await api.post(`/api/v1/pipeline/task/${live}/cancel`)).status).to.equal(200);
      await worker.output(new RegExp(`task ${live} was cancelled`));
      expect(await store.get(cancelled)).to.include({ status: 1, endReason: 'stopped', worker: null });
    });

    it('tell what a person stopped as that, where they end themselves before they have learned of it', async function () {
      this.timeout(90_000);
      const live = await api.start({ pipeline_id: 45, mode: 'realtime' });
      const worker = await startWorker('--json');
      const store = new TaskStore(database);
      await eventually('the live task beats', async () => ((await store.get(live)).progress?.nextBlock ?? 0) > 50);
      expect((await api.post(`/api/v1/pipeline/task/${live}/cancel`)).status).to.equal(200);
      worker.signal('SIGTERM');
      expect((await worker.exit(10_000)).code).to.equal(0);
      expect(worker.stdout).to.match(new RegExp(`^{.*"task_id":${live},.*"end_reason":"stopped"`, 'm'));
      expect(worker.stderr).not.to.contain('worker.task_failed');
    });
  });
});
