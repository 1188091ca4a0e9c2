import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Knex } from 'knex';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { Backend, SimCall } from '../../support/chain-simulator.js';
import { openMigrated } from '../../support/migrated-database.js';
import { simContract } from '../../support/simulated-chain.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runIn } from '../run-in.js';
import type { CommandResult } from '../run-in.js';

interface Report {
  readonly ok: boolean;
  readonly blocks: number;
  readonly proven_blocks: number;
  readonly events: number;
  readonly undecoded: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  readonly repaired: number;
  readonly doubtful: number;
  readonly findings: readonly Record<string, unknown>[];
}

const otherTopic = `0x${'77'.repeat(32)}`;

describe('the command verify', () => {
  let node: ChainSimulator;
  let folder: string;

  const url = (): string => `sqlite:${join(folder, 'test.db')}`;
  const chainparse = (...argv: readonly string[]): Promise<CommandResult> =>
    runIn(folder, ...argv, '--database', url());
  const verify = (...argv: readonly string[]): Promise<CommandResult> =>
    chainparse('verify', '45', '--rpc-url', node.url, ...argv);
  const reportOf = async (code: number, ...argv: readonly string[]): Promise<Report> => {
    const { stdout, stderr, ...result } = await verify('--json', ...argv);
    expect(result.code, stderr).to.equal(code);
    return JSON.parse(stdout) as Report;
  };
  const change = async (build: (knex: Knex) => readonly Knex.QueryBuilder[]): Promise<void> => {
    const database = await openDatabase(url());
    await database.write(build(database.knex));
    await database.close();
  };
  const exported = async (): Promise<string> =>
    (await chainparse('events', 'export', '--pipeline', '45')).stdout +
    (await chainparse('events', 'undecoded', '--pipeline', '45', '--format', 'jsonl')).stdout;
  /** Deletes, changes and adds rows in blocks 10 to 12, and changes an undecoded log in block 14. */
  const spoil = (): Promise<void> =>
    change((knex) => [
      knex('event').where({ block_number: 10 }).delete(),
      knex('event').where({ block_number: 11 }).update({ args: '{"value":"1"}' }),
      knex('event').where({ block_number: 12 }).update({ log_index: 3 }),
      knex('undecoded_log').where({ block_number: 14 }).update({ data: '0x' }),
    ]);

  beforeEach(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 10, receipts: 'rooted' });
    folder = temporaryFolder();
    await (await openMigrated(url())).close();
    const component = { name: 'transfers', type: 'event_monitor', chain_name: 'chain-31337', start_block: 5 };
    const wanted = { contract_address: simContract, abi_path: 'builtin:erc20', keep_unknown: true };
    const definition = { id: 45, name: 'transfers', components: [{ ...component, ...wanted }] };
    writeFileSync(join(folder, 'pipeline.json'), JSON.stringify(definition));
    await chainparse('pipeline', 'import', 'pipeline.json');
    node.mine(120, (number) => (number % 7 === 0 ? [{ topics: [otherTopic], data: '0x11' }] : [{}]));
    expect((await chainparse('run-pipeline', '45', '--rpc-url', node.url)).code).to.equal(0);
  });
  afterEach(() => node.stop());

  it('finds that all rows are those of the chain', async () => {
    const { code, stdout, stderr } = await verify('--from-block', '5', '--to-block', '120');
    expect(code, stderr).to.equal(0);
    expect(stdout).to.equal(
      'pipeline 45, blocks 5 to 120 (116), 99 events and 17 undecoded logs: all rows are those of the chain\n',
    );
    expect(await reportOf(0)).to.deep.equal({
      ...{ pipeline_id: 45, from_block: 5, to_block: 120, ok: true, blocks: 116, proven_blocks: 0, doubtful_blocks: 0 },
      replaced_blocks: 0,
      ...{ events: 99, undecoded: 17, missing: 0, extra: 0, different: 0, repaired: 0, doubtful: 0 },
      ...{ checkpoint_replaced: false, findings: [], findings_left_out: 0 },
    });
  });

  it('reports holes, extras and differences, and ends with 1', async () => {
    await spoil();
    const report = await reportOf(1, '--from-block', '8', '--to-block', '40');
    expect(report).to.include({ ok: false, missing: 2, extra: 1, different: 2, repaired: 0, doubtful: 0 });
    const found = report.findings.map((finding) => {
      const { kind, table, block_number: block, log_index: index, columns, state, proof } = finding;
      expect([state, proof]).to.deep.equal(['found', 'receipts_root']);
      return [kind, table, block, index, columns];
    });
    expect(found).to.deep.equal([
      ['missing', 'event', 10, 0, []],
      ['different', 'event', 11, 0, ['args']],
      ['extra', 'event', 12, 3, []],
      ['missing', 'event', 12, 0, []],
      ['different', 'undecoded_log', 14, 0, ['data']],
    ]);
    const { stdout, stderr } = await verify('--from-block', '8', '--to-block', '40');
    expect(stdout).to.match(/missing .*\n.*different .* args/);
    expect(stdout).to.match(/: 2 missing, 1 extra, 2 different; 0 repaired\n$/);
    expect(stderr).to.equal('hint: --repair puts the rows right\n');
    const chinese = await verify('--lang', 'zh');
    expect(chinese.stdout).to.match(/缺失 2, 多余 1, 不同 2; 已修复 0\n$/);
  });

  it('repairs them, so that nothing is left to find', async () => {
    const before = await exported();
    await spoil();
    expect(await exported()).not.to.equal(before);
    const report = await reportOf(0, '--repair');
    expect(report).to.include({ ok: true, missing: 2, extra: 1, different: 2, repaired: 5 });
    expect(await exported()).to.equal(before);
    expect(await reportOf(0)).to.include({ missing: 0, extra: 0, different: 0 });
    const next = await chainparse('run-pipeline', '45', '--rpc-url', node.url);
    expect(next.code).to.equal(0);
  });

  it('does not touch rows of other blocks, of other pipelines, or what lies above the checkpoint', async () => {
    await spoil();
    const asked = await reportOf(0, '--repair', '--from-block', '12', '--to-block', '13');
    expect(asked).to.include({ repaired: 2, blocks: 2 });
    expect(await reportOf(1)).to.include({ missing: 1, extra: 0, different: 2 });
  });

  it('believes the receipts rather than a node that leaves a log out', async () => {
    node.traits.hides = (log) => Number(log.blockNumber) === 20;
    expect(await reportOf(0)).to.include({ missing: 0, extra: 0, events: 99 });
  });

  it('reports what it can’t be sure of, and does not repair it', async () => {
    const before = await exported();
    node.traits.receipts = 'none';
    node.traits.hides = (log) => Number(log.blockNumber) === 20;
    const report = await reportOf(1, '--repair');
    expect(report).to.include({ extra: 1, repaired: 0, doubtful: 1 });
    expect(report.findings[0]).to.include({ state: 'doubtful', proof: null });
    expect((await verify()).stderr).to.match(/1 are doubtful: .*--rpc-url/);
    expect(await exported()).to.equal(before);
  });

  it('says of how many blocks nobody knows whether they hold logs, and does not call them right', async () => {
    node.traits.receipts = 'none';
    node.traits.hides = (log) => [30, 31, 33].includes(Number(log.blockNumber));
    await change((knex) => [knex('event').whereIn('block_number', [30, 31, 33]).delete()]);
    expect(await reportOf(0)).to.include({ ok: true, doubtful: 0, doubtful_blocks: 3 });
    const { stdout, stderr } = await verify();
    expect(stdout).to.match(/: all rows are those that the endpoints give\n$/);
    expect(stderr).to.match(/^of 3 blocks the bloom filter tells of logs that no endpoint gives, nor their receipts/m);
  });

  it('proves every block by its receipts where it is asked to', async () => {
    // A log that neither the run nor an audit through eth_getLogs can see is in the receipts.
    await change((knex) => [knex('event').where({ block_number: 10 }).delete()]);
    node.traits.hides = (log) => Number(log.blockNumber) === 10;
    const report = await reportOf(1, '--receipts', '--from-block', '6', '--to-block', '30');
    expect(report).to.include({ blocks: 25, proven_blocks: 25, missing: 1 });
  });

  it('says how many blocks it could not prove by receipts that nobody gives', async () => {
    node.traits.receipts = 'none';
    const { code, stderr } = await verify('--receipts', '--from-block', '6', '--to-block', '30');
    expect(code).to.equal(0);
    expect(stderr).to.match(/^25 of 25 blocks are not proven: no endpoint gave receipts/m);
    expect((await verify('--from-block', '6', '--to-block', '30')).stderr).not.to.match(/proven/);
  });

  it('reads through another endpoint than a run does, where there is one', async () => {
    const other = await ChainSimulator.start({}, { finalizedDistance: 10 });
    other.mine(120, (number) => (number % 7 === 0 ? [{ topics: [otherTopic], data: '0x11' }] : [{}]));
    const asked = node.requests.flat().filter((method) => method === 'eth_getLogs').length;
    const { code, stderr } = await verify('--rpc-url', other.url);
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/reading through 127\.0\.0\.1/);
    expect(node.requests.flat().filter((method) => method === 'eth_getLogs')).to.have.length(asked);
    await other.stop();
    expect((await verify('--rpc-url', 'http://127.0.0.1:1')).code).to.equal(0);
  });

  it('reads on through all endpoints where the others have pruned what it asks for', async () => {
    const definition = JSON.parse(readFileSync(join(folder, 'pipeline.json'), 'utf8')) as { components: object[] };
    definition.components = definition.components.map((each) => ({ ...each, batch_size: 20 }));
    writeFileSync(join(folder, 'pipeline.json'), JSON.stringify(definition));
    await chainparse('pipeline', 'import', 'pipeline.json', '--update');
    const error = { code: 4444, message: 'pruned history unavailable' };
    const isOld = ({ method, params }: SimCall): boolean =>
      method === 'eth_getLogs' && Number((params as [{ fromBlock: string }])[0].fromBlock) > 60;
    const pruned = await ChainSimulator.start(
      { fault: (calls) => (calls.some(isOld) ? { kind: 'call-error', method: 'eth_getLogs', error } : undefined) },
      { finalizedDistance: 10, receipts: 'rooted' },
    );
    pruned.mine(120, (number) => (number % 7 === 0 ? [{ topics: [otherTopic], data: '0x11' }] : [{}]));
    await spoil();
    const { code, stdout, stderr } = await verify('--rpc-url', pruned.url, '--repair', '--json');
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/reading through 127\.0\.0\.1.* as well: .*pruned history unavailable/);
    // What was put right before is told, too.
    expect(JSON.parse(stdout)).to.include({ blocks: 116, missing: 2, extra: 1, different: 2, repaired: 5 });
    await pruned.stop();
  });

  it('reports what is missing where the first endpoint has pruned it and answers that there is nothing', async () => {
    const archive = await ChainSimulator.start({}, { finalizedDistance: 10 });
    archive.mine(120, (number) => (number % 7 === 0 ? [{ topics: [otherTopic], data: '0x11' }] : [{}]));
    await change((knex) => [knex('event').where({ block_number: 10 }).delete()]);
    Object.assign(node.traits, { receipts: 'none', hides: () => true });
    const report = await reportOf(1, '--rpc-url', archive.url, '--repair');
    await archive.stop();
    expect(report).to.include({ ok: false, missing: 1, extra: 0, repaired: 0, doubtful: 1 });
  });

  it('tells that the checkpoint was replaced', async () => {
    node.reorg(3, 4);
    const { code, stderr } = await verify('--to-block', '117');
    expect(code, stderr).to.equal(0);
    const replaced = await verify('--from-block', '118');
    expect(replaced.code).to.equal(1);
    expect(replaced.stderr).to.match(/the block of the checkpoint was replaced: the next run takes it back/);
  });

  it('repairs nothing of blocks of which the run has read others, and leaves them to the next run', async () => {
    const before = await exported();
    node.reorg(3, 4, () => [{}, {}]);
    const report = await reportOf(1, '--repair');
    expect(report).to.include({ replaced_blocks: 3, repaired: 0, extra: 3, missing: 6, checkpoint_replaced: true });
    expect(report.findings.map(({ state }) => state)).to.deep.equal(Array.from({ length: 9 }, () => 'found'));
    expect(await exported()).to.equal(before);
    const { stderr } = await verify();
    expect(stderr).to.match(
      /^of 3 blocks the endpoints have others than the run has read: .*; run the pipeline first/m,
    );
    expect(stderr).not.to.match(/--repair/);
    expect((await verify('--lang', 'zh')).stderr).to.match(/^3 个区块在端点上与运行时读取的不是同一个/m);
    expect((await chainparse('run-pipeline', '45', '--rpc-url', node.url)).code).to.equal(0);
    expect(await reportOf(0)).to.include({ ok: true, replaced_blocks: 0 });
  });

  it('looks once at a block of which a run has read another', async () => {
    node.reorg(1, 1, () => [{}, {}]);
    const before = node.requests.length;
    expect(await reportOf(1, '--from-block', '120')).to.include({ replaced_blocks: 1 });
    const asked = node.requests.slice(before).flat();
    expect(asked.filter((method) => method === 'eth_getBlockReceipts')).to.have.length(1);
  });

  it('looks again at a block that a run has taken back meanwhile', async () => {
    await change((knex) => [knex('event').where({ block_number: 120 }).update({ args: '{}' })]);
    let [looks, isBefore] = [0, false];
    const hold = async (): Promise<void> => {
      looks += 1;
      isBefore = looks === 1;
      if (!isBefore) return;
      node.reorg(1, 1, () => [{}, {}]);
      const backend = (): Backend => ({ beforeReorg: isBefore });
      node.options = { ...node.options, hold: () => undefined };
      expect((await chainparse('run-pipeline', '45', '--rpc-url', node.url)).code).to.equal(0);
      node.options = { backend, hold: holdReceipts };
    };
    const holdReceipts = (calls: readonly SimCall[]): Promise<void> | undefined =>
      calls.some(({ method }) => method === 'eth_getBlockReceipts') ? hold() : undefined;
    node.options = { ...node.options, hold: holdReceipts };
    expect(await reportOf(0, '--repair')).to.include({ ok: true, replaced_blocks: 0 });
    expect(looks).to.equal(2);
  });

  it('verifies only what was read, and says so', async () => {
    const clipped = await verify('--from-block', '1', '--to-block', '500');
    expect(clipped.code).to.equal(0);
    expect(clipped.stderr).to.match(/has been read from block 5 to block 120: only blocks 5 to 120 are verified/);
    const nothing = await verify('--from-block', '121', '--to-block', '130');
    expect(nothing.code).to.equal(2);
    expect(nothing.stderr).to.match(/there is nothing to verify\nhint: /);
    expect((await verify('--from-block', '9', '--to-block', '8')).code).to.equal(2);
    expect((await chainparse('verify', '99', '--rpc-url', node.url)).code).to.equal(3);
    expect((await chainparse('verify', '45')).code).to.equal(2);
    expect((await chainparse('verify', '45', '--rpc-url', 'http://127.0.0.1:1')).code).to.equal(6);
    node.options = { chainId: 5 };
    expect((await verify()).code).to.equal(6);
  });
});
