import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { sinksOf } from '../../src/components/sinks-of.js';
import { parseDefinition } from '../../src/pipeline/definition/read-definition.js';
import { batchOf, sinkContext, sinkOpening, transferMessages } from '../components/sink-fixture.js';
import { definitionOptions } from '../pipeline/definition/definition-texts.js';
import { createDatabase, dropDatabase, onPostgres } from '../support/databases.js';
import { execute } from '../support/execute-sql.js';

const root = join(import.meta.dirname, '../..');

onPostgres('docs/recipes.md', (server) => {
  it('fills PostgreSQL with transfers, as the example of that name does, and sums them up', async () => {
    const recipes = readFileSync(join(root, 'docs/recipes.md'), 'utf8');
    const example = readFileSync(join(root, 'examples/usdc-to-postgres.yaml'), 'utf8').replace(/^#.*\n/gm, '');
    expect(recipes).to.contain(`\`\`\`yaml\n${example}\`\`\``);
    const url = await createDatabase(server().url());
    const { components } = await parseDefinition(example, 'usdc.yaml', definitionOptions);
    const env = { WAREHOUSE_URL: url };
    const sink = await sinksOf(components)[0]!.open(sinkOpening(), { env, remember: () => undefined });
    const batch = batchOf(transferMessages(10));
    await sink.claim?.(batch.after, sinkContext());
    await sink.deliver(batch, sinkContext());
    await sink.close();
    const query = /```sql\n(SELECT date_trunc[^`]*)```/.exec(recipes)?.[1] ?? '';
    const [day] = await execute(url, query);
    expect(Number(day?.['transfers'])).to.equal(10);
    expect(Number(day?.['usdc'])).to.equal(45);
    await dropDatabase(url);
  });
});
