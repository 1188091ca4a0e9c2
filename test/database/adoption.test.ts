import { expect } from 'chai';
import { CheckpointStore } from '../../src/database/events/checkpoint-store.js';
import { queueUnheard } from '../../src/database/task-steps/queue-unheard.js';
import { TestPipelineStore } from '../../src/database/pipelines/test-pipeline-store.js';
import { WantedStore } from '../../src/database/pipelines/wanted-store.js';
import type { Database } from '../../src/database/database.js';
import { Migrator } from '../../src/database/schema/migrator.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { PipelineStore } from '../../src/database/pipelines/pipeline-store.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import { ConflictError, NotFoundError } from '../../src/runtime/errors.js';
import { createDatabase, eachDatabase, onMysql } from '../support/databases.js';
import { rejectionOf } from '../support/rejection.js';
import { claimRequest } from './claim-request.js';
import { hashOlderRows, makeOlderTables, readSchema } from './older-program.js';
import type { OlderTables } from './older-program.js';
import { wordsOf } from '../support/table-words.js';

const ignore = (): void => undefined;
const index = 'CREATE INDEX idx_pipeline_task_heartbeat ON pipeline_task (last_heartbeat)';
const touched = 'TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP';

interface Variant extends OlderTables {
  readonly name: string;
  readonly onlyOnServers?: true;
  readonly onlyOnMysql?: true;
  /** The rows have heartbeats of their own, which stay. */
  readonly hasBeats?: boolean;
}

const variants: readonly Variant[] = [
  { name: 'without heartbeats, 50,000 rows', rows: 50_000 },
  { name: 'with heartbeats and their index', heartbeat: 'DATETIME NULL', also: [index], rows: 500 },
  {
    name: 'with heartbeats, their comment and an index',
    heartbeat: "DATETIME NULL COMMENT '最后心跳时间'",
    also: [index],
    rows: 500,
    onlyOnServers: true,
  },
  {
    name: 'with a heartbeat in every row',
    heartbeat: "DATETIME NOT NULL DEFAULT '2020-01-01 00:00:00' COMMENT '最后心跳时间'",
    rows: 500,
    onlyOnServers: true,
    hasBeats: true,
  },
  { name: 'with another comment', heartbeat: "DATETIME NULL COMMENT 'beat'", rows: 500, onlyOnServers: true },
  { name: 'with microseconds', heartbeat: 'DATETIME(6) NULL', rows: 500, onlyOnServers: true },
  { name: 'with a column that the server touches', updateTime: touched, rows: 500, onlyOnMysql: true },
  { name: 'in utf8mb3', charset: 'utf8mb3', rows: 500, onlyOnMysql: true },
  { name: 'in latin1', charset: 'latin1', heartbeat: 'DATETIME NULL', rows: 500, onlyOnMysql: true },
];

