import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import yaml from 'yaml';
import { emptyManifest, manifestText } from '../../src/components/file-sink/manifest.js';
import { manifestName } from '../../src/components/file-sink/file-store.js';
import type { Database } from '../../src/database/database.js';
import { PipelineStore } from '../../src/database/pipelines/pipeline-store.js';
import { DeadLetterStore } from '../../src/database/sinks/dead-letter-store.js';
import { readInstallation } from '../../src/database/schema/read-installation.js';
import { SinkStore } from '../../src/database/sinks/sink-store.js';
import { MessageData } from '../../src/model/event-message.js';
import { parseDefinition } from '../../src/pipeline/definition/read-definition.js';
import { firstText } from '../../src/tasks/outbox/resume.js';
import { definitionOptions, monitorYaml } from '../pipeline/definition/definition-texts.js';
import { fieldsOf, SinkFixture } from '../components/table-sink/sink-fixture.js';
import { insertSilentTask } from '../database/insert-silent-task.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { expectProblem, testApi, type TestApi } from './api-fixture.js';

interface Sink {
  readonly state: string;
}

interface Letter {
  readonly letter_id: number;
}

eachDatabase('the API of sinks', (databases) => {
  let database: Database;
  let api: TestApi;
  let pipelineId: number;

  before(async () => {
    database = await openMigrated(await databases.fresh());
    api = testApi(database);
    const text = `${monitorYaml()}  - {name: rows, type: table_sink, table: usdc}\n`;
    pipelineId = await new PipelineStore(database).import(await parseDefinition(text, null, definitionOptions));
  });
  after(async () => {
    await api.app.close();
    await database.close();
  });

  /** What a run leaves behind. */
  const begin = async (): Promise<void> => {
    const place = { place: firstText(3, null), epoch: 'e', cursor_block: 104 };
    await database.knex('pipeline_sink').where({ pipeline_id: pipelineId, name: 'rows' }).update(place);
  };
  const bury = async (blockNumber: number): Promise<void> => {
    const place = {
      ...{ chainId: 1, blockNumber, blockHash: '0x1', timestamp: 1, contractAddress: '0x2' },
      ...{ transactionHash: '0x3', transactionIndex: 0, logIndex: 0 },
    };
    const message = {
      id: `1:${blockNumber}`,
      op: 'insert',
      seq: 12_288,
      rank: 4_096,
      place,
      data: MessageData.ofText('{}'),
    } as const;
    const event = { eventName: 'Transfer', eventSignature: 'Transfer()' };
    const refusal = { message: { ...message, ...event }, attempts: 10, error: '400' };
    await database.write([new DeadLetterStore(database).keep({ pipelineId, sink: 'rows' }, refusal)]);
  };

  it('lists those of a pipeline, and knows no other pipeline', async () => {
    const rows = { pipeline_id: pipelineId, name: 'rows', type: 'table_sink', cursor_block: null, behind: 0 };
    const none = { dead_letters: 0, last_error: null, last_error_time: null };
    const list = (): Promise<unknown> => api.get(`/api/v1/pipeline/${pipelineId}/sinks`);
    expect(await list()).to.deep.equal({ sinks: [{ ...rows, state: 'idle', ...none }] });
    await new SinkStore(database).setPaused(pipelineId, rows, true);
    expect(await list()).to.deep.equal({ sinks: [{ ...rows, state: 'paused', ...none }] });
    expectProblem(await api.send('/api/v1/pipeline/999/sinks'), 404);
  });

  it('says that one is running only while a task that is not silent feeds it', async () => {
    const { knex } = database;
    const state = async (): Promise<unknown> => {
      const { sinks } = (await api.get(`/api/v1/pipeline/${pipelineId}/sinks`)) as { readonly sinks: Sink[] };
      return sinks[0]?.state;
    };
    await new SinkStore(database).setPaused(pipelineId, { name: 'rows', type: 'table_sink' }, false);
    // One that names no interval goes by the default, of 30 s.
    for (const row of [{}, { heartbeat_interval: 1 }]) {
      await insertSilentTask(database, 200, { pipeline_id: pipelineId, ...row });
      expect(await state()).to.equal('idle');
    }
    await insertSilentTask(database, 0, { pipeline_id: pipelineId, heartbeat_interval: 1 });
    expect(await state()).to.equal('running');
    await knex('pipeline_task').where({ pipeline_id: pipelineId }).update({ status: 2 });
    expect(await state()).to.equal('idle');
  });

  it('pauses, resumes and replays one, and tells what it does not have', async () => {
    const sink = (path: string, body: object = {}) => api.post(`/api/v1/pipeline/${pipelineId}/sinks/${path}`, body);
    expect((await sink('rows/pause')).json()).to.include({ name: 'rows', state: 'paused' });
    expect((await sink('rows/resume')).json()).to.include({ name: 'rows', state: 'idle' });
    expectProblem(await sink('rows/replay', { from_block: 3 }), 409);
    await begin();
    expect((await sink('rows/replay', { from_block: 3 })).json()).to.deep.equal({ replay: 1 });
    expectProblem(await sink('rows/replay', { from_block: -1 }), 400);
    expectProblem(await sink('columns/pause'), 404);
  });

  it('finds a sink by the longest name that it may have', async () => {
    const path = `/api/v1/pipeline/${pipelineId}/sinks/${'数'.repeat(255)}/pause`;
    expect(expectProblem(await api.post(path), 404)['detail']).to.include('has no sink');
    expectProblem(await api.post(path.replace('数', '数数')), 414);
  });

  it('refuses a definition whose table another pipeline fills, and takes that pipeline’s own', async () => {
    const owner = { pipelineId, name: 'rows', installation: await readInstallation(database) };
    await (await SinkFixture.open(database, fieldsOf('Transfer(uint256 value)'), {}, owner)).claim(1);
    const source = (yaml.parse(monitorYaml()) as { components: object[] }).components;
    const body = (name: string) => ({
      name,
      components: [...source, { name: 'rows', type: 'table_sink', table: 'usdc' }],
    });
    const { detail } = expectProblem(await api.post('/api/v1/pipeline/config', body('second')), 400);
    expect(detail).to.match(
      /table: the table usdc in .* is filled by the sink 'rows' of pipeline \d+: a table has one/,
    );
    expect(await api.post(`/api/v1/pipeline/${pipelineId}`, body('first'), 'PUT')).to.have.property('statusCode', 200);
  });

  it('refuses a definition whose folder another pipeline fills, and looks at none outside that of pipelines’ files', async () => {
    const owner = { installation: await readInstallation(database), pipeline_id: pipelineId, sink: 'lake' };
    const source = (yaml.parse(monitorYaml()) as { components: object[] }).components;
    const store = (name: string, path: string) =>
      api.post('/api/v1/pipeline/config', { name, components: [...source, { name: 'lake', type: 'file_sink', path }] });
    for (const folder of ['data/lake', 'elsewhere']) {
      mkdirSync(join(api.parts.cwd, folder), { recursive: true });
      const text = manifestText(emptyManifest(owner, { epoch: 'e', claim: 1 }));
      writeFileSync(join(api.parts.cwd, folder, manifestName), text);
    }
    const { detail } = expectProblem(await store('of-the-lake', 'lake'), 400);
    expect(detail).to.match(/path: .*\/data\/lake belongs to sink 'lake' of pipeline \d+/);
    const { errors } = expectProblem(await store('elsewhere', join(api.parts.cwd, 'elsewhere')), 400);
    expect((errors as { message: string }[]).map(({ message }) => message)).to.deep.equal([
      'must be below the data folder, links followed: the definition was stored by the API',
    ]);
  });

  it('refuses two sinks of one definition that fill one folder or one file of SQLite', async () => {
    const source = (yaml.parse(monitorYaml()) as { components: object[] }).components;
    const components = [
      ...source,
      { name: 'a', type: 'file_sink', path: 'out' },
      { name: 'b', type: 'file_sink', path: resolve(api.parts.cwd, 'data/out') },
      { name: 'c', type: 'table_sink', table: 'usdc', database: 'sqlite:data/far.db' },
      { name: 'd', type: 'table_sink', table: 'usdc', database: `sqlite:${api.parts.cwd}/./data/far.db` },
    ];
    const { errors } = expectProblem(await api.post('/api/v1/pipeline/config', { name: 'twice', components }), 400);
    expect((errors as { message: string }[]).map(({ message }) => message)).to.deep.equal([
      "is filled by the sink 'a' already: it has one sink",
      "is filled by the sink 'c' already: it has one sink",
    ]);
  });

  it('lists dead letters, and has them tried again or forgotten', async () => {
    const path = `/api/v1/pipeline/${pipelineId}/sinks/rows/dead-letters`;
    for (const block of [1, 2]) await bury(block);
    const { dead_letters: letters, total } = (await api.get(path)) as { dead_letters: Letter[]; total: number };
    expect(total).to.equal(2);
    expect(letters[0]).to.include({ op: 'insert', block_number: 1, attempts: 10, error: '400' });
    expect((await api.post(`${path}/retry`, { letters: [letters[0]!.letter_id] })).json()).to.deep.equal({
      letters: 1,
    });
    expect((await api.post(`${path}/drop`, {})).json()).to.deep.equal({ letters: 2 });
    expect(await api.get(path)).to.deep.equal({ dead_letters: [], total: 0 });
  });

  it('takes a list that names no dead letter for none, never for all of them', async () => {
    const path = `/api/v1/pipeline/${pipelineId}/sinks/rows/dead-letters`;
    await bury(3);
    for (const verb of ['retry', 'drop']) {
      const { errors } = expectProblem(await api.post(`${path}/${verb}`, { letters: [] }), 400);
      expect(errors).to.deep.equal([
        { path: 'body.letters', message: 'names no dead letter: leave it out to take all' },
      ]);
    }
    const store = new DeadLetterStore(database);
    const rows = { pipelineId, sink: 'rows' };
    expect([await store.retry(rows, []), await store.drop(rows, [])]).to.deep.equal([0, 0]);
    await database.write([store.forget(rows, [])]);
    expect(await api.get(path)).to.have.property('total', 1);
  });
});
