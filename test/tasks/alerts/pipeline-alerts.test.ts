import { expect } from 'chai';
import { alertRules, type Alert } from '../../../src/model/alert.js';
import type { RpcEndpoint } from '../../../src/model/rpc-endpoint.js';
import type { Task } from '../../../src/model/task.js';
import { PipelineAlerts } from '../../../src/tasks/alerts/pipeline-alerts.js';
import type { PipelineFacts } from '../../../src/tasks/alerts/pipeline-verdict.js';
import { AlertFixture, storedAlert } from './alert-fixture.js';
import { defaultRules, noRules } from './alert-rules.js';
import { silentTask } from '../monitor/monitor-fixture.js';

const down = 'pipeline_down:pipeline 45';
const unreachable = 'rpc_unreachable:chain ethereum';
const unreachablePortal = 'rpc_unreachable:portal of chain ethereum';
const lag = 'lag:pipeline 45';
const running: Task = {
  ...{ ...silentTask, lastHeartbeat: '2024-01-15T10:09:50', silentSeconds: 10 },
  progress: { mode: 'realtime', nextBlock: 50, targetBlock: null, headBlock: 100, events: 1 },
};
const failed: Task = { ...running, status: 2, endTime: '2024-01-15T10:06:00', endReason: 'timeout' };
const gone: RpcEndpoint = {
  ...{
    name: 'node.example',
    chainId: 1,
    worker: 'host-1:4711',
    workerIdentity: null,
    state: 'resting',
    updateTime: '',
    ageSeconds: 1,
  },
  ...{
    lastError: 'node.example: connect ECONNREFUSED',
    lastErrorTime: '2024-01-15T10:09:00',
    muteSeconds: 240,
    requests: 9,
  },
  ...{ headMs: null, logsMs: null, errorRate: 1, inFlight: 0, maxInFlight: null, maxPerSecond: null, failures: 9 },
  ...{ newestBlock: null, muteSince: '2024-01-15T10:06:00' },
};