eachDatabase("an older program's database", (databases) => {
  for (const variant of variants) {
    if (variant.onlyOnServers === true && databases.dialect === 'sqlite') continue;
    if (variant.onlyOnMysql === true && !['mysql', 'mariadb'].includes(databases.dialect)) continue;
    describe(variant.name, () => {
      let database: Database;
      let migrator: Migrator;
      let hash: string;
      let schemaBefore: string;

      before(async function () {
        this.timeout(60_000);
        database = await openDatabase(await databases.fresh(), { create: true });
        await makeOlderTables(database, variant);
        hash = await hashOlderRows(database, variant);
        schemaBefore = await readSchema(database);
        migrator = new Migrator(database);
        // So that a server's own clock would show in a row that it touched.
        if (variant.updateTime !== undefined) await new Promise((resolve) => setTimeout(resolve, 1_100));
        await migrator.up(ignore);
      });
      after(() => database.close());

      const beats = async (): Promise<{ right: number; all: number }> => {
        const [row] = await database.read<{ right: number; all: number }[]>((knex) =>
          knex('pipeline_task').select(
            knex.raw('SUM(CASE WHEN last_heartbeat = create_time THEN 1 ELSE 0 END) AS ??', ['right']),
            knex.raw('COUNT(*) AS ??', ['all']),
          ),
        );
        return { right: Number(row?.right), all: Number(row?.all) };
      };

      it('keeps every row as it was, and gives each a heartbeat', async () => {
        expect(await hashOlderRows(database, variant)).to.equal(hash);
        const filled = variant.hasBeats === true ? 0 : variant.rows;
        expect(await beats()).to.deep.equal({ right: filled, all: variant.rows });
      });

      it('has the column, its comment, and the index', async () => {
        const schema = await readSchema(database);
        if (databases.dialect === 'postgres') {
          const digits = variant.heartbeat?.includes('(6)') === true ? 6 : 0;
          const type = `timestamp\\(${digits}\\) without time zone`;
          expect(schema).to.match(new RegExp(`"last_heartbeat" ${type} COMMENT '最后心跳时间'`));
        } else if (databases.dialect !== 'sqlite') {
          const type = variant.heartbeat?.includes('(6)') === true ? 'datetime\\(6\\)' : 'datetime';
          expect(schema).to.match(new RegExp(`\`last_heartbeat\` ${type} DEFAULT NULL COMMENT '最后心跳时间'`));
        }
        expect(schema).to.match(/idx_pipeline_task_heartbeat/);
        expect(schema).to.match(/[`"(]status[`"]?, [`"]?last_heartbeat|\(`status`,`last_heartbeat`,`create_time`\)/);
      });

      it('is changed no more by a second migrate', async () => {
        const schema = await readSchema(database);
        await database.knex('pipeline_task').where({ id: 7 }).update({ last_heartbeat: null });
        expect(await new Migrator(database).up(ignore)).to.deep.equal([]);
        expect(await readSchema(database)).to.equal(schema);
        if (variant.updateTime === undefined) expect(await hashOlderRows(database, variant)).to.equal(hash);
        const left = await database.knex('pipeline_task').where({ id: 7 }).pluck('last_heartbeat');
        expect(left).to.deep.equal([null]);
        await database
          .knex('pipeline_task')
          .where({ id: 7 })
          .update({ last_heartbeat: database.knex.ref('create_time') });
      });

      it('is used by both programs', async () => {
        await database.knex.raw(
          "INSERT INTO pipeline_task (pipeline_id, create_time, status, log_path) VALUES (1, '2030-01-01 00:00:00', 3, 'logs/x.log')",
        );
        const tasks = new TaskStore(database);
        await new CheckpointStore(database).get(2);
        const id = await tasks.claim(claimRequest({ pipelineId: 2 }));
        expect(await tasks.renew([{ taskId: id, progress: null }])).to.deep.equal([]);
        expect(await tasks.finish(id, { status: 2, endReason: 'error', error: '故障 💥' }, null)).to.equal(true);
        expect((await tasks.get(id)).error).to.equal('故障 💥');
        const { tasks: newest, total } = await tasks.list({ limit: 2, offset: 0 });
        expect(newest.map((task) => task.lastHeartbeat === null)).to.deep.equal([false, true]);
        expect(total).to.equal(variant.rows + 2);
        await database.knex('pipeline_task').where('id', '>', variant.rows).delete();
      });

      it('is what it was after everything is taken back', async () => {
        await migrator.down(ignore, true);
        if (variant.updateTime === undefined) expect(await hashOlderRows(database, variant)).to.equal(hash);
        const schema = await readSchema(database);
        expect(withoutComment(schema)).to.equal(withoutComment(schemaBefore));
        // And can be adopted anew.
        await migrator.up(ignore);
        if (variant.updateTime === undefined) expect(await hashOlderRows(database, variant)).to.equal(hash);
        await migrator.down(ignore, true);
        expect(withoutComment(await readSchema(database))).to.equal(withoutComment(schemaBefore));
      });
    });
  }
});

