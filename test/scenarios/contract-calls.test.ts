import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Interface } from 'ethers';
import { expect } from 'chai';
import { erc20Abi, erc20CreationCode } from '../../demo/erc20-code.js';
import { runInPlace } from '../cli/run-in.js';
import { rowsOf } from '../components/table-sink/sink-fixture.js';
import { Anvil } from '../support/anvil.js';
import { MessageReceiver } from '../support/message-receiver.js';
import { projectRoot, startChainparse } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { eventually } from '../support/within.js';

const contract = new Interface(erc20Abi);
const unit = 10n ** 18n;

/** Deploys a token, and transfers some of it three times. */
async function tokenOn(anvil: Anvil): Promise<string> {
  const [owner, other] = [await anvil.account(), await anvil.account(1)];
  const words = contract.encodeDeploy(['Demo Token', 'DEMO', 1_000n * unit, owner]).slice(2);
  const token = (await anvil.receipt(await anvil.send({ data: erc20CreationCode + words }))).contractAddress!;
  for (const value of [1n, 2n, 3n]) {
    await anvil.send({ to: token, data: contract.encodeFunctionData('transfer', [other, value * unit]) });
  }
  return token;
}

describe('the example of contract calls', function () {
  this.timeout(120_000);

  it('tells each transfer at its block, and takes one back with the data that it was told with', async () => {
    const anvil = await Anvil.start();
    const receiver = await MessageReceiver.start();
    const token = await tokenOn(anvil);
    const folder = temporaryFolder();
    const text = readFileSync(join(projectRoot, 'examples/usdc-with-decimals.yaml'), 'utf8')
      .replace('chain_name: ethereum', 'chain_name: chain-31337')
      .replace(/contract_address: '0x\w+'/, `contract_address: '${token}'`)
      .replace('start_block: 18000000', 'start_block: 0\n    mode: realtime\n    poll_interval: 0.1')
      .replace(/ +end_block: \d+\n/, '')
      .replace("'${HOOK_URL}'", "'${HOOK_URL}'\n    allow_private: true");
    writeFileSync(join(folder, 'p.yaml'), text);
    const env = {
      CHAINPARSE_DATABASE_URL: `sqlite:${folder}/test.db`,
      CHAIN_31337_RPC_URL: anvil.url,
      HOOK_URL: receiver.url,
    };
    for (const args of [['migrate'], ['pipeline', 'import', 'p.yaml']]) {
      const { code, stderr } = await runInPlace({ cwd: folder, env }, args);
      expect(code, stderr).to.equal(0);
    }
    const run = startChainparse(['run-pipeline', 'usdc-with-decimals'], { cwd: folder, env });
    try {
      await eventually('all are told', () => Promise.resolve(receiver.data.length === 4), 60_000);
      expect(receiver.data.map((each) => [each['amount'], each['symbol']])).to.deep.equal([
        ['1000', 'DEMO'],
        ...['1', '2', '3'].map((amount) => [amount, 'DEMO']),
      ]);
      // 6 decimals are the example's, of a token that has 18.
      const balances = receiver.data.slice(1).map((each) => each['balance']);
      expect(balances).to.deep.equal(['1000000000000', '3000000000000', '6000000000000']);
      const last = [...receiver.messages.values()].at(-1)!;
      await anvil.reorg(1);
      await anvil.mine(2);
      const taken = (): boolean => receiver.messages.get(last.id)?.op === 'remove';
      await eventually('the last one is taken back', () => Promise.resolve(taken()), 60_000);
      expect(receiver.messages.get(last.id)?.data).to.deep.equal(last.data);
      expect(receiver.data).to.have.length(3);
    } finally {
      await run.kill();
      receiver.stop();
    }
  });
});

describe('a table below contract calls', function () {
  this.timeout(120_000);

  it('loses the row of a block that is replaced, though the definition has got another call since', async () => {
    const anvil = await Anvil.start();
    const token = await tokenOn(anvil);
    const folder = temporaryFolder();
    const url = `sqlite:${folder}/test.db`;
    const env = { CHAINPARSE_DATABASE_URL: url, CHAIN_31337_RPC_URL: anvil.url };
    const write = (method: string, rule: string): void => {
      const text = `
name: p
components:
  - {name: transfers, type: event_monitor, chain_name: chain-31337, contract_address: '${token}', abi_path: builtin:erc20, events_to_monitor: [Transfer], start_block: 0, mode: realtime, poll_interval: 0.1}
  - {name: calls, type: contract_caller, contract_address_field: contract_address, abi_path: builtin:erc20, result_key: answer, ${method}}
  - {name: rows, type: dict_mapper, dict_mappers: [{mapping_rules: [{source_key: answer, target_key: balance, ${rule}}]}]}
  - {name: table, type: table_sink, table: balances}
`;
      writeFileSync(join(folder, 'p.yaml'), text);
    };
    const call = async (...args: readonly string[]): Promise<void> => {
      const { code, stderr } = await runInPlace({ cwd: folder, env }, args);
      expect(code, stderr).to.equal(0);
    };
    const balances = async (): Promise<readonly unknown[]> =>
      (await rowsOf(url, 'SELECT balance FROM balances ORDER BY block_number')).map(({ balance }) => balance);
    const holds = (count: number) => async (): Promise<boolean> => (await balances().catch(() => [])).length === count;

    write('method_name: balanceOf, method_params: [args.to]', 'required: false');
    await call('migrate');
    await call('pipeline', 'import', 'p.yaml');
    const first = startChainparse(['run-pipeline', 'p'], { cwd: folder, env });
    try {
      await eventually('all are in the table', holds(4), 60_000);
    } finally {
      await first.kill();
    }
    // The new call of a block that is gone can't be made any more, and its answer is required.
    write('method_name: totalSupply', 'required: true');
    await call('pipeline', 'import', 'p.yaml', '--update');
    await anvil.reorg(1);
    await anvil.mine(2);
    const second = startChainparse(['run-pipeline', 'p', '--take-over'], { cwd: folder, env });
    try {
      await eventually('the last one is deleted', holds(3), 60_000);
    } finally {
      await second.kill();
    }
  });
});
