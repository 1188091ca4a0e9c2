import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { portalOf } from '../../support/portal-of-chain.js';
import { PortalServer } from '../../support/portal-server.js';
import { simContract } from '../../support/simulated-chain.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runIn } from '../run-in.js';
import type { CommandResult } from '../run-in.js';

describe('a pipeline with history: portal', () => {
  let node: ChainSimulator;
  let portal: PortalServer;
  let folder: string;

  const chainparse = (...argv: readonly string[]): Promise<CommandResult> =>
    runIn(folder, ...argv, '--database', `sqlite:${join(folder, 'test.db')}`);
  const importIt = (source: Readonly<Record<string, unknown>>, ...below: object[]): Promise<CommandResult> => {
    const monitor = {
      ...{ name: 'transfers', type: 'event_monitor', chain_name: 'chain-31337', contract_address: simContract },
      ...{ abi_path: 'builtin:erc20', events_to_monitor: ['Transfer'], start_block: 0 },
      ...{ history: 'portal', portal_dataset: 'local-31337', ...source },
    };
    writeFileSync(join(folder, 'p.json'), JSON.stringify({ id: 45, name: 'p', components: [monitor, ...below] }));
    return chainparse('pipeline', 'import', 'p.json');
  };
  const run = (...argv: readonly string[]): Promise<CommandResult> =>
    chainparse('run-pipeline', '45', '--portal-url', portal.url, ...argv);

  beforeEach(async () => {
    folder = temporaryFolder();
    node = await ChainSimulator.start({ sealed: true }, { receipts: 'all' });
    node.mine(200);
    portal = await PortalServer.start({ data: portalOf(node) });
    expect((await chainparse('migrate')).code).to.equal(0);
  });
  afterEach(() => Promise.all([node.stop(), portal.stop()]));

  it('is read up to the finalized block without an RPC URL', async () => {
    expect((await importIt({})).code).to.equal(0);
    const result = await run('--json');
    expect(result.code, result.stderr).to.equal(0);
    expect(JSON.parse(result.stdout)).to.include({ end_reason: 'completed', next_block: 137 });
  });

  it('shows and exports where its history comes from', async () => {
    await importIt({});
    expect((await chainparse('pipeline', 'show', '45')).stdout).to.match(/SQD Portal, local-31337/);
    const { stdout } = await chainparse('pipeline', 'export', '45');
    expect(stdout)
      .to.match(/history: portal/)
      .and.to.match(/portal_dataset: local-31337/);
  });

  it('knows what the portal calls a chain', async () => {
    const source = { chain_name: 'base', portal_dataset: undefined };
    expect((await importIt(source)).code).to.equal(0);
    expect((await chainparse('pipeline', 'show', '45')).stdout).to.match(/SQD Portal, base-mainnet/);
    expect((await chainparse('pipeline', 'export', '45')).stdout).not.to.match(/portal_dataset/);
  });

  it('is refused where it is not known what the portal calls its chain', async () => {
    const { code, stderr } = await importIt({ portal_dataset: undefined });
    expect(code).to.equal(2);
    expect(stderr)
      .to.match(/not known what SQD Portal calls chain 'chain-31337'/)
      .and.to.match(/portal_dataset/);
    const other = await importIt({ history: 'rpc' });
    expect(other.stderr).to.match(/portal_dataset: needs history: portal/);
  });

  it('is refused to follow the head without an RPC URL, by its definition or by the command', async () => {
    await importIt({ mode: 'realtime' });
    const byDefinition = await run();
    expect(byDefinition.code).to.equal(2);
    expect(byDefinition.stderr).to.match(/realtime run follows the head of chain 'chain-31337'.*no RPC URL/);
    const historical = await run('--mode', 'historical');
    expect(historical.code, historical.stderr).to.equal(0);
    writeFileSync(
      join(folder, 'p.json'),
      readFileSync(join(folder, 'p.json'), 'utf8').replace('"realtime"', '"historical"'),
    );
    expect((await chainparse('pipeline', 'import', 'p.json', '--update')).code).to.equal(0);
    expect((await run('--mode', 'realtime')).code).to.equal(2);
  });

  it('is refused without an RPC URL where a stage asks contracts', async () => {
    const call = { contract_address_source: 'dynamic', contract_address_field: 'contract_address' };
    const tokens = {
      ...{ name: 'tokens', type: 'contract_caller' },
      contract_callers: [{ ...call, abi_path: 'builtin:erc20', method_name: 'decimals', result_key: 'decimals' }],
    };
    const imported = await importIt({}, tokens);
    expect(imported.code, imported.stderr).to.equal(0);
    const { code, stderr } = await run();
    expect(code).to.equal(2);
    expect(stderr).to.match(/component 'tokens' asks contracts.*no RPC URL/);
  });

  it('ends with 6 and a hint where the portal can not be reached', async () => {
    await importIt({});
    const { code, stderr } = await chainparse('run-pipeline', '45', '--portal-url', 'http://127.0.0.1:9', '--json');
    expect(code).to.equal(6);
    expect(stderr)
      .to.match(/PORTAL_UNREACHABLE/)
      .and.to.match(/--rpc-url/);
  });

  it('is audited by what a node says, and repaired', async () => {
    const data = portalOf(node);
    portal.options = { data: { ...data, logs: (number) => (number === 50 ? [] : data.logs(number)) } };
    await importIt({});
    expect((await run()).code).to.equal(0);
    const blind = await chainparse('verify', '45');
    expect(blind.code).to.equal(2);
    expect(blind.stderr).to.match(/no RPC URL is set for chain 'chain-31337'/);
    const found = await chainparse('verify', '45', '--rpc-url', node.url, '--json');
    expect(found.code).to.equal(1);
    expect(JSON.parse(found.stdout)).to.include({ missing: 1, extra: 0, different: 0, blocks: 137 });
    expect((await chainparse('verify', '45', '--rpc-url', node.url, '--repair')).code).to.equal(0);
    expect((await chainparse('verify', '45', '--rpc-url', node.url)).code).to.equal(0);
  });
});
