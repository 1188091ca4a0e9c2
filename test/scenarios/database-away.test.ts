import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { openDatabase } from '../../src/database/open/open-database.js';
import { queueTask } from '../../src/database/task-steps/queue-task.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { createDatabase, eachServer } from '../support/databases.js';
import { eventually } from '../support/within.js';
import { idsOf, Scenario } from '../support/scenario.js';
import { TcpProxy } from '../support/tcp-proxy.js';

eachServer('a run whose database goes away', (server) => {
  let node: ChainSimulator;
  let mining: NodeJS.Timeout;

  beforeEach(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 20 });
    node.mine(5);
    mining = setInterval(() => node.mine(1), 100);
  });

  afterEach(async () => {
    clearInterval(mining);
    await node.stop();
  });

  async function beginRealtime(databaseUrl: string): Promise<Scenario> {
    return await Scenario.begin(databaseUrl, node.url, { mode: 'realtime' });
  }

  /** Lets the run catch up with a chain that has stopped growing, asks it to stop, and compares. */
  async function expectTruth(scenario: Scenario, run: Child): Promise<void> {
    clearInterval(mining);
    const head = node.head.number;
    await eventually('the run has caught up', async () => {
      const [task] = await scenario.tasks();
      return (task?.progress?.next_block ?? 0) > head ? true : null;
    });
    run.signal('SIGTERM');
    const ended = await run.exit(12_000);
    expect(ended.code, ended.stderr).to.equal(0);
    expect(await scenario.exported()).to.deep.equal(idsOf(node.canonicalLogs()));
    expect(await scenario.tasks()).to.have.length(1);
  }

  it('pauses while the server is frozen, and goes on when it wakes', async function () {
    this.timeout(90_000);
    const scenario = await beginRealtime(await createDatabase(server().url()));
    const run = scenario.run();
    await run.output(/runs pipeline 45/);
    server().freeze();
    await run.output(/heartbeat failed: task_id=1, error: /, 40_000);
    server().thaw();
    await expectTruth(scenario, run);
  });

  it('reconnects after the server was killed and started again', async function () {
    this.timeout(90_000);
    const scenario = await beginRealtime(await createDatabase(server().url()));
    const run = scenario.run();
    await run.output(/runs pipeline 45/);
    await server().kill();
    await run.output(/heartbeat failed: task_id=1, error: /, 40_000);
    await server().restart();
    await expectTruth(scenario, run);
  });

  it('stores each event once while its connections are cut again and again', async function () {
    this.timeout(90_000);
    const { proxy, url } = await TcpProxy.before(await createDatabase(server().url()));
    const scenario = await beginRealtime(url);
    const run = scenario.run();
    await run.output(/runs pipeline 45/);
    for (let cut = 0; cut < 40; cut++) {
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 150));
      proxy.reset();
    }
    await expectTruth(scenario, run);
    await proxy.close();
  });

  it('gives up a half-open connection, and exits 4 where another has taken over meanwhile', async function () {
    this.timeout(90_000);
    const direct = await createDatabase(server().url());
    const { proxy, url } = await TcpProxy.before(direct);
    const scenario = await beginRealtime(url);
    const cutOff = scenario.run('--log-level', 'debug');
    await cutOff.output(/runs pipeline 45/);
    proxy.freeze();
    const other = scenario.through(direct).run('--take-over');
    await other.output(/runs pipeline 45/);
    await cutOff.output(/heartbeat failed: task_id=1, error: /, 40_000);
    proxy.resume();
    const ended = await cutOff.exit(40_000);
    expect(ended.code, ended.stderr).to.equal(4);
    other.signal('SIGTERM');
    expect((await other.exit(12_000)).code).to.equal(0);
    await proxy.close();
  });

  it('keeps its pipeline though another task waits behind it and a worker is back first, until it hangs', async function () {
    this.timeout(120_000);
    const direct = await createDatabase(server().url());
    const { proxy, url } = await TcpProxy.before(direct);
    const scenario = await Scenario.begin(
      direct,
      node.url,
      { mode: 'realtime' },
      { CHAINPARSE_HEARTBEAT_INTERVAL: '2' },
    );
    const away = scenario.through(url);
    const run = away.run();
    await run.output(/runs pipeline 45/);
    const worker = away.start('worker');
    await worker.output(/worker\.started/);
    const database = await openDatabase(direct);
    await queueTask(database, 45, {});
    await database.close();
    const tasks = async (): Promise<string[]> =>
      (await scenario.tasks()).map((task) => `${task.task_id} ${task.status} ${String(task.end_reason)}`).sort();
    const age = async (): Promise<number> =>
      (await scenario.tasks()).find(({ task_id: id }) => id === 1)?.heartbeat_age_seconds ?? 0;
    proxy.cut();
    await eventually('it is silent', async () => (await age()) > 9, 40_000);
    proxy.resume();
    await worker.output(/fleet\.waiting.*the database came back/, 20_000);
    await eventually('it is heard', async () => (await age()) < 3, 20_000);
    await wait(7_000);
    expect(await tasks()).to.deep.equal(['1 0 null', '2 3 null']);
    run.signal('SIGSTOP');
    await eventually('it is followed', async () => (await tasks()).includes('2 0 null'), 40_000);
    expect((await tasks())[0]).to.equal('1 2 taken_over');
    run.signal('SIGCONT');
    expect((await run.exit(20_000)).code).to.equal(4);
    worker.signal('SIGTERM');
    expect((await worker.exit(12_000)).code).to.equal(0);
    await proxy.close();
  });

  for (const how of ['cut', 'freeze'] as const) {
    it(`ends within 10 s of SIGTERM also while the database is away (${how})`, async function () {
      this.timeout(60_000);
      const { proxy, url } = await TcpProxy.before(await createDatabase(server().url()));
      const scenario = await beginRealtime(url);
      const run = scenario.run();
      await run.output(/runs pipeline 45/);
      proxy[how]();
      if (how === 'cut') await run.output(/heartbeat failed: task_id=1, error: /);
      run.signal('SIGTERM');
      const ended = await run.exit(10_000);
      expect(ended.code, ended.stderr).to.equal(5);
      expect(ended.stderr).to.match(/error: the database (.* )?can't be reached/);
      await proxy.close();
    });
  }
});
