import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { StageOpening } from '../../src/components/component.js';
import { mapThrough, sinksOf } from '../../src/components/sinks-of.js';
import { parseDefinition } from '../../src/pipeline/definition/read-definition.js';
import { silentLogger } from '../../src/runtime/logger.js';
import { batchOf, sinkContext, sinkOpening, transferMessage } from '../components/sink-fixture.js';
import { definitionOptions } from '../pipeline/definition/definition-texts.js';
import { HookServer } from '../support/hook-server.js';

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
});
