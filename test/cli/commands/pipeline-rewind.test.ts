import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { SimCall } from '../../support/chain-simulator.js';
import { openMigrated } from '../../support/migrated-database.js';
import { portalOf } from '../../support/portal-of-chain.js';
import { PortalServer } from '../../support/portal-server.js';
import { SimRefusal } from '../../support/simulated-node.js';
import { simContract } from '../../support/simulated-chain.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runIn } from '../run-in.js';
import type { CommandResult } from '../run-in.js';

interface Pipelines {
  readonly pipelines: readonly { readonly parked?: boolean; readonly state?: string; readonly next_block?: number }[];
}

describe('the command pipeline rewind', () => {
  let node: ChainSimulator;
  let folder: string;

  const chainparse = (...argv: readonly string[]): Promise<CommandResult> =>
    runIn(folder, ...argv, '--database', `sqlite:${join(folder, 'test.db')}`);
  const read = (...argv: readonly string[]): Promise<CommandResult> =>
    chainparse('run-pipeline', '45', '--rpc-url', node.url, ...argv);
  const rewind = (...argv: readonly string[]): Promise<CommandResult> => chainparse('pipeline', 'rewind', ...argv);

  beforeEach(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 10 });
    folder = temporaryFolder();
    await (await openMigrated(`sqlite:${join(folder, 'test.db')}`)).close();
    const component = { name: 'transfers', type: 'event_monitor', chain_name: 'chain-31337', start_block: 5 };
    const wanted = { contract_address: simContract, abi_path: 'builtin:erc20', events_to_monitor: ['Transfer'] };
    const definition = { id: 45, name: 'transfers', components: [{ ...component, ...wanted }] };
    writeFileSync(join(folder, 'pipeline.json'), JSON.stringify(definition));
    await chainparse('pipeline', 'import', 'pipeline.json');
    node.mine(40);
    expect((await read()).code).to.equal(0);
  });
  afterEach(() => node.stop());

  /** Whether the list says that the pipeline is parked, and its state and next block in the status. */
  async function listed(): Promise<readonly unknown[]> {
    const list = await chainparse('pipeline', 'list', '--json');
    const status = await chainparse('status', '--json');
    const [inList] = (JSON.parse(list.stdout) as Pipelines).pipelines;
    const [inStatus] = (JSON.parse(status.stdout) as Pipelines).pipelines;
    return [inList?.parked, inStatus?.state, inStatus?.next_block];
  }

  it('takes rows back, says how many, and how the next run checks that it goes on from there', async () => {
    const { code, stdout, stderr } = await rewind('45', '--to-block', '20', '--rpc-url', node.url);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.equal(
      'pipeline 45 rewound from block 40 to block 20: 20 events and 0 undecoded logs taken back\n',
    );
    expect(stderr).to.equal(
      'the next run goes on at block 21, and checks that it follows block 20 by its hash, known from the chain\n',
    );
    expect((await read()).stdout).to.match(/: 20 events in .* next block 41/);
  });

  it('tells the same as JSON, and in Chinese', async () => {
    const { stdout } = await rewind('45', '--to-block', '20', '--json', '--rpc-url', node.url);
    const blockHash = node.canonicalLogs(20, 20)[0]?.blockHash;
    expect(JSON.parse(stdout)).to.deep.equal({
      ...{ pipeline_id: 45, from_block: 40, to_block: 20, block_hash: blockHash, hash_from: 'chain' },
      ...{ events: 20, undecoded: 0, read_ahead: 0 },
    });
    const chinese = await rewind('45', '--to-block', '19', '--lang', 'zh');
    expect(chinese.stdout).to.equal('流水线 45 已从区块 20 回退到区块 19: 撤回 1 个事件, 0 条未解码日志\n');
    expect(chinese.stderr).to.match(/^下次运行从区块 20 继续, .*哈希来自已存数据/);
    expect((await rewind('45', '--to-block', '18')).stdout).to.contain(': 1 event and 0 undecoded logs taken back');
  });

  it('tells what shards have read ahead, beside what is taken back', async () => {
    const cut = async (): Promise<void> => {
      const database = await openMigrated(`sqlite:${join(folder, 'test.db')}`);
      const [after_hash, hash] = [Buffer.alloc(32), Buffer.alloc(32)];
      const shard = { pipeline_id: 45, shard: 2, chain: 31337, definition: 'd'.repeat(64), added: 2 ** 32 };
      const read = { after_block: 50, after_hash, to_block: 90, block_number: 57, hash, events: 7 };
      await database.write([database.knex('pipeline_shard').insert({ ...shard, ...read })]);
      await database.close();
    };
    await cut();
    const { stdout, stderr } = await rewind('45', '--to-block', '20', '--lang', 'en');
    expect(stdout).to.contain(': 20 events and 0 undecoded logs taken back');
    expect(stderr).to.match(/^what shards had read ahead \(7 events\) is given up: the next run reads it anew\n/);
    await cut();
    expect(JSON.parse((await rewind('45', '--to-block', '19', '--json')).stdout)).to.include({
      events: 1,
      read_ahead: 7,
    });
    expect((await rewind('45', '--to-block', '18', '--lang', 'en')).stderr).not.to.contain('shards');
  });

  it('says that nothing will be checked where nobody knows the hash, or the chain is away', async () => {
    const unknown = await rewind('45', '--to-block', '4');
    expect(unknown.code).to.equal(0);
    expect(unknown.stderr).to.match(/^the hash of block 4 is not known: .*--rpc-url/);
    expect((await read()).code).to.equal(0);
    const away = await rewind('45', '--to-block', '30', '--rpc-url', 'http://127.0.0.1:1');
    expect(away.code, away.stderr).to.equal(0);
    expect(away.stderr).to.match(/going by what is stored: the chain can not be reached/);
  });

  const noHead = { code: -32_000, message: 'header not found' };

  it('asks the portal of a pipeline for a block that its node does not keep', async () => {
    node.mine(100);
    expect((await read()).code).to.equal(0);
    const portal = await PortalServer.start({ data: portalOf(node, 10) });
    const definition = JSON.parse(readFileSync(join(folder, 'pipeline.json'), 'utf8')) as { components: object[] };
    Object.assign(definition.components[0] ?? {}, { history: 'portal', portal_dataset: 'local-31337' });
    writeFileSync(join(folder, 'pipeline.json'), JSON.stringify(definition));
    expect((await chainparse('pipeline', 'import', 'pipeline.json', '--update')).code).to.equal(0);
    for (const [block, isRefused] of [
      [20, true],
      [15, false],
    ] as const) {
      const lie = ({ method, params }: SimCall): unknown => {
        if (method !== 'eth_getBlockByNumber' || !(Number(params[0]) < 25)) return undefined;
        if (isRefused) throw new SimRefusal({ code: 4444, message: 'pruned history unavailable' });
        return null;
      };
      node.options = { lie };
      const urls = ['--rpc-url', node.url, '--portal-url', portal.url];
      const { code, stdout, stderr } = await rewind('45', '--to-block', String(block), '--json', ...urls);
      expect(code, stderr).to.equal(0);
      const blockHash = node.blocks[block]?.hash;
      expect(JSON.parse(stdout)).to.include({ to_block: block, block_hash: blockHash, hash_from: 'chain' });
    }
    await portal.stop();
  });

  it('asks the portal of a pipeline that has no RPC URL, and goes by what is stored where that can not tell', async () => {
    const portal = await PortalServer.start({ data: portalOf(node, 10) });
    const definition = JSON.parse(readFileSync(join(folder, 'pipeline.json'), 'utf8')) as { components: object[] };
    Object.assign(definition.components[0] ?? {}, { history: 'portal', portal_dataset: 'local-31337' });
    writeFileSync(join(folder, 'pipeline.json'), JSON.stringify(definition));
    expect((await chainparse('pipeline', 'import', 'pipeline.json', '--update')).code).to.equal(0);
    const alone = async (block: number): Promise<unknown> => {
      const { code, stdout, stderr } = await rewind(
        '45',
        '--to-block',
        `${block}`,
        '--json',
        '--portal-url',
        portal.url,
      );
      expect(code, stderr).to.equal(0);
      return JSON.parse(stdout);
    };
    const hashOf = (block: number): string | undefined => node.blocks[block]?.hash;
    // Not final yet.
    expect(await alone(35)).to.include({ block_hash: hashOf(35), hash_from: 'database' });
    expect(await alone(20)).to.include({ block_hash: hashOf(20), hash_from: 'chain' });
    portal.options = { ...portal.options, first: 15 };
    expect(await alone(14)).to.include({ block_hash: hashOf(14), hash_from: 'database' });
    portal.options = { data: portalOf(node, 10) };
    // Of which nothing is stored.
    expect(await alone(4)).to.include({ block_hash: hashOf(4), hash_from: 'chain' });
    await portal.stop();
  });

  it('goes by what is stored where the node knows no block at all', async () => {
    node.options = { fault: () => ({ kind: 'call-error', method: 'eth_getBlockByNumber', error: noHead }) };
    const { code, stdout, stderr } = await rewind('45', '--to-block', '30', '--rpc-url', node.url);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^pipeline 45 rewound from block 40 to block 30: 10 events/);
    expect(stderr)
      .to.match(/going by what is stored: .*the node does not know any block: header not found/)
      .and.match(/known from what is stored\n$/);
  });

  it('takes nothing back, and names no lower block, where the node has fallen back', async () => {
    node.options = { backend: () => ({ behind: 20 }) };
    const { code, stderr } = await rewind('45', '--to-block', '30', '--rpc-url', node.url);
    expect(code).to.equal(6);
    expect(stderr).to.match(/^error: the node, which is at block 20, does not know block 30, .*\nhint: try again /);
    expect(await listed()).to.deep.equal([false, 'ended', 41]);
  });

  it('fails with what is wrong', async () => {
    expect(await rewind('99', '--to-block', '4')).to.include({ code: 3 });
    expect(await rewind('45')).to.include({ code: 2 });
    const above = await rewind('45', '--to-block', '41');
    expect(above.code).to.equal(2);
    expect(above.stderr).to.equal(
      'error: pipeline 45 has been read up to block 40, not 41\nhint: --to-block takes a block up to 40\n',
    );
    const below = await rewind('45', '--to-block', '3');
    expect(below.code).to.equal(2);
    expect(below.stderr).to.match(/from block 5 on, not from 3\nhint: --to-block 4 takes back all/);
  });

  it('lets a pipeline go on that a deep reorganisation had parked', async () => {
    node.reorg(15, 20);
    const parked = await read('--mode', 'realtime');
    expect(parked.code).to.equal(6);
    expect(parked.stderr).to.match(/\nhint: chainparse pipeline rewind 45 --to-block 25\n$/);
    expect(await read('--json')).to.include({ code: 6 });
    const shown = await chainparse('pipeline', 'show', '45');
    expect(shown.stdout).to.match(/ {2}parked {10}since task 2: block \d+ was replaced, /);
    expect(shown.stdout).to.match(/ {2}to go on {8}chainparse pipeline rewind 45 --to-block 25\n/);
    expect(shown.stdout).to.match(/ {2}read {12}blocks 5 to 40\n/);
    const asJson = JSON.parse((await chainparse('pipeline', 'show', '45', '--json')).stdout) as {
      parked: { task_id: number };
      checkpoint: { block_number: number };
    };
    expect(asJson.parked).to.include({ task_id: 2, hint: 'chainparse pipeline rewind 45 --to-block 25' });
    expect(asJson.checkpoint).to.include({ start_block: 5, block_number: 40 });
    expect(await listed()).to.deep.equal([true, 'parked', 41]);
    expect((await chainparse('pipeline', 'list', '--lang', 'en')).stdout).to.match(/ enabled, parked /);
    expect((await chainparse('pipeline', 'list', '--lang', 'zh')).stdout).to.match(/ 已启用, 已暂停 /);
    const task = await chainparse('tasks', 'show', '2');
    expect(task.stdout)
      .to.match(/task 2: failed \(needs_rewind\)/)
      .and.match(/parked until it is rewound/);
    const high = await rewind('45', '--to-block', '30', '--rpc-url', node.url);
    expect(high.code).to.equal(6);
    expect(high.stderr).to.match(/hint: chainparse pipeline rewind 45 --to-block 25\n$/);
    expect(await rewind('45', '--to-block', '25', '--rpc-url', node.url)).to.include({ code: 0 });
    expect(await listed()).to.deep.equal([false, 'failed', 26]);
    expect(await read()).to.include({ code: 0 });
    const exported = await chainparse('events', 'export', '--pipeline', '45');
    const hashes = exported.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { block_hash: string }).block_hash);
    expect(hashes).to.deep.equal(node.canonicalLogs(5).map((log) => log.blockHash));
  });
});