eachDatabase("an older program's pipeline to which tables of its own refer", (databases) => {
  let database: Database;

  afterEach(() => database.close());

  async function adopt(deferred = ''): Promise<void> {
    database = await openDatabase(await databases.fresh(), { create: true });
    const refers = (
      table: string,
    ): string => `CREATE TABLE older_${table} (id ${wordsOf(database).id}, its_id INT NOT NULL,
      CONSTRAINT fk_older_${table} FOREIGN KEY (its_id) REFERENCES ${table} (id)${deferred})`;
    await makeOlderTables(database, { rows: 500, also: [refers('pipeline'), refers('pipeline_task')] });
    await new Migrator(database).up(ignore);
    await database.knex('pipeline_task').whereNot({ status: 1 }).update({ status: 1 });
  }

  async function staysWhole(): Promise<void> {
    const { knex } = database;
    const store = new PipelineStore(database);
    const [task] = (await knex('pipeline_task').where({ pipeline_id: 1 }).pluck('id').limit(1)) as number[];
    await knex('pipeline_checkpoint').insert({ pipeline_id: 1, block_number: 100 });
    await knex('reorg').insert({
      pipeline_id: 1,
      task_id: 1,
      create_time: '2024-01-15 10:00:00',
      ancestor_block: 1,
      blocks: 1,
    });
    const counts = async (): Promise<readonly unknown[]> =>
      Promise.all(
        ['pipeline_checkpoint', 'reorg', 'pipeline_task'].map(async (table) => {
          const rows: unknown[] = await knex(table).where({ pipeline_id: 1 }).select('pipeline_id');
          return rows.length > 0;
        }),
      );
    for (const [table, id] of [
      ['pipeline', 1],
      ['pipeline_task', task],
    ] as const) {
      await knex(`older_${table}`).insert({ its_id: id });
      const error = await rejectionOf(store.delete(1, 30), ConflictError);
      expect(error.message).to.match(
        /^pipeline 1 can't be deleted, .* refer to it or its tasks: .*foreign key.*; nothing was deleted$/i,
      );
      if (databases.dialect !== 'sqlite') expect(error.message).to.contain(`fk_older_${table}`);
      expect(await counts()).to.deep.equal([true, true, true]);
      expect(await store.get(1)).to.have.property('disabled', false);
      await knex(`older_${table}`).delete();
    }
    await store.delete(1, 30);
    expect(await counts()).to.deep.equal([false, false, false]);
  }

  it('stays whole where it can not be deleted, and goes once nothing refers to it', async () => {
    await adopt();
    await staysWhole();
  }).timeout(60_000);

  const deferred = ' DEFERRABLE INITIALLY DEFERRED';
  if (databases.dialect === 'postgres') {
    it('stays whole, too, where their keys are judged when a transaction ends', async () => {
      await adopt(deferred);
      await staysWhole();
    }).timeout(60_000);
  }

  if (databases.dialect === 'sqlite') {
    it('is said to have lost what it read where their keys are judged when a transaction ends', async () => {
      await adopt(deferred);
      const store = new PipelineStore(database);
      await database.knex('older_pipeline').insert({ its_id: 1 });
      const error = await rejectionOf(store.delete(1, 30), ConflictError);
      expect(error.message).to.match(/^pipeline 1 can't be deleted, .*foreign key.*; what it had read is gone/i);
      expect(error.message).not.to.contain('nothing was deleted');
      await database.knex('older_pipeline').delete();
      await store.delete(1, 30);
      expect((await store.list()).map(({ id }) => id)).not.to.include(1);
    }).timeout(60_000);
  }
});

onMysql("an older program's tables that keep no transactions", (server) => {
  it('are not adopted, and how they are to be changed is told', async () => {
    const database = await openDatabase(await createDatabase(server().url()), { create: true });
    await makeOlderTables(database, { rows: 500 });
    for (const statement of [
      'pipeline_task DROP FOREIGN KEY fk_task_pipeline',
      'pipeline_task ENGINE=MyISAM',
      'pipeline ENGINE=MyISAM',
    ]) {
      await database.knex.raw(`ALTER TABLE ${statement}`);
    }
    const before = await readSchema(database);
    const error = await rejectionOf(new Migrator(database).up(ignore), ConflictError);
    expect(error.message).to.match(
      /keep no transactions: pipeline \(MyISAM\), pipeline_task \(MyISAM\); nothing was changed$/,
    );
    expect(error.hint).to.equal('ALTER TABLE pipeline ENGINE=InnoDB; ALTER TABLE pipeline_task ENGINE=InnoDB');
    expect(await readSchema(database)).to.equal(before);
    for (const statement of error.hint?.split('; ') ?? []) await database.knex.raw(statement);
    await new Migrator(database).up(ignore);
    await database.close();
  });
});

eachDatabase("an older program's pipeline whose flag is a truth value or a bit", (databases) => {
  let database: Database;

  before(async function () {
    this.timeout(60_000);
    database = await openDatabase(await databases.fresh(), { create: true });
    const flag = database.dialect.name === 'mysql' ? "BIT(1) NOT NULL DEFAULT b'0'" : 'BOOLEAN NOT NULL DEFAULT FALSE';
    await makeOlderTables(database, { rows: 500, flag });
    await new Migrator(database).up(ignore);
  });
  after(() => database.close());

  it('is stored, disabled, enabled, started and deleted as others are', async () => {
    const pipelines = new PipelineStore(database);
    const wanted = new WantedStore(database, 30);
    const components = [{ name: 'a', type: 'event_monitor', config: {} }];
    const plain = { id: null, classificationId: null, description: null, timeoutMinutes: null };
    const started = { restart: null, schedule: null, timeZone: null };
    const made = await pipelines.import({ ...plain, ...started, name: 'new', components });
    for (const id of [1, made]) {
      expect(await pipelines.isDisabled(id)).to.equal(false);
      await pipelines.setDisabled(id, true);
      expect(await pipelines.get(id)).to.have.property('disabled', true);
      await rejectionOf(wanted.start(id), ConflictError);
      await pipelines.setDisabled(id, false);
      expect((await wanted.start(id)).queuedTaskId).to.be.a('number');
      await wanted.stop(id);
    }
    await pipelines.delete(made, 30);
    expect((await pipelines.list()).map(({ id, disabled }) => [id, disabled])).to.deep.equal(
      [1, 2, 3].map((id) => [id, false]),
    );
  });

  it('gets a task for what its sinks were asked, unless it is disabled', async () => {
    const pipelines = new PipelineStore(database);
    await database.knex('pipeline_sink').insert({ pipeline_id: 2, name: 'hook', type: 'webhook_sink' });
    await pipelines.setDisabled(2, true);
    const queued = async (): Promise<unknown> => (await database.write([queueUnheard(database, 2, [])]))[0]?.matched;
    expect(await queued()).to.equal(0);
    await pipelines.setDisabled(2, false);
    expect(await queued()).to.equal(1);
  });

  it('is made for a heartbeat test', async () => {
    const store = new TestPipelineStore(database);
    const id = await store.insert({ token: 'abc', worker: 'there:7', identity: null }, 'main');
    expect(await new PipelineStore(database).isDisabled(id)).to.equal(true);
    await store.delete(id);
  });
});

eachDatabase("an older program's pipelines that are sorted into its classifications", (databases) => {
  let database: Database;
  let store: PipelineStore;

  before(async function () {
    this.timeout(60_000);
    database = await openDatabase(await databases.fresh(), { create: true });
    const { id, instant } = wordsOf(database);
    const time = { sqlite: instant, mysql: 'DATETIME(6)', postgres: 'TIMESTAMPTZ' }[database.dialect.name];
    const run = async (sql: string): Promise<void> => {
      await database.knex.raw(sql);
    };
    await run(`CREATE TABLE pipeline_classification (id ${id}, name VARCHAR(100))`);
    await run(`CREATE TABLE pipeline (id ${id}, classification_id INT, name VARCHAR(255) NOT NULL, create_time ${time},
      CONSTRAINT fk_sorted FOREIGN KEY (classification_id) REFERENCES pipeline_classification (id))`);
    await run("INSERT INTO pipeline (name, create_time) VALUES ('one', '2024-01-15 10:00:00.123456')");
    await new Migrator(database).up(ignore);
    store = new PipelineStore(database);
  });
  after(() => database.close());

  it('show their times to the second, whatever the older program kept', async () => {
    expect((await store.get(1)).createTime).to.equal('2024-01-15T10:00:00');
    expect((await store.list()).map(({ createTime }) => createTime)).to.deep.equal(['2024-01-15T10:00:00']);
  });

  it('are not imported into a classification that is not there', async () => {
    const plain = { id: null, description: null, timeoutMinutes: null, restart: null, schedule: null, timeZone: null };
    const definition = { ...plain, name: 'new', components: [{ name: 'a', type: 'event_monitor', config: {} }] };
    const error = await rejectionOf(store.import({ ...definition, classificationId: 7 }), NotFoundError);
    expect(error.message).to.equal('there is no classification 7');
    await database.knex('pipeline_classification').insert({ id: 7, name: 'seven' });
    await store.import({ ...definition, classificationId: 7 });
  });

  // SQLite can't change a column.
  const itOnServers = databases.dialect === 'sqlite' ? (): void => undefined : it;
  itOnServers('leave a heartbeat test a place among them where each must have one', async () => {
    const { knex } = database;
    await knex('pipeline').whereNull('classification_id').update({ classification_id: 7 });
    const must = databases.dialect === 'postgres' ? 'ALTER classification_id SET' : 'MODIFY classification_id INT';
    await knex.raw(`ALTER TABLE pipeline ${must} NOT NULL`);
    const tests = new TestPipelineStore(database);
    await tests.delete(await tests.insert({ token: 'abc', worker: 'there:7', identity: null }, 'main'));
  });
});

/** A comment and leave to be NULL lose nothing, and an index that a foreign key leans on by now stays. */
function withoutComment(schema: string): string {
  return schema
    .replace(/ COMMENT '[^']*'/g, '')
    .replace(/("last_heartbeat" timestamp\S+ without time zone) NOT NULL DEFAULT '[^']*'::[^,]*/, '$1')
    .replace(/(`last_heartbeat` \S+) NOT NULL DEFAULT '[^']*'/, '$1 DEFAULT NULL')
    .replace(/ {2}KEY `(fk_task_pipeline|idx_pipeline_task_pipeline)` \(`pipeline_id`(,`id`)?\),\n/g, '');
}
