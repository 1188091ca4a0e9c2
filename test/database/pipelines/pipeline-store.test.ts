import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { PipelineStore } from '../../../src/database/pipelines/pipeline-store.js';
import { listBehindSource } from '../../../src/database/sinks/list-sinks.js';
import type { PipelineDefinition } from '../../../src/model/pipeline.js';
import { DamagedDefinitionError, NotFoundError, TakenError, UsageError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { wordsOf } from '../../support/table-words.js';
import { rejectionOf } from '../../support/rejection.js';

const definition: PipelineDefinition = {
  id: null,
  name: "it's 名 🦀",
  classificationId: 3,
  description: 'a\nb',
  timeoutMinutes: 1.5,
  restart: 'always',
  schedule: '0 3 * * mon-fri',
  timeZone: 'Asia/Shanghai',
  components: [
    {
      name: 'first',
      type: 'event_monitor',
      config: { chainName: 'ethereum', nested: [{ a: "quote ' and \\ and ?" }] },
    },
    { name: 'second', type: 'dict_mapper', config: {} },
    { name: 'third', type: 'table_sink', config: { z: 1, a: null } },
  ],
};

eachDatabase('the store of pipelines', (databases) => {
  let database: Database;
  let store: PipelineStore;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    store = new PipelineStore(database);
  });
  after(() => database.close());

  const count = async (table: string): Promise<number> => {
    const [row] = await database.read<{ rows: number }[]>((knex) => knex(table).count({ rows: '*' }));
    return row!.rows;
  };

  it('gives back what was stored, under an id of its own', async () => {
    const ids = [await store.import(definition), await store.import({ ...definition, name: 'other' })];
    expect(ids[1]).to.be.greaterThan(ids[0]!);
    const { createTime, updateTime, ...pipeline } = await store.get(ids[0]!);
    expect(pipeline).to.deep.equal({ ...definition, id: ids[0], disabled: false, origin: 'cli' });
    expect(createTime).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
    expect(updateTime).to.equal(createTime);
    expect((await store.get(ids[1]!)).components).to.deep.equal(definition.components);
  });

  it('stores a definition without any value that may lack', async () => {
    const unscheduled = { restart: null, schedule: null, timeZone: null };
    const bare = {
      ...{ ...definition, name: 'bare', ...unscheduled },
      ...{ classificationId: null, description: null, timeoutMinutes: null },
    };
    expect(await store.get(await store.import(bare))).to.deep.include({ ...bare, id: await newestId() });
  });

  const newestId = async (): Promise<number> => (await store.list()).at(-1)!.id;

  it('does not begin with what was wanted of a deleted one that had its id', async () => {
    const { knex, dialect } = database;
    const since = dialect.now(knex);
    const left = [4600, 4601].map((id) => ({ pipeline_id: id, state: 'started', since }));
    await database.write([knex('pipeline_wanted').insert(left)]);
    await store.import({ ...definition, id: 4600, name: 'reborn' });
    const rows = await database.read<object[]>(() => knex('pipeline_wanted').select('pipeline_id'));
    expect(rows).to.deep.equal([{ pipeline_id: 4601 }]);
    await store.delete(4600, 30);
  });

  it('does not begin with what was wanted of a deleted one whose id is given again', async () => {
    const { knex, dialect } = database;
    const last = await store.import({ ...definition, name: 'the last' });
    const left = [1, 2, 3, 4].map((more) => ({ pipeline_id: last + more, state: 'started', since: dialect.now(knex) }));
    await database.write([knex('pipeline_wanted').delete(), knex('pipeline_wanted').insert(left)]);
    const id = await store.import({ ...definition, name: 'given again' });
    const rows = await database.read<{ pipeline_id: number }[]>(() => knex('pipeline_wanted').select('pipeline_id'));
    const others = left.map((row) => row.pipeline_id).filter((each) => each !== id);
    expect(rows.map((row) => row.pipeline_id).sort()).to.deep.equal(others);
    expect(others).to.have.length(3);
  });

  it('stores it under the id that it names, and refuses to do so twice', async () => {
    expect(await store.import({ ...definition, id: 4500, name: 'numbered' })).to.equal(4500);
    const rows = await count('pipeline_component');
    const error = await rejectionOf(store.import({ ...definition, id: 4500, name: 'changed' }));
    expect(error).to.be.instanceOf(UsageError).with.property('hint').that.contains('--update');
    expect(await store.get(4500)).to.have.property('name', 'numbered');
    expect(await count('pipeline_component')).to.equal(rows);
  });

  it('stores one of two that come under the same id at once', async () => {
    const results = await Promise.allSettled(
      [1, 2].map((n) => store.import({ ...definition, id: 4600, name: `${n}` })),
    );
    expect(results.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
    expect((await store.get(4600)).components).to.have.length(3);
  });

  it('replaces a definition where that is asked for, and stores it where there is none', async () => {
    const changed: PipelineDefinition = {
      ...definition,
      id: 4500,
      name: 'replaced',
      classificationId: null,
      components: definition.components.slice(1, 2),
    };
    expect(await store.import(changed, { update: true })).to.equal(4500);
    expect(await store.get(4500)).to.deep.include(changed);
    expect(await store.import({ ...changed, id: 4700, name: 'fresh' }, { update: true })).to.equal(4700);
  });

  it('replaces the one of its name where no id is given, and stores it where none has the name', async () => {
    const id = await store.import({ ...definition, name: 'by name' }, { update: true });
    expect(await store.import({ ...definition, name: 'By Name', description: 'changed' }, { update: true })).to.equal(
      id,
    );
    expect(await store.get(id)).to.deep.include({ name: 'By Name', description: 'changed' });
  });

  it('gives a name once, regardless of case, also by a rename', async () => {
    const first = await store.import({ ...definition, name: 'Élan' });
    const second = await store.import({ ...definition, name: 'other élan' });
    for (const taken of [
      store.import({ ...definition, name: 'élan' }),
      store.import({ ...definition, name: 'élan', id: 5_000 }, { update: true }),
      store.import({ ...definition, name: 'ÉLAN', id: second }, { update: true }),
    ]) {
      const error = await rejectionOf(taken);
      expect(error)
        .to.be.instanceOf(TakenError)
        .with.property('message')
        .that.contains(`pipeline ${first} is named 'Élan' already`);
      expect(error).to.have.property('hint').that.contains('--update');
    }
    await store.import({ ...definition, name: 'renamed élan', id: first }, { update: true });
    expect(await store.import({ ...definition, name: 'élan', id: second }, { update: true })).to.equal(second);
  });

  it('gives a name again whose pipeline an older program has renamed', async () => {
    const renamed = await store.import({ ...definition, name: 'of old' });
    const other = await store.import({ ...definition, name: 'beside' });
    const rename = (name: string) => database.knex('pipeline').where({ id: renamed }).update({ name });
    await database.write([rename('by hand')]);
    expect(await store.import({ ...definition, id: other, name: 'OF OLD' }, { update: true })).to.equal(other);
    await rejectionOf(store.import({ ...definition, name: 'By Hand' }), TakenError);
    await store.import({ ...definition, id: renamed, name: 'by hand' }, { update: true });
    await database.write([rename('by another hand')]);
    expect(await store.import({ ...definition, name: 'by hand' })).to.be.greaterThan(other);
    await rejectionOf(store.import({ ...definition, name: 'by another hand' }), TakenError);
  });

  it('gives a name once where many ask for it at one time', async () => {
    for (const round of [1, 2, 3]) {
      const names = [`Race ${round}`, `race ${round}`, `RACE ${round}`, `rAce ${round}`];
      const results = await Promise.allSettled(names.map((name) => store.import({ ...definition, name })));
      expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
      for (const error of failures) expect(error).to.be.instanceOf(TakenError);
    }
  });

  it('takes no further duplicate of what an older program has named alike, and updates each by its id', async () => {
    const old = [6_001, 6_002].map((id) => database.knex('pipeline').insert({ id, name: 'alike', disabled: 0 }));
    await database.write(old);
    await rejectionOf(store.import({ ...definition, name: 'Alike' }), TakenError);
    const ambiguous = await rejectionOf(store.import({ ...definition, name: 'alike' }, { update: true }));
    expect(ambiguous).to.be.instanceOf(UsageError).with.property('message').that.contains('6001, 6002');
    for (const id of [6_001, 6_002]) {
      expect(await store.import({ ...definition, id, name: 'alike' }, { update: true })).to.equal(id);
    }
    await store.import({ ...definition, id: 6_002, name: 'unlike' }, { update: true });
    expect(await store.import({ ...definition, name: 'alike' }, { update: true })).to.equal(6_001);
  });

  it('leaves nothing behind of an import that fails', async () => {
    const before = [await count('pipeline'), await count('pipeline_component')];
    const nameless = { name: null as unknown as string, type: 'table_sink', config: {} };
    const broken = { ...definition, components: [...definition.components, nameless] };
    await rejectionOf(store.import(broken));
    expect([await count('pipeline'), await count('pipeline_component')]).to.deep.equal(before);
  });

  it('lists by id, without configs', async () => {
    const list = await store.list();
    expect(list.map(({ id }) => id)).to.deep.equal(list.map(({ id }) => id).sort((a, b) => a - b));
    expect(list[0]).to.deep.include({ name: definition.name, disabled: false, classificationId: 3 });
    expect(list[0]!.componentTypes).to.deep.equal(['event_monitor', 'dict_mapper', 'table_sink']);
  });

  it('disables and enables, twice as well as once', async () => {
    for (const disabled of [true, true, false, false]) {
      await store.setDisabled(4500, disabled);
      expect(await store.get(4500)).to.have.property('disabled', disabled);
    }
  });

  it('says which component is damaged, and stores the definition anew', async () => {
    const id = await store.import({ ...definition, name: 'damaged' });
    const { knex } = database;
    await database.write([
      knex('pipeline_component').where({ pipeline_id: id, name: 'second' }).update({ config: '{"a' }),
    ]);
    const error = await rejectionOf(store.get(id), DamagedDefinitionError);
    expect(error.message).to.contain(`component 'second' of pipeline ${id}`);
    expect(error.hint).to.contain(`--id ${id} --update`);
    await store.import({ ...definition, id, name: 'damaged' }, { update: true });
    expect((await store.get(id)).components).to.deep.equal(definition.components);
  });

  it('tells chains and starts of all others while the config of one component is damaged', async () => {
    const starting = { name: 'new', type: 'stdout_sink', config: { start: 'now' } };
    const source = { name: 'first', type: 'event_monitor', config: { chainId: 137 } };
    const id = await store.import({ ...definition, name: 'whole', components: [source, starting] });
    const told = async (): Promise<readonly unknown[]> => {
      const [component] = await listBehindSource(database, 30, id);
      const all = await listBehindSource(database, 30);
      return [
        component?.startsNow,
        all.find(({ pipelineId }) => pipelineId === id)?.startsNow,
        (await store.chainIds()).get(id),
      ];
    };
    expect(await told()).to.deep.equal([true, true, 137]);
    const damaged = await store.import({ ...definition, name: 'torn', components: [source, starting] });
    await database
      .knex('pipeline_component')
      .where({ pipeline_id: damaged })
      .update({ config: '{"start":"now","chainId":137' });
    expect(await told()).to.deep.equal([true, true, 137]);
    expect((await listBehindSource(database, 30, damaged)).map(({ startsNow }) => startsNow)).to.deep.equal([false]);
    expect((await store.chainIds()).has(damaged)).to.equal(false);
    await store.delete(damaged, 30);
  });

  it('says that there is no such pipeline', async () => {
    for (const work of [() => store.get(999), () => store.setDisabled(999, true), () => store.delete(999, 30)]) {
      expect(await rejectionOf(work()))
        .to.be.instanceOf(NotFoundError)
        .with.property('message', 'there is no pipeline 999');
    }
  });
});

