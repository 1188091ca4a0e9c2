import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import type { StageOpening } from '../../src/components/seam/component.js';
import { mapThrough, sinksOf } from '../../src/components/sinks-of.js';
import { parseDefinition } from '../../src/pipeline/definition/read-definition.js';
import { silentLogger } from '../../src/runtime/logger.js';
import { batchOf as fileBatch, claim, contextOf, holdPipeline } from '../components/file-sink/opened-sink.js';
import { batchOf, sinkContext, sinkOpening, transferMessage } from '../components/sink-fixture.js';
import { definitionOptions } from '../pipeline/definition/definition-texts.js';
import type { EventMessage } from '../../src/model/event-message.js';
import { MessageData } from '../../src/model/event-message.js';
import { HookServer } from '../support/hook-server.js';
import { openMigrated } from '../support/migrated-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const root = join(import.meta.dirname, '../..');
const recipes = readFileSync(join(root, 'docs/recipes.md'), 'utf8');
const { signal } = new AbortController();
const stageContext = { logger: silentLogger, moved: () => Promise.resolve(), signal };

describe('docs/recipes.md', () => {
  it('tells of large transfers in Discord, as the example of that name does', async () => {
    const example = readFileSync(join(root, 'examples/large-transfers-discord.yaml'), 'utf8').replace(/^#.*\n/gm, '');
    expect(recipes).to.contain(`\`\`\`yaml\n${example}\`\`\``);
    const server = await HookServer.start();
    const text = example.replace('    delivery:', '    allow_private: true\n    delivery:');
    const { components } = await parseDefinition(text, 'large.yaml', definitionOptions);
    const sink = sinksOf(components)[0]!;
    expect(sink).to.include({ batchSize: 1, delivery: 'finalized', start: 'now' });
    const message = transferMessage(7);
    const stages = await sink.openStages({} as StageOpening);
    const mapped = await mapThrough(stages, [message], stageContext);
    const env = { DISCORD_WEBHOOK_URL: `${server.url}/discord` };
    const open = await sink.open(sinkOpening(), { env, remember: () => undefined });
    await open.deliver(batchOf(mapped), sinkContext());
    await open.close();
    const { contractAddress: token, transactionHash } = message.place;
    expect(JSON.parse(server.got[0]?.body ?? '')).to.deep.equal({
      content: `**7 USDC** from ${token} to ${token}\nhttps://etherscan.io/tx/${transactionHash}`,
      allowed_mentions: { parse: [] },
    });
    server.stop();
  });

  it('reads swaps by DuckDB, as the example of that name writes them', async () => {
    const example = readFileSync(join(root, 'examples/swaps-parquet.yaml'), 'utf8').replace(/^#.*\n/gm, '');
    expect(recipes).to.contain(`\`\`\`yaml\n${example}\`\`\``);
    const dataFolder = temporaryFolder();
    const database = await openMigrated(`sqlite:${join(dataFolder, 'test.db')}`);
    await holdPipeline(database);
    const { components } = await parseDefinition(example, 'swaps.yaml', definitionOptions);
    const opening = { ...sinkOpening(), pipelineId: 45, database, dataFolder };
    const sink = await sinksOf(components)[0]!.open(opening, { env: {}, remember: () => undefined });
    await sink.claim?.(claim, contextOf());
    await sink.deliver(
      fileBatch([swap(18_000_000, 250), swap(18_100_000, -50), swap(18_100_001, 100)], 'p'),
      contextOf(),
    );
    const cursor = { ...claim, place: 'end' };
    await sink.settle?.({ block: 18_299_999, cursor, ends: true }, contextOf());
    await sink.close();
    await database.close();
    const recipe = recipes.slice(recipes.indexOf('## Swaps as Parquet'));
    const queries = [...recipe.matchAll(/^```sql\n([^]*?);\n```/gm)].map(([, sql = '']) => sql).slice(0, 1);
    queries.push(/`(SELECT unnest[^`]+)`/.exec(recipe)?.[1] ?? '');
    const connection = await (await DuckDBInstance.create()).connect();
    const results: unknown[] = [];
    for (const sql of queries) {
      const answer = await connection.runAndReadAll(sql.replaceAll("'data/", `'${dataFolder}/`));
      results.push(answer.getRowObjectsJS());
    }
    expect(results).to.have.length(2);
    const hour = (text: string): Date => new Date(text);
    expect(results[0]).to.deep.equal([
      { hour: hour('2023-08-26T16:00:00Z'), swaps: 1n, usdc: 250 },
      { hour: hour('2023-09-09T13:00:00Z'), swaps: 2n, usdc: 150 },
    ]);
    expect(results[1]).to.have.length(2);
  });
});

/** A swap of so many USDC; a block every 12 seconds. */
function swap(blockNumber: number, usdc: number): EventMessage {
  const message = transferMessage(blockNumber % 1_000);
  const timestamp = 1_693_066_895 + (blockNumber - 18_000_000) * 12;
  const args = { sender: '0x01', recipient: '0x02', amount0: String(usdc * 1_000_000), amount1: String(2n ** 200n) };
  const rest = { sqrtPriceX96: '1', liquidity: '2', tick: '-3' };
  const event = { eventName: 'Swap', eventSignature: 'Swap(…)', argsJson: JSON.stringify({ ...args, ...rest }) };
  const place = { ...message.place, blockNumber, timestamp };
  const origin = { pipelineId: 45, chainName: () => 'ethereum' };
  return { ...message, ...event, place, data: MessageData.ofEvent({ ...place, ...event }, origin) };
}
