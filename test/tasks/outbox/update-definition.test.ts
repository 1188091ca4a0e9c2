import { expect } from 'chai';
import type { EventMonitorConfig } from '../../../src/components/event-monitor/config.js';
import { sourceOf } from '../../../src/components/source-of.js';
import type { Database } from '../../../src/database/database.js';
import { PipelineStore } from '../../../src/database/pipelines/pipeline-store.js';
import type { PipelineDefinition } from '../../../src/model/pipeline.js';
import { updateDefinition } from '../../../src/tasks/outbox/update-definition.js';
import { openMigrated } from '../../support/migrated-database.js';
import { monitorConfig } from '../../support/monitor-run.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('a definition that replaces the one by which blocks have been read', () => {
  let database: Database;

  beforeEach(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/update.db`);
    await new PipelineStore(database).import(definition({ startBlock: 100, endBlock: 180 }));
  });
  afterEach(() => database.close());

  const definition = (changes: Partial<EventMonitorConfig>): PipelineDefinition => ({
    ...{ id: 45, name: 'transfers', classificationId: null, description: null },
    ...{ timeoutMinutes: null, restart: null, schedule: null, timeZone: null },
    components: [{ name: 'source', type: 'event_monitor', config: { ...monitorConfig, ...changes } }],
  });
  const read = (): Promise<unknown> =>
    database.write([
      database.knex('pipeline_checkpoint').insert({ pipeline_id: 45, start_block: 100, block_number: 170, version: 7 }),
    ]);
  const warningsOf = async (changes: Partial<EventMonitorConfig>): Promise<readonly object[]> =>
    (await updateDefinition(database, definition(changes))).warnings;

  it('says that they stay as they were read where it wants other events of them', async () => {
    expect(await warningsOf({ startBlock: 100, endBlock: 180, keepUnknown: true })).to.deep.equal([]);
    await read();
    expect(await warningsOf({ startBlock: 100, endBlock: 180, eventsToMonitor: ['Transfer'] })).to.deep.equal([
      {
        message: 'blocks 100 to 170 were read by the definition of before: what is stored of them stays as it is',
        hint: 'to read them anew: chainparse run-pipeline 45 --fresh --from-block 100',
      },
    ]);
  });

  it('says that they stay as they were read where its ABI decodes their logs otherwise', async () => {
    await read();
    const [contract] = monitorConfig.contracts;
    const abi = (contract?.abi ?? []).map(({ inputs = [], ...fragment }) => ({
      ...fragment,
      inputs: inputs.map((input, place) => ({ ...input, name: `renamed${place}` })),
    }));
    const contracts = [{ addresses: contract?.addresses ?? null, abi }];
    const [warning] = await warningsOf({ startBlock: 100, endBlock: 180, contracts });
    expect(warning)
      .to.have.property('message')
      .that.contains('blocks 100 to 170 were read by the definition of before');
  });

  it('says that what shards have read ahead by another definition is given up', async () => {
    const wanted = { startBlock: 100, endBlock: 180 };
    const config = { ...monitorConfig, ...wanted };
    const shard = {
      ...{ pipeline_id: 45, shard: 2, chain: 31337, after_block: 170, after_hash: Buffer.alloc(32), to_block: 180 },
      definition: sourceOf({ id: 45, components: [{ name: 'source', type: 'event_monitor', config }] }).fingerprint(),
      ...{ added: 5_000, block_number: 175, hash: Buffer.alloc(32), events: 1, version: 1 },
    };
    await database.write([database.knex('pipeline_shard').insert(shard)]);
    expect(await warningsOf(wanted)).to.deep.equal([]);
    expect(await warningsOf({ ...wanted, eventsToMonitor: ['Transfer'] })).to.deep.equal([
      {
        message:
          "blocks 171 to 180 were cut into shards by the definition of before: what they have read ahead (1 event) is given up by the pipeline's next task, which reads it anew",
        hint: 'a task that runs goes on by the definition of before; to end it: chainparse pipeline restart 45',
      },
    ]);
  });

  it('says that no run goes on behind blocks of another chain', async () => {
    await read();
    expect(await warningsOf({ startBlock: 100, endBlock: 180, chainName: 'ethereum', chainId: 1 })).to.deep.equal([
      {
        message: 'blocks 100 to 170 are of chain 31337: a run that goes on behind them on chain 1 is refused',
        hint: 'to begin anew: chainparse run-pipeline 45 --fresh',
      },
    ]);
  });

  it('says which blocks are not read, and of which more is stored, where it begins or ends lower', async () => {
    await read();
    expect(await warningsOf({ startBlock: 50, endBlock: 150 })).to.deep.equal([
      {
        message: 'blocks 50 to 99 have not been read: the pipeline goes on behind block 170',
        hint: 'to read them: chainparse run-pipeline 45 --from-block 50',
      },
      {
        message: 'what is stored of blocks 151 to 170 stays',
        hint: 'to take it back: chainparse pipeline rewind 45 --to-block 150',
      },
    ]);
  });

  it('says nothing where the same events of the same blocks are read otherwise', async () => {
    await read();
    expect(await warningsOf({ startBlock: 100, endBlock: null, mode: 'realtime', batchSize: 7 })).to.deep.equal([]);
    expect(await warningsOf({ startBlock: 120, endBlock: 170, pollInterval: 3 })).to.deep.equal([]);
    const [contract] = monitorConfig.contracts;
    const abi = [...(contract?.abi ?? []), { type: 'function', name: 'totalSupply', inputs: [], outputs: [] }];
    const contracts = [{ addresses: contract?.addresses ?? null, abi }];
    expect(await warningsOf({ startBlock: 120, endBlock: 170, contracts })).to.deep.equal([]);
  });
});
