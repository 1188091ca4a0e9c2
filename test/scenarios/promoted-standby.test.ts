import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { declareMissing } from '../support/extent.js';
import type { DatabaseServer } from '../support/database-server.js';
import { execute } from '../support/execute-sql.js';
import { MessageReceiver } from '../support/message-receiver.js';
import { postgres, startPostgresPair, type PostgresPair } from '../support/postgres.js';
import { idsOf, idsOfLines, Scenario } from '../support/scenario.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { endGently, whenRunning } from '../support/watched-runs.js';
import { eventually } from '../support/within.js';

const withPostgres = (title: string, suite: () => void): void => {
  if (postgres.canStart) describe(title, suite);
  else declareMissing(title, postgres.howToGet, suite);
};

withPostgres('PostgreSQL with a synchronous standby', () => {
  let pair: PostgresPair;
  let node: ChainSimulator;
  let mining: NodeJS.Timeout;
  let scenario: Scenario;
  let runs: Child[];

  beforeEach(async function () {
    this.timeout(90_000);
    pair = await startPostgresPair('synchronous');
    node = await ChainSimulator.start({}, { finalizedDistance: 20 });
    node.mine(5);
    mining = setInterval(() => node.mine(1), 100);
    // The standby stands first: it takes no writes, and is passed over.
    const urls = `${pair.standby.url()},${pair.primary.url()}`;
    scenario = await Scenario.begin(urls, node.url, { mode: 'realtime' });
    runs = [scenario.run(), await scenario.runAs(46), await scenario.runAs(47)];
    await whenRunning(runs);
  });
  afterEach(async () => {
    clearInterval(mining);
    for (const run of runs) await run.kill();
    await node.stop();
  });

  const reached = async (block: number): Promise<void> => {
    for (const id of [45, 46, 47]) {
      // What is asked just while the cluster finds itself anew may be refused.
      const tasks = (): ReturnType<Scenario['tasks']> => scenario.tasks(id).catch(() => []);
      const done = async (): Promise<boolean> => ((await tasks())[0]?.progress?.next_block ?? 0) > block;
      await eventually(`pipeline ${id} has block ${block}`, done, 60_000);
    }
  };

  const expectTruth = async (): Promise<void> => {
    clearInterval(mining);
    await reached(node.head.number);
    await endGently(runs);
    for (const id of [45, 46, 47]) {
      const lines = await scenario.chainparse('events', 'export', '--pipeline', String(id));
      expect(idsOfLines(lines.trim().split('\n'))).to.deep.equal(idsOf(node.canonicalLogs()));
      expect((await scenario.tasks(id)).map(({ end_reason }) => end_reason)).to.deep.equal(['stopped']);
    }
  };

  it('goes on where the standby is promoted after the primary died: nothing is lost, nothing twice', async function () {
    this.timeout(120_000);
    await reached(node.head.number + 20);
    await pair.primary.kill();
    await runs[0]!.output(/heartbeat failed: task_id=\d+, error: .*no node of the cluster can be used/, 40_000);
    await execute(pair.standby.url(), 'SELECT pg_promote()');
    await reached(node.head.number + 20);
    await expectTruth();
  });

  it('takes nothing from a primary that was frozen and wakes behind the promoted standby', async function () {
    this.timeout(120_000);
    await reached(node.head.number + 10);
    pair.primary.freeze();
    await runs[0]!.output(/heartbeat failed: task_id=\d+, error: .*no node of the cluster can be used/, 60_000);
    await execute(pair.standby.url(), 'SELECT pg_promote()');
    await reached(node.head.number + 20);
    pair.primary.thaw();
    await reached(node.head.number + 20);
    await expectTruth();
  });
});

