import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { PipelineStore } from '../../src/database/pipelines/pipeline-store.js';
import { SinkStore } from '../../src/database/sinks/sink-store.js';
import { parseDefinition } from '../../src/pipeline/definition/read-definition.js';
import { definitionOptions, monitorYaml } from '../pipeline/definition/definition-texts.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { expectProblem, testApi, type TestApi } from './api-fixture.js';

eachDatabase('the API of sinks', (databases) => {
  let database: Database;
  let api: TestApi;
  let pipelineId: number;

  before(async () => {
    database = await openMigrated(await databases.fresh());
    api = testApi(database);
    const yaml = `${monitorYaml()}  - {name: rows, type: table_sink, table: usdc}\n`;
    pipelineId = await new PipelineStore(database).import(await parseDefinition(yaml, null, definitionOptions));
  });
  after(async () => {
    await api.app.close();
    await database.close();
  });

  it('lists those of a pipeline, and knows no other pipeline', async () => {
    const rows = { pipeline_id: pipelineId, name: 'rows', type: 'table_sink', cursor_block: null, behind: 0 };
    const none = { dead_letters: 0, last_error: null, last_error_time: null };
    const list = (): Promise<unknown> => api.get(`/api/v1/pipeline/${pipelineId}/sinks`);
    expect(await list()).to.deep.equal({ sinks: [{ ...rows, state: 'idle', ...none }] });
    await new SinkStore(database).setPaused(pipelineId, rows, true);
    expect(await list()).to.deep.equal({ sinks: [{ ...rows, state: 'paused', ...none }] });
    expectProblem(await api.send('/api/v1/pipeline/999/sinks'), 404);
  });
});
