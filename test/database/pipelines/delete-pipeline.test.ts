import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { disabledProblem } from '../../../src/database/pipelines/delete-pipeline.js';
import { PipelineStore } from '../../../src/database/pipelines/pipeline-store.js';
import { WantedStore } from '../../../src/database/pipelines/wanted-store.js';
import { ConflictError, LeaseHeldError, NotFoundError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { bulkInsert } from '../bulk-insert.js';
import { rejectionOf } from '../../support/rejection.js';

const component = { name: 'a', type: 'event_monitor', config: {} };
const tables = [
  ...['pipeline_component', 'pipeline_task', 'pipeline_checkpoint', 'event', 'undecoded_log', 'recent_block', 'reorg'],
];

eachDatabase('a deleted pipeline', (databases) => {
  let database: Database;
  let store: PipelineStore;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    store = new PipelineStore(database);
  });
  after(() => database.close());

  async function fill(id: number, events: number): Promise<void> {
    const { knex } = database;
    const base = {
      name: `x${id}`,
      classificationId: null,
      description: null,
      timeoutMinutes: null,
      restart: null,
      schedule: null,
      timeZone: null,
    };
    await store.import({ ...base, id, components: [component] });
    const hash = `0x${'ab'.repeat(32)}`;
    const position = ['pipeline_id', 'block_number', 'log_index', 'chain_id', 'block_timestamp', 'transaction_index'];
    const hashes = ['transaction_hash', 'block_hash', 'contract_address'].map((name) => ({ name, hex: true }));
    const columns = [...position.map((name) => ({ name })), ...hashes];
    const row = (i: number): (string | number)[] => [id, Math.floor(i / 3), i, 1, 1, 0, hash, hash, hash.slice(0, 42)];
    await database.write([
      bulkInsert(
        'event',
        [...columns, ...['event_name', 'event_signature', 'args'].map((name) => ({ name }))],
        Array.from({ length: events }, (_, i) => [...row(i), 'E', 'E()', '{}']),
      ),
      bulkInsert(
        'undecoded_log',
        [...columns, ...['reason', 'topics'].map((name) => ({ name })), { name: 'data', hex: true }],
        [[...row(0), 'no_topics', '[]', '0x']],
      ),
      knex('recent_block').insert({ pipeline_id: id, block_number: 1, block_hash: Buffer.alloc(32) }),
      knex('reorg').insert({
        ...{ pipeline_id: id, task_id: 1, create_time: '2024-01-15 10:00:00', ancestor_block: 1, blocks: 1 },
      }),
      knex('pipeline_checkpoint').insert({ pipeline_id: id, task_id: 1 }),
    ]);
  }

  async function addTask(
    id: number,
    status: number,
    silentSeconds: number,
    beaten: boolean,
    shard = 0,
  ): Promise<number> {
    const { knex, dialect } = database;
    const then = dialect.secondsAgo(knex, silentSeconds);
    const times = { create_time: then, last_heartbeat: beaten ? then : null };
    const row = { pipeline_id: id, status, heartbeat_interval: 10, worker: 'here:1', shard, ...times };
    const [result] = await database.write([knex('pipeline_task').insert(row)]);
    return result?.insertId ?? 0;
  }

  async function addShard(id: number, shard: number, taskId: number | null): Promise<void> {
    const { knex } = database;
    const blocks = {
      after_block: 9,
      after_hash: Buffer.alloc(32),
      to_block: 19,
      block_number: 9,
      hash: Buffer.alloc(32),
    };
    const cut = { pipeline_id: id, shard, chain: 1, definition: 'a'.repeat(64), added: 2 ** 32, task_id: taskId };
    await database.write([knex('pipeline_shard').insert({ ...cut, ...blocks })]);
  }

  const rowsOf = async (id: number): Promise<readonly number[]> =>
    Promise.all(
      tables.map(async (table) => {
        const [row] = await database.read<{ rows: number }[]>((knex) =>
          knex(table).where({ pipeline_id: id }).count({ rows: '*' }),
        );
        return row!.rows;
      }),
    );

  /** The database, with something that happens before each write but the first two: the deletion's trial, and its begin. */
  function behindBegin(happens: () => unknown): Database {
    let writes = 0;
    const write: Database['write'] = async (steps) => {
      if (++writes > 2) await happens();
      return database.write(steps);
    };
    return new Proxy(database, {
      get: (target, key) => {
        const value: unknown = key === 'write' ? write : Reflect.get(target, key, target);
        return typeof value === 'function' && key !== 'knex' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  it('takes all that belongs to it along, and nothing of another', async () => {
    await fill(1, 25_000);
    await fill(2, 3);
    for (const id of [1, 2]) for (const status of [1, 2, 3]) await addTask(id, status, 5, true);
    const ofTheOther = await rowsOf(2);
    await store.delete(1, 30);
    expect(await rowsOf(1)).to.deep.equal([0, 0, 0, 0, 0, 0, 0]);
    expect(await rowsOf(2)).to.deep.equal(ofTheOther);
    expect(ofTheOther).to.deep.equal([1, 3, 1, 3, 1, 1, 1]);
    expect((await store.list()).map(({ id }) => id)).to.deep.equal([2]);
    await rejectionOf(store.delete(1, 30), NotFoundError);
  });

  it('is told from one that is only disabled from the begin of its deletion on, also where that was cut short', async () => {
    for (const id of [30, 31]) {
      await fill(id, 2);
      await addTask(id, 1, 60, true);
      await store.setDisabled(id, true);
    }
    const told = async (id: number): Promise<string> => (await disabledProblem(database, id)).message;
    const broken = behindBegin(() => {
      throw new Error('cut short');
    });
    expect(await told(30)).to.equal('pipeline 30 is disabled');
    expect((await rejectionOf(new PipelineStore(broken).delete(30, 30))).message).to.equal('cut short');
    expect(await told(30)).to.equal('pipeline 30 is being deleted');
    expect(await told(31)).to.equal('pipeline 31 is disabled');
    await store.delete(30, 30);
  });

  it('is not wanted any more, nor where it was to be started or stopped after its deletion had begun', async () => {
    await fill(40, 2);
    const wanted = new WantedStore(database, 30);
    const beside = async (): Promise<void> => {
      await rejectionOf(wanted.start(40), ConflictError);
      await wanted.stop(40);
    };
    await new PipelineStore(behindBegin(beside)).delete(40, 30);
    expect(await wanted.list()).to.deep.equal([]);
    await rejectionOf(wanted.start(40), NotFoundError);
    await rejectionOf(wanted.stop(40), NotFoundError);
    expect(await wanted.list()).to.deep.equal([]);
  });

  for (const beaten of [true, false]) {
    it(`stays while a task of it lives that ${beaten ? 'beats' : 'has not beaten yet'}`, async () => {
      const id = beaten ? 10 : 11;
      await fill(id, 2);
      await addTask(id, 0, 5, beaten);
      const error: unknown = await rejectionOf(store.delete(id, 30));
      expect(error)
        .to.be.instanceOf(LeaseHeldError)
        .with.property('message')
        .that.matches(/task \d+ on here:1$/);
      expect(await rowsOf(id)).to.deep.equal([1, 1, 1, 2, 1, 1, 1]);
      expect(await store.get(id)).to.have.property('disabled', false);
    });

    it(`goes once its task has been silent for three beats${beaten ? '' : ' since it was created'}`, async () => {
      const id = beaten ? 20 : 21;
      await fill(id, 2);
      await addTask(id, 0, 31, beaten);
      await store.delete(id, 30);
      expect(await rowsOf(id)).to.deep.equal([0, 0, 0, 0, 0, 0, 0]);
    });
  }

  it('stays while a shard of it is read, though its own task is dead, names that task, and goes once it is disabled', async () => {
    await fill(40, 2);
    await addTask(40, 0, 31, true);
    const reads = await addTask(40, 0, 5, true, 2);
    await addShard(40, 2, reads);
    const error = await rejectionOf(store.delete(40, 30), LeaseHeldError);
    expect(error.message).to.equal(`pipeline 40 is being run by task ${reads} on here:1`);
    expect(error.hint).to.equal('chainparse pipeline disable 40, then delete it');
    expect(await rowsOf(40)).to.deep.equal([1, 2, 1, 2, 1, 1, 1]);
    expect(await store.get(40)).to.have.property('disabled', false);
    await store.setDisabled(40, true);
    await store.delete(40, 30);
    expect(await rowsOf(40)).to.deep.equal([0, 0, 0, 0, 0, 0, 0]);
  });

  it('goes while the task of a shard that has joined has yet to end, and where nobody reads those that have not', async () => {
    await fill(41, 2);
    await addTask(41, 1, 5, true);
    await addTask(41, 0, 5, true, 2);
    await addShard(41, 3, await addTask(41, 0, 31, true, 3));
    await addShard(41, 4, null);
    await store.delete(41, 30);
    expect(await rowsOf(41)).to.deep.equal([0, 0, 0, 0, 0, 0, 0]);
  });
});