withPostgres('PostgreSQL with an asynchronous standby', () => {
  let pair: PostgresPair;
  let node: ChainSimulator;
  let mining: NodeJS.Timeout;
  let receiver: MessageReceiver;
  let run: Child;

  beforeEach(async function () {
    this.timeout(90_000);
    pair = await startPostgresPair('asynchronous');
    node = await ChainSimulator.start({}, { finalizedDistance: 60 });
    node.mine(5);
    mining = setInterval(() => node.mine(1), 100);
    receiver = await MessageReceiver.start();
    const webhook = { name: 'hook', type: 'webhook_sink', config: { url: receiver.url, allow_private: true } };
    const urls = `${pair.primary.url()},${pair.standby.url()}`;
    const scenario = await Scenario.begin(urls, node.url, { mode: 'realtime', below: [webhook] });
    run = scenario.run();
  });
  afterEach(async () => {
    clearInterval(mining);
    await run.kill();
    receiver.stop();
    await node.stop();
  });

  it('that lacks the newest commits when it is promoted, has a receiver told of all that there is in the end', async function () {
    this.timeout(180_000);
    const { primary, standby } = pair;
    const hasAll = async (what: string): Promise<void> => {
      await eventually(what, () => receiver.data.length === node.canonicalLogs().length, 60_000);
    };
    await eventually('the receiver has something', () => receiver.data.length > 10, 60_000);
    await execute(standby.url(), "ALTER SYSTEM SET primary_conninfo = ''");
    await execute(standby.url(), 'SELECT pg_reload_conf()');
    const had = receiver.data.length;
    await eventually('it has what the standby does not', () => receiver.data.length > had + 30, 60_000);
    await primary.kill();
    await execute(standby.url(), 'SELECT pg_promote()');
    await run.output(/the database was set back: version \d+ is the newest/, 60_000);
    await eventually('it has more', () => receiver.data.length > had + 60, 60_000);
    // What is taken back was told of before and after: only the highest number says which of it counts.
    node.reorg(40);
    clearInterval(mining);
    await hasAll('it has all, and nothing else');
    const told = idsOfLines(receiver.data.map((data) => JSON.stringify(data)));
    expect(told.toSorted()).to.deep.equal(idsOf(node.canonicalLogs()).toSorted());
    await endGently([run]);
  });
});

withPostgres('PostgreSQL with an asynchronous standby, as the database of a table', () => {
  it('that lacks the newest commits when it is promoted, is given the rows that it lacks, though nothing was under way', async function () {
    this.timeout(180_000);
    const { primary, standby } = await startPostgresPair('asynchronous');
    await execute(primary.url(), 'CREATE DATABASE warehouse');
    const { proxy, url } = await TcpProxy.before(primary.url('warehouse'));
    const node = await ChainSimulator.start({}, { finalizedDistance: 60 });
    const table = { name: 'rows', type: 'table_sink', database: '${WAREHOUSE_URL}', table: 'moved' };
    const source = { mode: 'realtime', below: [table] } as const;
    const scenario = await Scenario.begin('sqlite:test.db', node.url, source, { WAREHOUSE_URL: url });
    const run = scenario.run();
    const hasRows = (server: DatabaseServer, count: number): Promise<unknown> =>
      eventually(
        `the table has ${count} rows`,
        async () => {
          const rows = await execute(server.url('warehouse'), 'SELECT block_hash FROM moved').catch(() => []);
          return rows.length === count && new Set(rows.map(({ block_hash: hash }) => hash)).size === count;
        },
        60_000,
      );
    node.mine(20);
    await hasRows(standby, 20);
    await execute(standby.url(), "ALTER SYSTEM SET primary_conninfo = ''");
    await execute(standby.url(), 'SELECT pg_reload_conf()');
    await eventually('it follows no more', async () => {
      return (await execute(standby.url(), 'SELECT pid FROM pg_stat_wal_receiver')).length === 0;
    });
    node.mine(10);
    await hasRows(primary, 30);
    await primary.kill();
    await execute(standby.url(), 'SELECT pg_promote()');
    proxy.lead(standby.url());
    node.mine(5);
    await hasRows(standby, 35);
    expect(run.stderr).to.contain('the table moved is not as this run left it');
    await endGently([run]);
    await node.stop();
  });
});
