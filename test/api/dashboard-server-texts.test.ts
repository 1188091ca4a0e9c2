import { join } from 'node:path';
import { expect } from 'chai';
import { readReadiness, unreadChecks } from '../../src/api/readiness.js';
import { CheckpointStore } from '../../src/database/events/checkpoint-store.js';
import type { Database } from '../../src/database/database.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import { alertText } from '../../src/model/alert-text.js';
import type { AlertCondition } from '../../src/model/alert.js';
import type { Progress, Task } from '../../src/model/task.js';
import * as conditions from '../../src/tasks/alerts/alert-conditions.js';
import { ageTask } from '../database/aged-task.js';
import { claimRequest } from '../database/claim-request.js';
import { insertSilentTask } from '../database/insert-silent-task.js';
import { openMigrated } from '../support/migrated-database.js';
import { projectRoot } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { asReadOnly, testApi, type TestApi } from './api-fixture.js';

interface Dashboard {
  setLanguage(language: 'en' | 'zh'): void;
  checkText(check: object): string;
  alertText(alert: object): string;
}

const folder = join(projectRoot, 'src/api/dashboard');
const chinese = /[\u4e00-\u9fff]/;

/** Loads the dashboard's code, which finds itself in no browser here. */
async function loadDashboard(): Promise<Dashboard> {
  Object.defineProperty(globalThis, 'navigator', { value: { language: 'en' }, configurable: true });
  const modules = ['language.js', 'parts/server-texts.js'].map((path) => import(join(folder, path)) as Promise<object>);
  return Object.assign({}, ...(await Promise.all(modules))) as Dashboard;
}