eachDatabase("the store of pipelines in an older program's tables", (databases) => {
  it('stores, shows and deletes among what was there', async function () {
    this.timeout(60_000);
    const url = await databases.fresh();
    const older = await openDatabase(url, { create: true });
    const { id, instant } = wordsOf(older);
    await older.read((knex) => knex.raw('SELECT 1'));
    const made = [
      older.knex.raw(
        `CREATE TABLE pipeline (id ${id}, classification_id int NOT NULL DEFAULT 9, name varchar(100) NOT NULL,
         description text, create_time ${instant}, update_time ${instant}, disabled int)`,
      ),
      older.knex.raw(
        `CREATE TABLE pipeline_task (id ${id}, pipeline_id int NOT NULL, create_time ${instant} NOT NULL,
         status int NOT NULL, log_path varchar(200), FOREIGN KEY (pipeline_id) REFERENCES pipeline (id))`,
      ),
      older.knex('pipeline').insert({ id: 5, name: 'old' }),
      older.knex('pipeline_task').insert({ pipeline_id: 5, create_time: '2020-01-01 00:00:00', status: 0 }),
    ];
    // MySQL commits what stands before a CREATE TABLE.
    for (const step of made) await older.write([step]);
    await older.close();
    const database = await openMigrated(url);
    try {
      const store = new PipelineStore(database);
      expect(await store.get(5)).to.deep.include({ name: 'old', disabled: false, createTime: null, components: [] });
      const added = await store.import({ ...definition, classificationId: null });
      expect(await store.get(added)).to.deep.include({ classificationId: 9, components: definition.components });
      await store.import({ ...definition, id: 5, name: 'new' }, { update: true });
      await store.delete(5, 30);
      expect((await store.list()).map((pipeline) => pipeline.id)).to.deep.equal([added]);
    } finally {
      await database.close();
    }
  });
});
