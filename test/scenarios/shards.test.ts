import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { openDatabase } from '../../src/database/open/open-database.js';
import type { Database } from '../../src/database/database.js';
import { queueTask } from '../../src/database/task-steps/queue-task.js';
import { ChainSimulator, type SimCall } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { extentOf, itAtLength } from '../support/extent.js';
import { portalOf } from '../support/portal-of-chain.js';
import { PortalServer } from '../support/portal-server.js';
import { Scenario, idsOf, idsOfLines, type ScenarioSource } from '../support/scenario.js';
import { endGently } from '../support/watched-runs.js';
import { eventually } from '../support/within.js';

const size = extentOf({ sample: { kills: 4 }, full: { kills: 6 }, soak: { kills: 60 } });
const lastBlock = 1_000;
/** A quarter of the blocks that can no longer be replaced, about. */
const stretch = 242;
const below = [
  { name: 'rows', type: 'table_sink', table: 'moved' },
  { name: 'lines', type: 'file_sink', path: 'lines', rotate_blocks: 150 },
];

interface ShardRow {
  readonly shard: number;
  readonly after_block: number;
  readonly block_number: number;
  readonly to_block: number;
}

eachDatabaseInTurn('a history that is read in shards', (databases) => {
  let node: ChainSimulator;
  let portal: PortalServer | undefined;
  let scenario: Scenario;
  let database: Database;
  let workers: Child[];
  /** While it is there no shard is read to its end: each stays where it can be looked at. */
  let gate: Promise<void> | undefined;
  let readOn: () => void;

  const stayHalfRead = (): void => {
    gate = new Promise((resolve) => (readOn = resolve));
  };
  const hold = (calls: readonly SimCall[]): Promise<void> | undefined => {
    const asked = calls.filter(({ method }) => method === 'eth_getLogs');
    const areLate = asked.every(({ params: [filter] }) => {
      return (Number((filter as { readonly fromBlock?: string }).fromBlock) + 1) % stretch > 0.8 * stretch;
    });
    return asked.length > 0 && areLate ? gate : undefined;
  };
  const begin = async (
    delayMs: number,
    keys: Partial<Pick<ScenarioSource, 'shards' | 'mode'>> & { readonly history?: 'portal' } = {},
  ): Promise<void> => {
    const { shards = 4, mode = 'historical', history } = keys;
    workers = [];
    gate = undefined;
    node = await ChainSimulator.start({ delayMs, hold, sealed: true }, { finalizedDistance: 20, maxRange: 10 });
    node.mine(lastBlock + 30, (number) => Array.from({ length: number % 4 }, () => ({})));
    portal = undefined;
    if (history !== undefined) portal = await PortalServer.start({ data: portalOf(node, 20), mostBlocks: 20 });
    const url = await databases.fresh();
    scenario = await Scenario.begin(url, portal === undefined ? node.url : null, {
      ...{ mode, shards, batchSize: 10, below },
      ...(mode === 'realtime' ? {} : { endBlock: lastBlock }),
      ...(portal === undefined ? {} : { portalUrl: portal.url }),
    });
    database = await openDatabase(url);
  };
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    await database.close();
    await Promise.all([node.stop(), portal?.stop()]);
  });

  const startWorker = async (concurrency = 1): Promise<void> => {
    const worker = scenario.start('worker', '--concurrency', String(concurrency));
    workers.push(worker);
    await worker.output(/runs queued tasks/);
  };
  const shards = (): Promise<readonly ShardRow[]> =>
    database.read((knex) => knex('pipeline_shard').where({ pipeline_id: 45 }).orderBy('shard'));
  const checkpoint = async (): Promise<number> => {
    const [row] = await database.read<{ block_number: number | null }[]>((knex) =>
      knex('pipeline_checkpoint').where({ pipeline_id: 45 }).select('block_number'),
    );
    return row?.block_number ?? -1;
  };
  const tasks = (
    which: object,
  ): Promise<readonly { id: number; shard: number; status: number; end_reason: string }[]> =>
    database.read((knex) => knex('pipeline_task').where(which).orderBy('id'));
  /** How many seconds ago each running task beat last, of which it does so each second. */
  const heartbeatAges = async (): Promise<readonly number[]> => {
    const listed = JSON.parse(await scenario.chainparse('tasks', 'list', '--status', 'running', '--json')) as {
      readonly tasks: readonly { readonly heartbeat_age_seconds: number }[];
    };
    return listed.tasks.map((task) => task.heartbeat_age_seconds);
  };
  const untilCut = (): Promise<unknown> => eventually('it is cut', async () => (await shards()).length === 3, 30_000);
  const readBy = (count: number): Promise<unknown> =>
    eventually(
      `${count} shards are read`,
      async () => {
        const rows = await shards();
        return rows.filter((row) => row.block_number > row.after_block).length >= count;
      },
      60_000,
    );
  const truth = (to = lastBlock): readonly string[] =>
    idsOf(node.canonicalLogs().filter((log) => Number(log.blockNumber) <= to));
  const untilStopped = (ms = 240_000): Promise<unknown> =>
    eventually(
      'all is read',
      async () => {
        const [row] = await database.read<{ state: string; held_reason: string | null }[]>((knex) =>
          knex('pipeline_wanted').where({ pipeline_id: 45 }),
        );
        expect(row?.held_reason ?? null).to.equal(null);
        return row?.state === 'stopped';
      },
      ms,
    );

  /** Workers read the shards, and none of them to its end. */
  const readHalf = async (): Promise<void> => {
    await begin(40);
    stayHalfRead();
    await startWorker(4);
    await scenario.chainparse('pipeline', 'start', '45');
    await untilCut();
    await readBy(3);
  };
  const redefine = async (words: string, others: string): Promise<void> => {
    const file = join(scenario.folder, 'pipeline.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(words, others));
    await scenario.chainparse('pipeline', 'import', 'pipeline.json', '--update');
  };

  /** Every event once: in the table of events, in the sink's table, and in files whose lines are in the chain's order. */
  const allIsRight = async (): Promise<void> => {
    const lines = await scenario.exportedLines();
    expect(idsOfLines(lines)).to.deep.equal(truth());
    const folder = join(scenario.folder, 'data/lines');
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const manifest = JSON.parse(read('_chainparse.json')) as { readonly files: readonly { readonly name: string }[] };
    const names = manifest.files.map(({ name }) => name);
    expect(readdirSync(folder).sort()).to.deep.equal([...names, '_chainparse.json'].sort());
    const written = names.flatMap((name) =>
      read(name)
        .split('\n')
        .filter((line) => line !== ''),
    );
    expect(written).to.deep.equal(lines);
    const rows = await database.read<{ block_number: number; log_index: number }[]>((knex) =>
      knex('moved').select('block_number', 'log_index').orderBy(['block_number', 'log_index']),
    );
    const stored = lines.map((line) => JSON.parse(line) as { block_number: number; log_index: number });
    expect(rows.map((row) => [row.block_number, row.log_index])).to.deep.equal(
      stored.map((event) => [event.block_number, event.log_index]),
    );
    expect(await shards()).to.deep.equal([]);
    // A worker that was killed between its shard's last commit and the task's end leaves that to the monitor: nobody beats for it.
    await eventually('no task lives', async () => (await heartbeatAges()).every((seconds) => seconds > 3));
    expect(await tasks({ status: 3 })).to.deep.equal([]);
  };

  it('holds each event once, and its sinks get them in order, whichever workers are killed (kill -9)', async function () {
    this.timeout(120_000 + size.kills * 20_000);
    await begin(120);
    for (let i = 0; i < 4; i++) await startWorker(2);
    await scenario.chainparse('pipeline', 'start', '45');
    await untilCut();
    for (let kill = 0; kill < size.kills; kill++) {
      await wait(300 + Math.random() * 1_200);
      const [victim] = workers.splice(kill % workers.length, 1);
      await victim?.kill();
      await startWorker(2);
    }
    await untilStopped();
    await allIsRight();
    const versions = await database.read<{ added: number }[]>((knex) =>
      knex('event').where({ pipeline_id: 45 }).distinct('added').orderBy('added'),
    );
    expect(Number(versions.at(-1)?.added), 'shards have joined').to.be.greaterThan(2 ** 32);
  });

  itAtLength(
    'is read by one run alone where there is no worker, and by it from where the others stopped',
    async function () {
      this.timeout(120_000);
      await begin(40);
      stayHalfRead();
      await startWorker(2);
      const alone = scenario.run();
      await untilCut();
      await readBy(2);
      await Promise.all(workers.splice(0).map((worker) => worker.kill()));
      readOn();
      expect((await alone.exit(90_000)).code).to.equal(0);
      await allIsRight();
    },
  );

  it('shows readers nothing of a shard before it has joined', async function () {
    this.timeout(120_000);
    await readHalf();
    await Promise.all(workers.splice(0).map((worker) => worker.kill()));
    const ids = await scenario.exported();
    expect(ids).to.deep.equal(truth(await checkpoint()));
    await startWorker(4);
    readOn();
    await untilStopped();
    await allIsRight();
  });

  itAtLength('begins anew after a rewind, and after a change of the definition, in the middle', async function () {
    this.timeout(180_000);
    await readHalf();
    await eventually('the first stretch is read, too', async () => (await checkpoint()) > 10, 60_000);
    await scenario.chainparse('pipeline', 'stop', '45');
    await eventually('nobody runs it', async () => (await tasks({ status: 0 })).length === 0);
    await scenario.chainparse('pipeline', 'rewind', '45', '--to-block', '10');
    expect(await shards()).to.deep.equal([]);
    expect(await checkpoint()).to.equal(10);
    const above = await database.read<object[]>((knex) => knex('event').where('block_number', '>', 10).limit(1));
    expect(above).to.deep.equal([]);
    await scenario.chainparse('pipeline', 'start', '45');
    await untilCut();
    await readBy(3);
    await redefine('"batch_size":10', '"batch_size":9');
    await scenario.chainparse('pipeline', 'restart', '45');
    readOn();
    await untilStopped();
    await allIsRight();
  });

  it('begins anew after a change of the definition where shards wait for the one worker that there is', async function () {
    this.timeout(120_000);
    await begin(40);
    stayHalfRead();
    await startWorker(2);
    await scenario.chainparse('pipeline', 'start', '45');
    await untilCut();
    await readBy(1);
    await redefine('"batch_size":10', '"batch_size":9');
    await scenario.chainparse('pipeline', 'restart', '45');
    readOn();
    await untilStopped(60_000);
    await allIsRight();
  });

  it('is stopped as one, handed over shard by shard, and read on by one task once shards are not wanted', async function () {
    this.timeout(180_000);
    await readHalf();
    await startWorker(4);
    await endGently(workers.splice(0, 1));
    const handed = await tasks({ end_reason: 'handed_over' });
    expect([...new Set(handed.map(({ shard }) => shard))]).to.include.members([2, 3]);
    const [other] = await eventually('a shard is read on', async () => {
      const found = (await tasks({ status: 0 })).filter(({ shard }) => shard > 0);
      return found.length === 0 ? null : found;
    });
    await scenario.chainparse('tasks', 'cancel', String(other?.id));
    await eventually('nobody runs it', async () => (await tasks({ status: 0 })).length === 0);
    expect(await tasks({ status: 3 })).to.deep.equal([]);
    const before = await shards();
    expect(before.length).to.be.greaterThan(0);
    await redefine('"shards":4,', '');
    await scenario.chainparse('pipeline', 'start', '45');
    readOn();
    await untilStopped();
    await allIsRight();
  });

  it('is read from a portal, without an RPC URL, and by others where a worker is killed', async function () {
    this.timeout(180_000);
    await begin(0, { history: 'portal' });
    for (let i = 0; i < 2; i++) await startWorker(2);
    await scenario.chainparse('pipeline', 'start', '45');
    await untilCut();
    await workers.shift()?.kill();
    await startWorker(2);
    await untilStopped();
    await allIsRight();
    const readers = await tasks({ pipeline_id: 45, status: 1 });
    expect(new Set(readers.map(({ shard }) => shard)).size, 'read by several').to.be.at.least(3);
  });

  itAtLength(
    'is read from a portal, without an RPC URL, where only its history is asked of what follows the head',
    async function () {
      this.timeout(180_000);
      await begin(0, { history: 'portal', mode: 'realtime' });
      const { options } = portal!;
      let goOn = (): void => undefined;
      const held = new Promise<void>((resolve) => (goOn = resolve));
      portal!.options = { ...options, hold: ({ logs }) => (logs === undefined ? undefined : held) };
      await startWorker(3);
      const { taskId } = await queueTask(database, 45, { mode: 'historical' });
      await untilCut();
      // Else the pipeline's own task may have read all before others begin.
      await eventually('all places are taken', async () => (await tasks({ status: 0 })).length === 3, 30_000);
      goOn();
      const [ended] = await eventually(
        'it has ended',
        async () => {
          const found = await tasks({ id: taskId, status: 1 });
          return found.length === 0 ? null : found;
        },
        120_000,
      );
      expect(ended?.end_reason).to.equal('completed');
      expect(idsOfLines(await scenario.exportedLines())).to.deep.equal(truth(node.head.number - 20));
      const readers = await tasks({ pipeline_id: 45, status: 1, end_reason: 'completed' });
      expect(new Set(readers.map(({ shard }) => shard)).size, 'read by several').to.be.at.least(3);
    },
  );

  it('goes on with new blocks after the last shard has joined', async function () {
    this.timeout(120_000);
    await begin(20, { mode: 'realtime' });
    await startWorker(4);
    await scenario.chainparse('pipeline', 'start', '45');
    await untilCut();
    await eventually('it has come to the head', async () => (await checkpoint()) === node.head.number, 60_000);
    node.mine(3);
    await eventually('it follows the head', async () => (await checkpoint()) === node.head.number, 20_000);
    expect(idsOfLines(await scenario.exportedLines())).to.deep.equal(truth(node.head.number));
    expect(await shards()).to.deep.equal([]);
  });
});
