import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { openDatabase } from '../../src/database/open/open-database.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { extentOf } from '../support/extent.js';
import { askS3, listBucket, startS3, withS3 } from '../support/moto.js';
import type { S3Account } from '../support/moto.js';
import { runsFromSource } from '../support/processes.js';
import { Scenario } from '../support/scenario.js';

/** How many runs are killed in each of three parts. */
const kills = extentOf({ sample: 2, full: 4, soak: 35 });
const longestLifeMs = runsFromSource ? 4_000 : 1_500;
const lastBlock = 1_500;

interface ManifestJson {
  readonly complete: { readonly from_block: number; readonly to_block: number };
  readonly outdated: readonly unknown[];
  readonly files: readonly { readonly name: string; readonly from_block: number; readonly to_block: number }[];
}

/** Reads a sink's files by what its manifest says; what else is there is a failure. */
async function linesOf(names: readonly string[], read: (name: string) => Promise<string>): Promise<readonly string[]> {
  const manifest = JSON.parse(await read('_chainparse.json')) as ManifestJson;
  expect(manifest.complete).to.deep.equal({ from_block: 0, to_block: lastBlock });
  expect(manifest.outdated).to.deep.equal([]);
  expect([...names].sort()).to.deep.equal([...manifest.files.map(({ name }) => name), '_chainparse.json'].sort());
  const texts = await Promise.all(manifest.files.map(({ name }) => read(name)));
  return texts.flatMap((text) => text.split('\n').filter((line) => line !== ''));
}

/** Tampers with stored rows, so that an audit finds something to repair. */
async function spoilRows(url: string): Promise<void> {
  const database = await openDatabase(url);
  const rows = () => database.knex('event').where({ pipeline_id: 45 });
  await database.write([
    rows().whereBetween('block_number', [100, 140]).delete(),
    rows().where({ block_number: 700 }).update({ args: '{}' }),
  ]);
  await database.close();
}

async function killSome(scenario: Scenario, ...options: string[]): Promise<void> {
  for (let killed = 0; killed < kills; killed++) {
    const run = scenario.run(...options);
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * longestLifeMs));
    await run.kill();
  }
}

/** Kills runs at random moments, with an audit that repairs and rows read afresh between them. */
async function playWith(scenario: Scenario, url: string, rpcUrl: string): Promise<void> {
  await killSome(scenario);
  const half = await scenario.run('--to-block', '750').exit(120_000);
  expect(half.code, half.stderr).to.equal(0);
  await spoilRows(url);
  await scenario.chainparse('verify', '45', '--to-block', '750', '--repair', '--rpc-url', rpcUrl);
  await killSome(scenario);
  await killSome(scenario, '--fresh');
  const last = await scenario.run().exit(180_000);
  expect(last.code, last.stderr).to.equal(0);
}

async function storedLines(scenario: Scenario): Promise<readonly string[]> {
  const text = await scenario.chainparse('events', 'export', '--pipeline', '45');
  return text.split('\n').filter((line) => line !== '');
}

async function startNode(): Promise<ChainSimulator> {
  const node = await ChainSimulator.start({ delayMs: 20 }, { finalizedDistance: 20, maxRange: 20 });
  node.mine(lastBlock + 30, (number) => Array.from({ length: number % 7 }, () => ({})));
  return node;
}

eachDatabaseInTurn('files of a run that is killed at random moments (kill -9)', (databases) => {
  it('hold each event once, whatever was repaired and read afresh', async function () {
    this.timeout(kills * 20_000 + 300_000);
    const node = await startNode();
    const url = await databases.fresh();
    const below = [
      { name: 'lines', type: 'file_sink', path: 'lines', rotate_blocks: 250 },
      { name: 'lake', type: 'file_sink', path: 'lake', format: 'parquet', rotate_blocks: 350, rotate_bytes: 50_000 },
    ];
    const scenario = await Scenario.begin(url, node.url, {
      mode: 'historical',
      endBlock: lastBlock,
      batchSize: 20,
      below,
    });
    await playWith(scenario, url, node.url);
    const stored = await storedLines(scenario);
    const lines = join(scenario.folder, 'data/lines');
    const ofLines = await linesOf(readdirSync(lines), (name) =>
      Promise.resolve(readFileSync(join(lines, name), 'utf8')),
    );
    expect(ofLines).to.deep.equal(stored);
    const lake = join(scenario.folder, 'data/lake');
    const ofLake = await linesOf(readdirSync(lake), async (name) => {
      if (!name.endsWith('.parquet')) return readFileSync(join(lake, name), 'utf8');
      const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(lake, name)) });
      return rows
        .map(({ block_number, log_index, args }) => `${String(block_number)} ${String(log_index)} ${String(args)}`)
        .join('\n');
    });
    expect(ofLake).to.deep.equal(
      stored.map((line) => {
        const { block_number, log_index, args } = JSON.parse(line) as Record<string, unknown>;
        return `${String(block_number)} ${String(log_index)} ${JSON.stringify(args)}`;
      }),
    );
    await node.stop();
  });
});

withS3('files on S3 of a run that is killed at random moments (kill -9)', () => {
  it('hold each event once, whatever was repaired and read afresh', async function () {
    this.timeout(kills * 20_000 + 300_000);
    const [node, s3] = await Promise.all([startNode(), startS3()]);
    await askS3(s3, 'PUT', 'lake');
    const below = [{ name: 'lake', type: 'file_sink', path: 's3://lake/usdc', rotate_blocks: 250 }];
    const scenario = await Scenario.begin(
      'sqlite:test.db',
      node.url,
      { mode: 'historical', endBlock: lastBlock, batchSize: 20, below },
      variablesOf(s3),
    );
    await playWith(scenario, `sqlite:${join(scenario.folder, 'test.db')}`, node.url);
    const names = (await listBucket(s3, 'lake')).map((key) => key.replace(/^usdc\//, ''));
    const lines = await linesOf(names, async (name) => (await askS3(s3, 'GET', `lake/usdc/${name}`)).text());
    expect(lines).to.deep.equal(await storedLines(scenario));
    expect(readdirSync(join(scenario.folder, 'data/.chainparse-upload'), { recursive: true })).to.have.length(1);
    await node.stop();
  });
});

function variablesOf({ endpoint, accessKeyId, secretAccessKey }: S3Account): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
}