describe('what the dashboard makes of what the server says', () => {
  let database: Database;
  let api: TestApi;
  let dashboard: Dashboard;

  before(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/test.db`);
    api = testApi(database);
    dashboard = await loadDashboard();
  });
  after(async () => {
    await api.app.close();
    await database.close();
  });

  /** Checks that it says the same in English, and says it in Chinese with the same numbers. */
  function expectBoth(english: string, read: () => string): void {
    dashboard.setLanguage('en');
    expect(read()).to.equal(english);
    dashboard.setLanguage('zh');
    expect(read()).to.match(chinese);
    const numbers = (text: string): string[] => (text.match(/\d+/g) ?? []).sort();
    expect(numbers(read())).to.deep.equal(numbers(english));
  }

  async function runLive(pipelineId: number, headBlock: number, known: Partial<Progress> = {}): Promise<number> {
    await new CheckpointStore(database).get(pipelineId);
    const taskId = await new TaskStore(database).claim(claimRequest({ pipelineId }));
    const progress = { mode: 'realtime', nextBlock: 100, targetBlock: null, headBlock, events: 1, ...known } as const;
    await new TaskStore(database).renew([{ taskId, progress }]);
    return taskId;
  }

  it('tells every check in the language that is shown', async () => {
    const kinds = new Set<string>();
    const look = async (seen = database): Promise<void> => {
      for (const check of (await readReadiness({ ...api.parts, database: seen })).checks) {
        kinds.add(`${check.name} ${check.kind}`);
        expect(JSON.stringify(check), 'a name turns round no sentence').not.to.contain('\u202e');
        expectBoth(check.detail, () => dashboard.checkText(check));
      }
    };
    await look();
    await runLive(45, 99);
    await look();
    await look(asReadOnly(database));
    const behind = await runLive(46, 107);
    await look();
    await runLive(49, 99, { lagUnknownSeconds: 17 });
    await look();
    await database.write([database.knex('pipeline_task').where({ pipeline_id: 49 }).delete()]);
    // An older program's table may hold NULL.
    const unknown = { pipeline_id: 45, status: 0, create_time: 'no time', log_path: '' };
    await database.write([database.knex('pipeline_task').insert(unknown)]);
    await look();
    await insertSilentTask(database, 1_000);
    await look();
    await api.parts.database.write([database.knex('monitor').insert(monitorRow())]);
    await look();
    for (const id of [47, 48]) {
      const { knex } = database;
      const failed = { pipeline_id: id, status: 2, create_time: database.dialect.now(knex), log_path: '' };
      await database.write([
        knex('pipeline').insert({ id, name: `\u202ep${id}` }),
        knex('pipeline_task').insert(failed),
      ]);
      await look();
    }
    await ageTask(database, behind, { created: 900, heartbeat: 300 });
    await look();
    expect([...kinds].sort()).to.deep.equal([
      'database answers',
      'database read_only',
      'lag behind',
      'lag level',
      'lag none',
      'lag silent',
      'lag uncommitted',
      'monitor alive',
      'monitor missing',
      'monitor unneeded',
      'pipelines down',
      'pipelines none',
      'silence none',
      'silence silent',
      'silence unknown',
    ]);
  });

  function monitorRow(): Record<string, unknown> {
    const now = database.dialect.now(database.knex);
    return { name: 'host-1:1', create_time: now, last_heartbeat: now, check_interval: 300 };
  }

  it('tells a database that fails in the words of the failure', async () => {
    const broken = Object.create(database, {
      read: { value: () => Promise.reject(new Error('it is gone')) },
    }) as Database;
    const [check] = (await readReadiness({ ...api.parts, database: broken })).checks;
    dashboard.setLanguage('en');
    expect(dashboard.checkText(check ?? {})).to.equal('it is gone');
    dashboard.setLanguage('zh');
    expect(dashboard.checkText(check ?? {})).to.equal('不可用: it is gone');
  });

  it('tells that nobody knows of the rest while the database fails', async () => {
    const { checks } = await readReadiness(api.parts);
    const [first, ...rest] = unreadChecks('it is gone', checks);
    expect(first).to.include({ name: 'database', ok: false, detail: 'it is gone' });
    expect(rest).to.have.length(4);
    for (const check of rest) expectBoth(check.detail, () => dashboard.checkText(check));
  });

  it('tells every alert in the language that is shown', async () => {
    const silent = await new TaskStore(database).get(await insertSilentTask(database, 900));
    for (const condition of everyCondition(silent)) {
      const { message, sinceSeconds = 0 } = condition;
      const alert = { message, message_zh: alertText(condition, sinceSeconds, 'zh'), since_seconds: sinceSeconds };
      expectBoth(message, () => dashboard.alertText(alert));
      const standing = { ...alert, message: alertText(condition, null, 'en'), since_seconds: 240 };
      dashboard.setLanguage('en');
      const told = dashboard.alertText(standing);
      if (standing.message.includes('{age}')) expect(told).to.contain('4 min');
      expect(told).not.to.contain('{');
    }
  });

  it('tells as the server does what it does not know', () => {
    dashboard.setLanguage('zh');
    const alert = { rule: 'of_tomorrow', details: {}, message: 'something new is wrong', task_id: null };
    expect(dashboard.alertText(alert)).to.equal('something new is wrong');
    const check = { name: 'moon', kind: 'full', values: {}, detail: 'it is full' };
    expect(dashboard.checkText(check)).to.equal('it is full');
  });
});

function everyCondition(silent: Task): readonly AlertCondition[] {
  const task = { taskId: 7_001, pipelineId: 45 };
  const chain: conditions.UnreachableChain = {
    ...{ chain: 'ethereum', chainId: 1, by: 'nodes', endpoints: ['node.example'], error: 'connect ECONNREFUSED' },
    ...{ cause: 'silent', sinceSeconds: 61 },
  };
  const down: conditions.Down = {
    taskId: 7_001,
    cause: 'failed',
    ...{ error: 'it broke', failures: 3, held: null, waitsFor: 'a worker', sinceSeconds: 61 },
  };
  return [
    conditions.heartbeatFailing(task, 3, 'ECONNRESET'),
    conditions.pipelineHangs(task, 301, 'host-1:4711'),
    conditions.pipelineSilent(silent),
    conditions.pipelineDown({ id: 45, name: 'transfers' }, down),
    conditions.pipelineDown({ id: 45, name: 'transfers' }, { ...down, cause: 'timeout' }),
    conditions.pipelineDown({ id: 45, name: 'transfers' }, { ...down, cause: 'not_running', held: 'the wrong chain' }),
    conditions.rpcUnreachable(chain, [45, 46]),
    conditions.rpcUnreachable(chain, []),
    conditions.rpcUnreachable({ ...chain, cause: 'refuses' }, [45]),
    conditions.rpcUnreachable({ ...chain, by: 'portal', endpoints: ['portal sqd.example'] }, [45]),
    conditions.pipelineLags({ id: 45, name: 'transfers' }, { taskId: 7_001, blocks: 1_000, sinceSeconds: 301 }),
    conditions.manySilent([silent]),
    conditions.timeoutRate({ timedOut: 4, ended: 5, timeoutRate: 0.8, running: 1, runningLonger: 0 }, 60),
    conditions.databaseUnreachable(61, 'ECONNRESET'),
    conditions.noMonitor(),
  ];
}
