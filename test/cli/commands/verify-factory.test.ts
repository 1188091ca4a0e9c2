import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDatabase } from '../../../src/database/open/open-database.js';
import {
  address,
  emitted,
  factoryAddress,
  made,
  madeEvent,
} from '../../components/event-monitor/factory/factory-chain.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { openMigrated } from '../../support/migrated-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runIn } from '../run-in.js';
import type { CommandResult } from '../run-in.js';

const [one, two, foreign] = [address(0xc1), address(0xc2), address(0xc3)];

describe('the command verify of a pipeline that stores a part', () => {
  let node: ChainSimulator;
  let folder: string;

  const url = (): string => `sqlite:${join(folder, 'test.db')}`;
  const chainparse = (...argv: readonly string[]): Promise<CommandResult> =>
    runIn(folder, ...argv, '--database', url());
  const run = (): Promise<CommandResult> => chainparse('run-pipeline', '45', '--rpc-url', node.url);
  const verify = (...argv: readonly string[]): Promise<CommandResult> =>
    chainparse('verify', '45', '--rpc-url', node.url, '--json', ...argv);
  const write = async (...sql: readonly string[]): Promise<void> => {
    const database = await openDatabase(url());
    await database.write(sql.map((text) => ({ sql: text, bindings: [] })));
    await database.close();
  };
  const countOf = async (contract: string): Promise<number> => {
    const database = await openDatabase(url());
    const rows = await database.read<unknown[]>((knex) =>
      knex('event').where('contract_address', Buffer.from(contract.slice(2), 'hex')),
    );
    await database.close();
    return rows.length;
  };
  const begin = async (keys: Readonly<Record<string, unknown>>): Promise<void> => {
    const component = {
      name: 'transfers',
      type: 'event_monitor',
      chain_name: 'chain-31337',
      start_block: 1,
      abi_path: 'builtin:erc20',
    };
    const definition = { id: 45, name: 'transfers', components: [{ ...component, ...keys }] };
    writeFileSync(join(folder, 'pipeline.json'), JSON.stringify(definition));
    expect((await chainparse('pipeline', 'import', 'pipeline.json')).code).to.equal(0);
    expect((await run()).code).to.equal(0);
  };
  const factory = {
    contract_address: { factory: factoryAddress, event: 'Made', parameter: 'child', abi: [madeEvent] },
  };

  beforeEach(async () => {
    node = await ChainSimulator.start({ sealed: true }, { finalizedDistance: 10, receipts: 'rooted' });
    folder = temporaryFolder();
    await (await openMigrated(url())).close();
    node.mine(100, (number) =>
      number === 30 ? [made(one), made(two)] : [emitted(one, number), emitted(two, number), emitted(foreign)],
    );
  });
  afterEach(() => node.stop());

  for (const how of [[], ['--receipts']]) {
    it(`judges by its filter${how.join(' ')}: what is filtered out is not missing`, async () => {
      await begin({ contract_address: one, where: { 'args.value': { gte: 50 } } });
      const { code, stdout } = await verify(...how);
      expect(JSON.parse(stdout)).to.include({ ok: true, events: 51, missing: 0, extra: 0 });
      expect(code).to.equal(0);
    });

    it(`judges by the children that the chain tells${how.join(' ')}`, async () => {
      await begin(factory);
      expect(JSON.parse((await verify(...how)).stdout)).to.include({ ok: true, events: 198, missing: 0, extra: 0 });
    });
  }

  it('shows the factory, and prints a definition that can be read again', async () => {
    await begin(factory);
    expect((await chainparse('pipeline', 'show', '45')).stdout).to.match(
      /factory +0x0+FAC0, Made\(address,uint256\) announces child, from block 0/i,
    );
    writeFileSync(join(folder, 'again.yaml'), (await chainparse('pipeline', 'export', '45')).stdout);
    expect((await chainparse('pipeline', 'import', 'again.yaml', '--update')).code).to.equal(0);
    const before = node.requests.length;
    expect((await run()).code).to.equal(0);
    expect(node.requests.slice(before).flat()).not.to.include('eth_getLogs');
  });

  it('finds children that are not known and such that are none, and puts them right with --repair', async () => {
    await begin(factory);
    const hex = (contract: string): string => `x'${contract.slice(2)}'`;
    await write(
      `DELETE FROM factory_child WHERE address = ${hex(one)}`,
      `DELETE FROM event WHERE contract_address = ${hex(one)}`,
      `INSERT INTO factory_child (pipeline_id, level, address, since) VALUES (45, 0, ${hex(foreign)}, 30)`,
      `UPDATE event SET contract_address = ${hex(foreign)} WHERE contract_address = ${hex(two)} AND block_number = 70`,
    );
    const found = await verify('--from-block', '40', '--to-block', '50');
    expect(found.code).to.equal(1);
    expect(found.stderr).to.contain('of the contracts that the factory has announced 1 are not known');
    expect((await verify('--from-block', '40', '--to-block', '50', '--repair')).code).to.equal(0);
    expect(await countOf(foreign)).to.equal(0);
    expect((await run()).code).to.equal(0);
    expect(await countOf(one)).to.equal(99);
    expect((await verify('--repair')).code).to.equal(0);
    expect((await verify()).code).to.equal(0);
  });

  it('takes children away in a rewind and finds them again, and all of them with --fresh', async () => {
    await begin(factory);
    expect((await chainparse('pipeline', 'rewind', '45', '--to-block', '20', '--rpc-url', node.url)).code).to.equal(0);
    expect(await countOf(one)).to.equal(0);
    expect((await run()).code).to.equal(0);
    expect(JSON.parse((await verify()).stdout)).to.include({ ok: true, events: 198 });
    expect((await chainparse('run-pipeline', '45', '--rpc-url', node.url, '--fresh')).code).to.equal(0);
    expect(JSON.parse((await verify()).stdout)).to.include({ ok: true, events: 198 });
  });
});
