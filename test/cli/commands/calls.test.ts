import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { id } from 'ethers';
import { CallResultStore, callKey } from '../../../src/database/events/call-result-store.js';
import type { KeptCall } from '../../../src/database/events/call-result-store.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runIn } from '../run-in.js';
import type { CommandResult } from '../run-in.js';

const usdc = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';
const other = `0x${'b'.repeat(40)}`;
const definition = `
id: 45
name: usdc
components:
  - {name: transfers, type: event_monitor, chain_name: ethereum, contract_address: "${usdc}", abi_path: "builtin:erc20", mode: realtime}
  - name: calls
    type: contract_caller
    contract_callers:
      - {contract_address: "${usdc}", abi_path: "builtin:erc20", method_name: decimals, block: immutable}
      - {contract_address_field: contract_address, abi_path: "builtin:erc20", method_name: symbol, block: immutable}
`;
const selector = (signature: string): string => id(signature).slice(0, 10);

describe('chainparse calls', () => {
  let folder: string;

  const chainparse = (...argv: string[]): Promise<CommandResult> =>
    runIn(folder, ...argv, '--database', `sqlite:${join(folder, 'chainparse.db')}`, '--lang', 'en');
  const calls = (...argv: string[]): Promise<CommandResult> => chainparse('calls', ...argv);
  const keep = async (...kept: readonly KeptCall[]): Promise<void> => {
    const database = await openDatabase(`sqlite:${join(folder, 'chainparse.db')}`);
    const rows = kept.map(
      (call) => [callKey(call), { ...call, outcome: 'answered', result: '0x06' } as const] as const,
    );
    await new CallResultStore(database).keep(new Map(rows));
    await database.close();
  };
  const immutable = (target: string, signature: string, chainId = 1): KeptCall => ({
    ...{ chainId, target: target.toLowerCase(), data: selector(signature), of: null },
  });
  const pinned = (pipelineId: number): KeptCall => ({
    ...immutable(other, 'balanceOf(address)'),
    of: { pipelineId, block: { number: 5, hash: `0x${'5'.repeat(64)}` }, at: 'event' },
  });
  const left = async (...argv: string[]): Promise<number> =>
    (JSON.parse((await calls('list', ...argv, '--json')).stdout) as { total: number }).total;

  beforeEach(async () => {
    folder = temporaryFolder();
    await chainparse('migrate');
    writeFileSync(join(folder, 'p.yaml'), definition);
    expect((await chainparse('pipeline', 'import', 'p.yaml')).code).to.equal(0);
    await keep(
      ...[immutable(usdc, 'decimals()'), immutable(other, 'decimals()')],
      ...[immutable(other, 'symbol()'), immutable(other, 'symbol()', 10)],
      ...[pinned(45), pinned(46)],
    );
  });

  it('lists the stored answers, those of a contract, and those that a pipeline uses', async () => {
    const { stdout, stderr } = await calls('list', '--limit', '5');
    expect(stdout.split('\n')[0]).to.match(/pipeline +block +chain +contract +arguments +state +answer/);
    expect(stdout).to.match(new RegExp(`1 +${usdc.toLowerCase()} +0x313ce567 +answered +0x06`));
    expect(stderr).to.contain('6 stored answers in all: --limit shows more');
    expect((await calls('list', '--limit', '5', '--quiet')).stderr).to.equal('');
    expect(await left('--contract', usdc)).to.equal(1);
    expect(await left('--pipeline', 'usdc')).to.equal(4);
    expect(JSON.parse((await calls('list', '--pipeline', '45', '--contract', other, '--json')).stdout)).to.deep.equal({
      calls: [
        { ...{ pipeline_id: null, block_number: null }, ...callOf('decimals()') },
        { ...{ pipeline_id: null, block_number: null }, ...callOf('symbol()') },
        { ...{ pipeline_id: 45, block_number: 5 }, ...callOf('balanceOf(address)') },
      ],
      total: 3,
    });
  });

  const callOf = (signature: string): object => ({
    ...{ chain_id: 1, contract_address: other, call_data: selector(signature), outcome: 'answered', result: '0x06' },
  });

  it('forgets the answers of a contract or of a pipeline alone', async () => {
    expect((await calls('forget', '--contract', usdc)).stdout).to.equal(
      '1 stored answer forgotten: the next event that needs one requests it again\n',
    );
    expect(await left()).to.equal(5);
    expect(JSON.parse((await calls('forget', '--pipeline', 'usdc', '--json')).stdout)).to.deep.equal({ forgotten: 3 });
    expect(await left()).to.equal(2);
    expect(await left('--pipeline', '45')).to.equal(0);
  });

  it('forgets nothing unless it is said what', async () => {
    const refused = await calls('forget');
    expect(refused.code).to.equal(2);
    expect(refused.stderr).to.contain('give --pipeline, --contract or both: which answers are to be forgotten');
    expect((await calls('forget', '--contract', '0x12')).code).to.equal(2);
    expect((await calls('forget', '--pipeline', '77')).code).to.equal(3);
    expect(await left()).to.equal(6);
  });
});
