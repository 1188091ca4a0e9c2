import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { StageOpening } from '../../src/components/seam/component.js';
import { mapThrough, sinksOf } from '../../src/components/sinks-of.js';
import { parseDefinition } from '../../src/pipeline/definition/read-definition.js';
import { silentLogger } from '../../src/runtime/logger.js';
import { batchOf, sinkContext, sinkOpening, transferMessage } from '../components/sink-fixture.js';
import { definitionOptions } from '../pipeline/definition/definition-texts.js';
import { describeWithKafka, KafkaMock } from '../support/kafka-mock.js';

const root = join(import.meta.dirname, '../..');
const { signal } = new AbortController();
const stageContext = { logger: silentLogger, moved: () => Promise.resolve(), signal };

describeWithKafka('docs/recipes.md', () => {
  it('tells of older consumers, as the example of that name does', async () => {
    const example = readFileSync(join(root, 'examples/older-consumers-kafka.yaml'), 'utf8').replace(/^#.*\n/gm, '');
    expect(readFileSync(join(root, 'docs/recipes.md'), 'utf8')).to.contain(`\`\`\`yaml\n${example}\`\`\``);
    const kafka = await KafkaMock.start();
    // Those brokers know no TLS and no login.
    const plain = example
      .replace(/bootstrap_servers: .*/, 'bootstrap_servers: ${BROKERS}')
      .replace(/ +s(?:ecurity|asl)_.*\n/g, '');
    const { components } = await parseDefinition(plain, 'older.yaml', definitionOptions);
    const sink = sinksOf(components)[0]!;
    const message = transferMessage(7);
    const mapped = await mapThrough(await sink.openStages({} as StageOpening), [message], stageContext);
    const env = { BROKERS: kafka.brokers };
    const open = await sink.open(sinkOpening(), { env, remember: () => undefined });
    await open.deliver(batchOf(mapped), sinkContext());
    await open.close();
    const { contractAddress: token, transactionHash } = message.place;
    const [record] = await kafka.read('usdc');
    expect(record?.key).to.equal(token);
    expect(JSON.parse(record?.value ?? '')).to.deep.equal({
      timestamp: '2023-08-26T16:21:35+00:00',
      source: 'chain-data-parser',
      data: { tx_hash: transactionHash, sender: token, receiver: token, amount: '7' },
    });
    await kafka.stop();
  });
});
