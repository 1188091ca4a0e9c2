import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { Scenario } from '../support/scenario.js';
import { endGently } from '../support/watched-runs.js';
import { eventually } from '../support/within.js';

const silent = ['--stall-after', '2', '--heartbeat-interval', '1'];

eachDatabaseInTurn('a task whose node died and that has stopped beating', (databases) => {
  let node: ChainSimulator;
  let scenario: Scenario;
  let monitor: Child;

  beforeEach(async function () {
    this.timeout(60_000);
    node = await ChainSimulator.start({}, { finalizedDistance: 64 });
    node.mine(20);
    scenario = await Scenario.begin(await databases.fresh(), node.url, { mode: 'realtime' });
    monitor = scenario.start('monitor', '--interval', '1', '--heartbeat-interval', '1', '--timeout', '10');
  });
  afterEach(async () => {
    await endGently([monitor]);
    await node.stop();
  });

  async function untilStalled(process: Child): Promise<void> {
    await scenario.reaches(10);
    await node.stop();
    await eventually('it has stopped beating', () => Promise.resolve(/stops beating/.test(process.stderr)), 20_000);
    await eventually('somebody is alerted', async () => (await alerts()).length > 0, 20_000);
  }

  async function alerts(...options: string[]): Promise<readonly { readonly rule: string }[]> {
    const text = await scenario.chainparse('alerts', 'list', '--json', ...options);
    return (JSON.parse(text) as { alerts: { rule: string }[] }).alerts.filter(
      ({ rule }) => rule === 'pipeline_stalled',
    );
  }

  it('ends its run within a heartbeat interval once a person has cancelled it, and nobody is alerted again', async function () {
    this.timeout(90_000);
    const run = scenario.run(...silent);
    await untilStalled(run);
    const [before] = await scenario.tasks();
    await scenario.chainparse('tasks', 'cancel', '1');
    const at = performance.now();
    const { code, stderr } = await run.exit(5_000);
    expect(code, stderr).to.equal(0);
    expect(performance.now() - at).to.be.lessThan(4_000);
    expect(stderr).to.match(/task 1 was cancelled/);
    const [task] = await scenario.tasks();
    expect(task).to.include({ end_reason: 'stopped', last_heartbeat: before?.last_heartbeat });
    expect(await alerts()).to.deep.equal([]);
    const told = (await alerts('--all')).length;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await alerts('--all')).to.have.length(told);
  });

  it('leaves its worker within a heartbeat interval, which goes on', async function () {
    this.timeout(90_000);
    const server = scenario.start('serve', '--port', '0', '--log-level', 'info');
    const url = await eventually('it serves', () =>
      Promise.resolve(/http:\/\/127\.0\.0\.1:\d+/.exec(server.stderr + server.stdout)?.[0] ?? null),
    );
    const start = (): Promise<Response> =>
      fetch(`${url}/api/v1/pipeline/start`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"pipeline_id":45}',
      });
    const worker = scenario.start('worker', '--concurrency', '1', ...silent);
    expect((await start()).status).to.equal(202);
    await untilStalled(worker);
    await scenario.chainparse('tasks', 'cancel', '1');
    expect((await start()).status).to.equal(202);
    await eventually('the next task has begun', async () => (await scenario.tasks())[0]?.status === 0, 5_000);
    await endGently([worker, server]);
  });
});