describe('the alert rules of pipelines', () => {
  let fixture: AlertFixture;
  let alerts: PipelineAlerts;
  let pipeline: PipelineFacts | null;
  let others: readonly PipelineFacts[];
  let endpoints: readonly RpcEndpoint[];

  beforeEach(() => {
    fixture = new AlertFixture();
    pipeline = { id: 45, name: 'transfers', disabled: false, task: running, wanted: null };
    others = [];
    endpoints = [];
    alerts = open();
  });

  function open(rules = defaultRules): PipelineAlerts {
    const { desk, clock } = fixture;
    const stored = (): Alert[] =>
      [...fixture.open.values()].map((each) => ({ ...storedAlert(each), createTime: '2024-01-15T10:08:00' }));
    return new PipelineAlerts({
      ...{ desk, clock, rules, defaultIntervalSeconds: 30 },
      store: { list: () => Promise.resolve({ alerts: stored(), total: 1 }) },
      mutes: { list: () => Promise.resolve([]) },
      readFacts: () =>
        Promise.resolve({
          now: '2024-01-15T10:10:00',
          pipelines: [...(pipeline === null ? [] : [pipeline]), ...others],
          endpoints,
          chains: new Map([
            [45, 1],
            [46, 1],
          ]),
        }),
    });
  }

  async function judge(task?: Task): Promise<readonly string[]> {
    if (task !== undefined && pipeline !== null) pipeline = { ...pipeline, task };
    await alerts.judge();
    return fixture.told();
  }

  it('tell that a pipeline is down once its task timed out, and that it works once another task does', async () => {
    expect(await judge(failed)).to.deep.equal([`alert.raised ${down}`]);
    expect(fixture.logger.lines.at(-1)).to.contain(
      'pipeline 45 (transfers) is down for 4 min: task 123 fell silent and timed out',
    );
    const next = { ...running, id: 124 };
    for (const task of [failed, { ...next, status: 3 }, { ...next, lastHeartbeat: null }]) {
      expect(await judge(task)).to.deep.equal([]);
    }
    // A beat from before it was raised says nothing.
    expect(await judge({ ...next, lastHeartbeat: '2024-01-15T10:08:00' })).to.deep.equal([]);
    expect(await judge(next)).to.deep.equal([`alert.cleared ${down}`]);
    expect(fixture.logger.lines.at(-1)).to.contain('pipeline 45 works again: task 124 runs');
  });

  it('clear what is over, whoever had raised it: also what was said of its task, or where the pipeline is gone', async () => {
    const conditions = ['pipeline_stalled', 'task_stalled', 'heartbeat_failing', 'pipeline_down'] as const;
    const about = { message: '', taskId: 1, pipelineId: 45, details: {} };
    for (const rule of conditions) fixture.open.set(`${rule}:it`, { ...about, rule, subject: 'it' });
    expect(await judge({ ...running, silentSeconds: 95 })).to.deep.equal([]);
    pipeline = null;
    expect(await judge()).to.deep.equal(conditions.map((rule) => `alert.cleared ${rule}:it`));
    expect(fixture.open.size).to.equal(0);
  });

  it('forget what others have cleared, so that it is new where it comes back', async () => {
    await judge(failed);
    fixture.open.clear();
    expect(await judge({ ...running, lastHeartbeat: null })).to.deep.equal([]);
    expect(fixture.desk.standing).to.deep.equal([]);
    expect(await judge({ ...failed, id: 125 })).to.deep.equal([`alert.raised ${down}`]);
  });

  it('tell that no endpoint of a chain answers, until one does or nobody needs it', async () => {
    endpoints = [{ ...gone, muteSeconds: 59 }];
    expect(await judge()).to.deep.equal([]);
    endpoints = [gone, { ...gone, name: 'b.example', muteSeconds: 3_000 }];
    expect(await judge()).to.deep.equal([`alert.raised ${unreachable}`]);
    expect(fixture.logger.lines.at(-1)).to.contain(
      'RPC b.example, node.example unreachable for 4 min: connect ECONNREFUSED (ethereum; pipeline 45)',
    );
    endpoints = [];
    expect(await judge()).to.deep.equal([]);
    endpoints = [gone, { ...gone, name: 'b.example', state: 'healthy', muteSeconds: null }];
    expect(await judge()).to.deep.equal([`alert.cleared ${unreachable}`]);
    endpoints = [gone];
    await judge();
    endpoints = [];
    expect(await judge({ ...running, status: 1, endReason: 'stopped' })).to.deep.equal([
      `alert.cleared ${unreachable}`,
    ]);
  });

  it('judge a portal apart from the nodes of its chain, which others ask', async () => {
    const portal: RpcEndpoint = { ...gone, name: 'portal sqd.example', worker: 'host-2:1', lastError: 'HTTP 502' };
    const [well, portalWell] = [gone, portal].map((each): RpcEndpoint => ({
      ...each,
      state: 'healthy',
      muteSeconds: null,
    }));
    endpoints = [well!, portal];
    others = [{ ...pipeline!, id: 46, task: { ...running, pipelineId: 46, worker: portal.worker } }];
    expect(await judge()).to.deep.equal([`alert.raised ${unreachablePortal}`]);
    // Pipeline 45 asks the node, in the process that reports it.
    expect(fixture.logger.lines.at(-1)).to.contain(
      'portal sqd.example unreachable for 4 min: HTTP 502 (ethereum; pipeline 46)',
    );
    others = [];
    endpoints = [gone, portalWell!];
    expect(await judge({ ...running, worker: 'host-1:4711' })).to.have.members([
      `alert.raised ${unreachable}`,
      `alert.cleared ${unreachablePortal}`,
    ]);
    // Nobody asks a node for a while: that a portal answers says nothing of it.
    endpoints = [portalWell!];
    expect(await judge()).to.deep.equal([]);
    endpoints = [well!];
    expect(await judge()).to.deep.equal([`alert.cleared ${unreachable}`]);
  });

  it('tell of a portal that only a shard lacks until its pipeline is over', async () => {
    const node: RpcEndpoint = { ...gone, state: 'healthy', muteSeconds: null };
    const portal: RpcEndpoint = { ...gone, name: 'portal sqd.example', worker: 'host-2:1' };
    endpoints = [node, portal];
    expect(await judge({ ...running, worker: node.worker })).to.deep.equal([`alert.raised ${unreachablePortal}`]);
    expect(fixture.logger.lines.at(-1)).to.contain('pipeline 45');
    endpoints = [];
    expect(
      await judge({ ...running, status: 1, endTime: '2024-01-15T10:09:00', endReason: 'completed' }),
    ).to.deep.equal([`alert.cleared ${unreachablePortal}`]);
  });

  it('take no node that a process of the same name asked, or that was asked long ago, for one of the pipeline', async () => {
    const node: RpcEndpoint = { ...gone, state: 'healthy', muteSeconds: null };
    const portal: RpcEndpoint = { ...gone, name: 'portal sqd.example' };
    others = [{ ...pipeline!, id: 46, task: { ...running, pipelineId: 46, worker: 'host-3:1' } }];
    for (const other of [
      { ...node, workerIdentity: 'another' },
      { ...node, ageSeconds: 600 },
    ]) {
      endpoints = [other, portal];
      fixture.open.clear();
      alerts = open();
      await judge({ ...running, worker: node.worker, workerIdentity: 'this' });
      expect(fixture.logger.lines.at(-1)).to.contain('pipelines 45, 46');
    }
  });

  it('name the pipelines that have nothing but a portal that is away', async () => {
    endpoints = [{ ...gone, name: 'portal sqd.example', lastError: 'HTTP 502' }];
    expect(await judge()).to.deep.equal([`alert.raised ${unreachablePortal}`]);
    expect(fixture.logger.lines.at(-1)).to.contain('HTTP 502 (ethereum; pipeline 45)');
  });

  it('do not call a chain unreachable whose endpoint tells of new blocks, and refuses other calls', async () => {
    const refusing: RpcEndpoint = { ...gone, state: 'failing', headMs: 12, lastError: 'node.example: backend busy' };
    endpoints = [refusing, { ...gone, name: 'b.example' }];
    expect(await judge()).to.deep.equal([`alert.raised ${unreachable}`]);
    expect(fixture.logger.lines.at(-1)).to.contain(
      'RPC node.example answers, but has refused most calls for 4 min: backend busy (ethereum; pipeline 45)',
    );
    fixture.open.clear();
    endpoints = [{ ...refusing, headMs: null }];
    await judge();
    await judge();
    expect(fixture.logger.lines.at(-1)).to.contain('RPC node.example unreachable for 4 min: backend busy');
  });

  it('tell that a pipeline lags, and nothing of its lag while its nodes do not answer', async () => {
    const lagging = async (): Promise<readonly string[]> => {
      const told = await judge();
      await fixture.clock.advance(60_000);
      return told;
    };
    for (let i = 0; i < 5; i++) expect(await lagging()).to.deep.equal([]);
    endpoints = [{ ...gone, muteSeconds: 1 }];
    expect(await lagging()).to.deep.equal([]);
    endpoints = [];
    expect(await lagging()).to.deep.equal([`alert.raised ${lag}`]);
    expect(fixture.logger.lines.at(-1)).to.contain('pipeline 45 (transfers) is 50 blocks behind the head');
    const near = { mode: 'realtime', nextBlock: 102, targetBlock: null, headBlock: 102, events: 1 } as const;
    expect(await judge({ ...running, progress: near })).to.deep.equal([`alert.cleared ${lag}`]);
  });

  it('clear what a rule has left that is switched off, and leave alone what is watched and not known to be over', async () => {
    const left = { message: '', taskId: null, pipelineId: 45, details: {} };
    for (const rule of alertRules) fixture.open.set(`${rule}:it`, { ...left, rule, subject: 'it' });
    pipeline = { id: 45, name: 'transfers', disabled: false, task: { ...running, silentSeconds: 95 }, wanted: null };
    expect((await judge()).filter((told) => !/rpc_unreachable|sink_/.test(told))).to.deep.equal([]);
    alerts = open(noRules);
    expect([...(await judge())].sort()).to.deep.equal(alertRules.map((rule) => `alert.cleared ${rule}:it`).sort());
    expect(fixture.logger.lines.at(-1)).to.contain('it is no longer watched: the rule is switched off');
    fixture.open.set('timeout_rate:tasks', { ...left, rule: 'timeout_rate', subject: 'tasks' });
    await judge();
    expect(fixture.logger.lines.at(-1)).to.contain('tasks are no longer watched: the rule is switched off');
  });

  it('raise nothing where they are switched off', async () => {
    alerts = open(noRules);
    endpoints = [gone];
    expect(await judge(failed)).to.deep.equal([]);
  });
});
