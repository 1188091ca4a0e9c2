import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { openMigrated } from '../../support/migrated-database.js';
import { simContract } from '../../support/simulated-chain.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runIn } from '../run-in.js';
import type { CommandResult } from '../run-in.js';

describe('a pipeline with verify_heads', () => {
  const folder = temporaryFolder();
  const chainparse = (...argv: readonly string[]): Promise<CommandResult> =>
    runIn(folder, ...argv, '--database', `sqlite:${join(folder, 'test.db')}`);

  it('runs with two endpoints, and is refused with one, before it has a task', async () => {
    await (await openMigrated(`sqlite:${join(folder, 'test.db')}`)).close();
    const component = { name: 'transfers', type: 'event_monitor', chain_name: 'chain-31337', verify_heads: true };
    const wanted = { contract_address: simContract, abi_path: 'builtin:erc20' };
    const definition = { id: 45, name: 'transfers', components: [{ ...component, ...wanted }] };
    writeFileSync(join(folder, 'pipeline.json'), JSON.stringify(definition));
    await chainparse('pipeline', 'import', 'pipeline.json');
    expect((await chainparse('pipeline', 'show', '45')).stdout).to.match(/new blocks .*two endpoints/);
    const nodes = [await ChainSimulator.start(), await ChainSimulator.start()];
    for (const node of nodes) node.mine(10);
    const [first = '', second = ''] = nodes.map(({ url }) => url);
    const refusals: [string[], RegExp][] = [
      [[first], /^repeat --rpc-url, or take/],
      [[first, first], /^repeat --rpc-url, or take/],
      [[first, nodes[0]?.wsUrl ?? ''], /^give RPC URLs of two nodes, both for HTTP where one host has them, or take/],
    ];
    for (const [urls, hint] of refusals) {
      const refused = await chainparse('run-pipeline', '45', ...urls.flatMap((url) => ['--rpc-url', url]));
      expect(refused.code).to.equal(2);
      const [, told = ''] = refused.stderr.split('\nhint: ');
      expect(refused.stderr).to.match(/^error: verify_heads needs 2 endpoints, .*'chain-31337'\n/);
      expect(told).to.match(hint);
    }
    expect(JSON.parse((await chainparse('tasks', 'list', '--json')).stdout)).to.include({ total: 0 });
    const run = await chainparse('run-pipeline', '45', '--rpc-url', first, '--rpc-url', second, '--json');
    expect(run.code, run.stderr).to.equal(0);
    expect(JSON.parse(run.stdout)).to.include({ events: 10 });
    for (const node of nodes) await node.stop();
  });
});
