import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { PipelineStore } from '../../src/database/pipelines/pipeline-store.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { createDatabase } from '../support/databases.js';
import { extentOf } from '../support/extent.js';
import { GaleraCluster, withGalera } from '../support/galera.js';
import { idsOf, idsOfLines, Scenario } from '../support/scenario.js';
import { startChainparse } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { endGently, quickMonitor, timedOut, whenRunning } from '../support/watched-runs.js';
import { eventually } from '../support/within.js';

/** How often a node is killed, and another cut off, while runs are at work: 22 times take about ten minutes. */
const rounds = extentOf({ sample: 1, full: 1, soak: 22 });

withGalera('three MariaDB nodes with Galera', () => {
  let cluster: GaleraCluster;
  let name: string;

  before(async function () {
    this.timeout(180_000);
    cluster = await GaleraCluster.start();
  });
  beforeEach(async function () {
    this.timeout(200_000);
    // What a test before has cut off or killed may not be back yet.
    await cluster.whole();
    name = new URL(await createDatabase(cluster.url('', 0))).pathname.slice(1);
  });

  const migrateAt = (node: number): Child =>
    startChainparse(['migrate'], { cwd: temporaryFolder(), env: { CHAINPARSE_DATABASE_URL: cluster.url(name, node) } });

  it('are migrated once, though two nodes are told to at one moment: one works, the other waits', async function () {
    this.timeout(120_000);
    const ends = await Promise.all([migrateAt(0), migrateAt(1), migrateAt(2)].map((migrate) => migrate.exit(90_000)));
    expect(ends.map(({ code, stderr }) => [code, /error:.*/.exec(stderr)?.[0]])).to.deep.equal(
      Array(3).fill([0, undefined]),
    );
    const applied = ends.map(({ stdout }) => /^(?:applied|the database is up to date)/m.exec(stdout)?.[0]);
    expect(applied.sort()).to.deep.equal(['applied', 'the database is up to date', 'the database is up to date']);
  });

  describe('once migrated', () => {
    let at: readonly Database[];

    beforeEach(async function () {
      this.timeout(60_000);
      expect((await migrateAt(0).exit(60_000)).code).to.equal(0);
      at = await Promise.all([0, 1, 2].map((node) => openDatabase(cluster.url(name, node))));
    });
    afterEach(() => Promise.all(at.map((database) => database.close())));

    it('have what was committed on another node at once, and give it a lower id than what follows', async function () {
      this.timeout(60_000);
      const ids: number[] = [];
      for (let i = 0; i < 60; i++) {
        const [writer, reader] = [at[i % 3]!, at[(i + 1) % 3]!];
        const row = { name: `p${i}`, classification_id: 1, disabled: 0 };
        const [stored] = await writer.write([
          writer.knex('pipeline').insert({ ...row, create_time: writer.dialect.now(writer.knex) }),
        ]);
        ids.push(stored!.insertId);
        expect((await new PipelineStore(reader).get(stored!.insertId)).name).to.equal(row.name);
      }
      expect(ids).to.deep.equal([...ids].sort((a, b) => a - b));
    });

    it('let one of two writes win that meet at their commits, and have the other one tried again', async function () {
      this.timeout(60_000);
      const counter = (database: Database) => database.knex('chainparse_counter');
      await at[0]!.write([
        { sql: 'CREATE TABLE chainparse_counter (id INT PRIMARY KEY, n INT NOT NULL)', bindings: [] },
      ]);
      await at[0]!.write([counter(at[0]!).insert({ id: 1, n: 0 })]);
      const add = async (database: Database): Promise<void> => {
        for (let i = 0; i < 40; i++) await database.write([counter(database).where({ id: 1 }).increment('n', 1)]);
      };
      await Promise.all(at.map(add));
      const [row] = await at[1]!.read<{ n: number }[]>(() => counter(at[1]!).select('n'));
      expect(row).to.deep.equal({ n: 120 });
    });

    it('commit a script whole or not at all, and only what is said to be, whoever wins in the middle of it', async function () {
      this.timeout(120_000);
      const each = 150;
      const tables = [
        'tally (id INT PRIMARY KEY, n INT NOT NULL)',
        'part (writer INT, script INT, part INT, PRIMARY KEY (writer, script, part))',
      ];
      for (const table of tables) await at[0]!.write([{ sql: `CREATE TABLE ${table}`, bindings: [] }]);
      await at[0]!.write([at[0]!.knex('tally').insert({ id: 1, n: 0 })]);
      const script = async (writer: number, i: number): Promise<void> => {
        const { knex } = at[writer]!;
        const parts = Array.from({ length: 20 }, (_, part) => knex('part').insert({ writer, script: i, part }));
        // Who loses five times in a row is told so, and tries again.
        await at[writer]!.write([knex('tally').increment('n', 1), ...parts]).catch(() => script(writer, i));
      };
      const writeAll = async (writer: number): Promise<void> => {
        for (let i = 0; i < each; i++) await script(writer, i);
      };
      await Promise.all([0, 1, 2].map(writeAll));
      const [row] = await at[1]!.read<object[]>((knex) =>
        knex('tally').select('n', knex('part').count('*').as('parts')),
      );
      expect(row).to.deep.equal({ n: 3 * each, parts: 3 * each * 20 });
    });
  });

  describe('at work', () => {
    const ids = [45, 46, 47];
    let node: ChainSimulator;
    let mining: NodeJS.Timeout;
    let scenario: Scenario;
    let from: (first: number) => Scenario;
    const processes: Child[] = [];

    beforeEach(async function () {
      this.timeout(90_000);
      node = await ChainSimulator.start({}, { finalizedDistance: 20 });
      node.mine(5);
      mining = setInterval(() => node.mine(1), 100);
      scenario = await Scenario.begin(cluster.urls(name), node.url, { mode: 'realtime' });
      from = (first): Scenario => scenario.in({ CHAINPARSE_DATABASE_URL: cluster.urls(name, first) });
    });
    afterEach(async () => {
      clearInterval(mining);
      await Promise.all(processes.splice(0).map((process) => process.kill()));
      await node.stop();
    });

    const reached = async (block: number): Promise<void> => {
      for (const id of ids) {
        // What is asked just while the cluster finds itself anew may be refused.
        const tasks = (): ReturnType<Scenario['tasks']> => scenario.tasks(id).catch(() => []);
        const done = async (): Promise<boolean> => ((await tasks())[0]?.progress?.next_block ?? 0) > block;
        await eventually(`pipeline ${id} has block ${block}`, done, 240_000);
      }
    };

    const expectTruth = async (): Promise<void> => {
      for (const id of ids) {
        const lines = await scenario.chainparse('events', 'export', '--pipeline', String(id));
        expect(idsOfLines(lines.trim().split('\n'))).to.deep.equal(idsOf(node.canonicalLogs()));
      }
    };

    it('lose nothing and repeat nothing while nodes are killed and cut off, and no run dies of it', async function () {
      this.timeout(60_000 + rounds * 600_000);
      const runs = [from(0).run(), await from(1).runAs(46), await from(2).runAs(47)];
      const monitor = from(1).start(...quickMonitor.with(2, '1'));
      processes.push(...runs, monitor);
      await whenRunning(runs);
      for (let round = 0; round < rounds; round++) {
        const [killed, cutOff] = [round % 3, (round + 1) % 3];
        await cluster.nodes[killed]!.kill();
        await reached(node.head.number + 20);
        await cluster.nodes[killed]!.restart();
        await cluster.isolate(cutOff, true);
        await reached(node.head.number + 20);
        await wait(1_000);
        await cluster.isolate(cutOff, false);
        await cluster.whole();
        await reached(node.head.number + 10);
      }
      clearInterval(mining);
      await reached(node.head.number);
      await endGently([...runs, monitor]);
      expect(timedOut([monitor])).to.deep.equal([]);
      await expectTruth();
      for (const id of ids) {
        expect((await scenario.tasks(id)).map(({ end_reason }) => end_reason)).to.deep.equal(['stopped']);
      }
    });

    it('go on without a node that is frozen, and with it once it wakes', async function () {
      this.timeout(900_000);
      const runs = [from(0).run(), await from(1).runAs(46), await from(2).runAs(47)];
      processes.push(...runs);
      await whenRunning(runs);
      cluster.nodes[1]!.freeze();
      await reached(node.head.number + 20);
      cluster.nodes[1]!.thaw();
      await cluster.whole();
      clearInterval(mining);
      await reached(node.head.number);
      await endGently(runs);
      await expectTruth();
    });

    it('keep pipelines running on workers of which one dies together with its node', async function () {
      this.timeout(1_200_000);
      for (const id of ids.slice(1)) {
        const as = ['--id', String(id), '--name', `transfers-${id}`];
        await scenario.chainparse('pipeline', 'import', 'pipeline.json', ...as);
      }
      const workers = [0, 1, 2].map((first) =>
        from(first).start('worker', '--rpc-url', node.url, '--concurrency', '2'),
      );
      processes.push(...workers);
      for (const id of ids) await scenario.chainparse('pipeline', 'start', String(id));
      await reached(node.head.number + 10);
      await Promise.all([cluster.nodes[0]!.kill(), workers[0]!.kill()]);
      await reached(node.head.number + 20);
      await cluster.nodes[0]!.restart();
      clearInterval(mining);
      await reached(node.head.number);
      for (const id of ids) {
        const running = (await scenario.tasks(id)).filter(({ status }) => status === 0);
        expect(running, `pipeline ${id}`).to.have.length(1);
      }
      await endGently(workers.slice(1));
      await expectTruth();
    });
  });
});
