import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { run } from '../../../src/cli/main.js';
import { insertSilentTask } from '../../database/insert-silent-task.js';
import { openMigrated } from '../../support/migrated-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { FakeIo } from '../fake-io.js';

const examples = join(import.meta.dirname, '../../../examples');

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function runIn(cwd: string, ...argv: readonly string[]): Promise<Result> {
  const io = new FakeIo({ cwd });
  const code = await run(argv, io);
  return { code, stdout: io.stdout.text, stderr: io.stderr.text };
}

describe('the pipeline and abi commands', () => {
  let folder: string;
  const chainparse = (...argv: readonly string[]): Promise<Result> =>
    runIn(folder, ...argv, '--database', `sqlite:${join(folder, 'test.db')}`);
  const json = async (...argv: readonly string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await chainparse(...argv, '--json');
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  before(async () => {
    folder = temporaryFolder();
    await (await openMigrated(`sqlite:${join(folder, 'test.db')}`)).close();
    for (const file of ['usdc-transfers.yaml', 'busd-transfers.json']) {
      writeFileSync(join(folder, file), readFileSync(join(examples, file)));
    }
  });

  it('take a timeout for what it is with the heartbeat interval that runs will have', async () => {
    const text = readFileSync(join(examples, 'usdc-transfers.yaml'), 'utf8');
    writeFileSync(join(folder, 'short.yaml'), `timeout_minutes: 0.1\n${text}`);
    const { code, stderr } = await chainparse('pipeline', 'validate', 'short.yaml');
    expect(code).to.equal(2);
    expect(stderr).to.match(/short\.yaml:1: timeout_minutes: 0\.1 min is too short/);
    for (const argv of [['validate'], ['import', '--id', '77']]) {
      const [command = '', ...rest] = argv;
      const ok = await chainparse('pipeline', command, 'short.yaml', ...rest, '--heartbeat-interval', '2');
      expect(ok.code, ok.stderr).to.equal(0);
    }
    await chainparse('pipeline', 'delete', '77');
  });

  it('validate without a database, and refuse with the line', async () => {
    const nowhere = await runIn(
      folder,
      'pipeline',
      'validate',
      'usdc-transfers.yaml',
      '--database',
      'sqlite:/none/x.db',
    );
    expect(nowhere).to.deep.include({ code: 0, stdout: 'usdc-transfers.yaml: valid: usdc-transfers (1 component)\n' });
    writeFileSync(join(folder, 'wrong.yaml'), 'name: x\ncomponent: []\n');
    const wrong = await chainparse('pipeline', 'validate', 'wrong.yaml');
    expect(wrong).to.deep.include({ code: 2, stdout: '' });
    expect(wrong.stderr).to.match(
      /^error: wrong\.yaml:2: component: unknown key; the nearest known key is components\n/,
    );
    expect(await chainparse('pipeline', 'validate', 'missing.yaml')).to.include({ code: 2 });
  });

  it('import a file and print the id alone', async () => {
    const imported = await chainparse('pipeline', 'import', 'usdc-transfers.yaml');
    expect(imported).to.deep.equal({
      code: 0,
      stdout: '45\n',
      stderr: 'pipeline 45 imported: usdc-transfers (1 component)\n',
    });
    expect(await chainparse('pipeline', 'import', 'usdc-transfers.yaml')).to.include({ code: 2, stdout: '' });
    const again = await chainparse('pipeline', 'import', 'usdc-transfers.yaml', '--update', '--quiet');
    expect(again).to.deep.equal({ code: 0, stdout: '45\n', stderr: '' });
    const twice = await chainparse('pipeline', 'import', 'usdc-transfers.yaml', '--id', '46');
    expect(twice).to.deep.equal({
      code: 2,
      stdout: '',
      stderr:
        "error: pipeline 45 is named 'usdc-transfers' already: a name is given once, regardless of case\n" +
        'hint: --update --id 45 replaces its definition and keeps what it has collected; --name gives another name\n',
    });
    expect(await json('pipeline', 'import', 'usdc-transfers.yaml', '--id', '46', '--name', ' Second ')).to.deep.equal({
      pipeline_id: 46,
      name: 'Second',
    });
    expect(await chainparse('pipeline', 'import', 'usdc-transfers.yaml', '--name', '4711')).to.deep.include({
      code: 2,
      stderr: "error: --name '4711' is all digits: it could not be told from an id\n",
    });
  });

  it('tell each thing that is wrong with an event to preview, and take one that says what it must', async () => {
    const preview = (event: unknown): Promise<Result> =>
      chainparse('pipeline', 'preview', 'usdc-transfers.yaml', '--event', JSON.stringify(event));
    expect(await preview({})).to.deep.equal({
      code: 2,
      stdout: '',
      stderr:
        'error: event.event_name: is missing: the source gives Transfer\n' +
        'hint: write it as events export does: {"event_name":"…","args":{…}}\n',
    });
    const wrong = { event_name: 'Transfr', block_number: '1', contract_address: '0x1', blok_hash: 1 };
    expect((await preview(wrong)).stderr.split('\n')).to.deep.equal([
      'error: event.event_name: Transfr is no event of the source; the nearest is Transfer',
      'error: event.block_number: must be a whole number from 0',
      'error: event.contract_address: must be an address of 0x and 40 hex digits',
      'error: event.blok_hash: is unknown: the nearest known one is block_hash',
      '',
    ]);
    const given = await preview({ event_name: 'Transfer', args: { value: 5 } });
    expect(given).to.include({ code: 0, stderr: '' });
    expect(given.stdout).to.match(/^ +Transfer\nevent_name +Transfer\nargs\.value +5\n$/);
  });

  it('preview an event that has all answers of contracts without an endpoint', async () => {
    const example = join(examples, 'usdc-with-decimals.yaml');
    const preview = (event: object): Promise<Result> =>
      chainparse('pipeline', 'preview', example, '--event', JSON.stringify({ event_name: 'Transfer', ...event }));
    const args = { to: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8', value: 1_500_000 };
    const given = await preview({ args, decimals: 6, symbol: 'USDC', balance: '7000000' });
    expect(given).to.include({ code: 0, stderr: '' });
    expect(given.stdout).to.match(/^amount +- +- +1\.5$/m);
    const lacking = await preview({ args, contract_address: args.to, decimals: 6, symbol: 'USDC' });
    expect(lacking).to.include({ code: 2, stdout: '' });
    expect(lacking.stderr).to.match(/^error: no RPC URL is set for chain 'ethereum'\n/);
  });

  it('say of a pipeline that reads a portal that a preview does not', async () => {
    const text = readFileSync(join(examples, 'usdc-transfers.yaml'), 'utf8');
    writeFileSync(join(folder, 'portal.yaml'), text.replace('    type: event_monitor\n', '$&    history: portal\n'));
    expect(await chainparse('pipeline', 'preview', 'portal.yaml')).to.deep.equal({
      code: 2,
      stdout: '',
      stderr:
        "error: no RPC URL is set for chain 'ethereum', and a preview asks no portal\n" +
        'hint: give --rpc-url URL, or an event by --event JSON; events that a run has stored are shown without\n',
    });
  });

  it('take no id that leaves the database none to give after it, wherever it is written', async () => {
    const tooLarge = await chainparse('pipeline', 'import', 'usdc-transfers.yaml', '--id', '2000000001');
    expect(tooLarge).to.deep.include({ code: 2 });
    expect(tooLarge.stderr).to.equal('error: id 2000000001 is too large for a new pipeline: 2000000000 at most\n');
  });

  it('refuse what is no id of a pipeline to preview', async () => {
    for (const [written, words] of [
      ['0', 'is no whole number from 1 on'],
      ['99999999999999999999', 'is too large: 9007199254740991 at most'],
    ] as const) {
      const refused = await chainparse('pipeline', 'preview', written);
      expect(refused).to.deep.include({ code: 2, stderr: `error: pipeline '${written}' ${words}\n` });
    }
  });

  it('take the name of a pipeline to preview, though a folder is named like it', async () => {
    mkdirSync(join(folder, 'usdc-transfers'));
    const event = JSON.stringify({ event_name: 'Transfer', args: { value: 5 } });
    expect(await chainparse('pipeline', 'preview', 'usdc-transfers', '--event', event)).to.include({ code: 0 });
    expect((await chainparse('pipeline', 'preview', '')).stderr).to.match(/^error: there is no pipeline named ''\n/);
  });

  it('take a name where they take an id, and say so where it is none or ambiguous', async () => {
    expect(await json('pipeline', 'show', 'USDC-transfers')).to.deep.include({ pipeline_id: 45 });
    expect(await chainparse('tasks', 'list', '--pipeline', 'second')).to.include({ code: 0 });
    expect(await chainparse('run-pipeline', 'none')).to.deep.include({
      code: 3,
      stderr: "error: there is no pipeline named 'none'\nhint: chainparse pipeline list\n",
    });
    const database = await openMigrated(`sqlite:${join(folder, 'test.db')}`);
    const older = ['Old', 'old'].map((name, i) => database.knex('pipeline').insert({ id: 47 + i, name }));
    await database.write(older);
    await database.close();
    expect(await chainparse('pipeline', 'show', 'OLD')).to.deep.include({
      code: 2,
      stderr: "error: 2 pipelines are named 'OLD': 47, 48\nhint: give the id of the one that is meant\n",
    });
    expect(await json('pipeline', 'delete', '48')).to.deep.include({ deleted: true });
    expect(await json('pipeline', 'delete', 'old')).to.deep.include({ pipeline_id: 47 });
  });

  it('show and list what was stored', async () => {
    const list = await json('pipeline', 'list');
    expect(list).to.have.nested.include({ total: 2, 'pipelines[0].pipeline_id': 45, 'pipelines[0].disabled': false });
    expect((await chainparse('pipeline', 'list', '--lang', 'zh')).stdout).to.match(/^编号 .*\n +45 .*已启用/);
    const shown = await json('pipeline', 'show', '45');
    expect(shown).to.deep.include({ pipeline_id: 45, disabled: false });
    expect(shown).to.have.nested.include({ 'components[0].chain_id': 1, 'components[0].abi[0].name': 'Transfer' });
    const chinese = (await chainparse('pipeline', 'show', '45', '--lang', 'zh')).stdout;
    expect(chinese)
      .to.match(/^流水线 45: .*\n {2}状态 {12}已启用\n/)
      .and.to.match(/\n {2}创建时间 {8}\d{4}-.*\n组件 1: /s);
    expect((await chainparse('pipeline', 'show', '45')).stdout).to.contain(
      '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
    );
  });

  it('export what imports again to the same', async () => {
    const exported = (await chainparse('pipeline', 'export', '45')).stdout;
    writeFileSync(join(folder, 'again.yaml'), exported);
    expect((await chainparse('pipeline', 'import', 'again.yaml', '--update')).stdout).to.equal('45\n');
    expect((await chainparse('pipeline', 'export', '45')).stdout).to.equal(exported);
    writeFileSync(join(folder, 'again.json'), JSON.stringify(await json('pipeline', 'export', '45')));
    expect(await chainparse('pipeline', 'import', 'again.json', '--update')).to.include({ code: 0 });
    expect((await chainparse('pipeline', 'export', '45')).stdout).to.equal(exported);
  });

  it('start, restart and stop, and tell what is wanted', async () => {
    const of = async (): Promise<unknown> => (await json('pipeline', 'show', '46'))['wanted'];
    expect(await of()).to.equal(null);
    const started = await json('pipeline', 'start', '46');
    expect(started).to.deep.include({ pipeline_id: 46, queued_task_id: 1, ended_tasks: 0 });
    expect(await of()).to.include({ state: 'started', failures: 0, next_start: null, held_reason: null });
    expect((await chainparse('pipeline', 'start', '46')).stdout).to.match(/46 is started: a task of it runs or waits/);
    expect((await chainparse('pipeline', 'list')).stdout).to.match(/ started /);
    expect((await chainparse('pipeline', 'list', '--lang', 'zh')).stdout).to.match(/已启动/);
    expect((await chainparse('pipeline', 'restart', '46')).code).to.equal(0);
    expect((await chainparse('pipeline', 'stop', '46')).stdout).to.equal('pipeline 46 is stopped: 1 task ended\n');
    expect(await of()).to.include({ state: 'stopped' });
    expect((await chainparse('pipeline', 'show', '46')).stdout).to.match(/ {2}wanted {10}stopped since /);
    expect(await chainparse('pipeline', 'start', '999')).to.include({ code: 3 });
    await chainparse('pipeline', 'disable', '46');
    const { code, stderr } = await chainparse('pipeline', 'start', '46');
    expect([code, stderr]).to.deep.equal([1, 'error: pipeline 46 is disabled\nhint: chainparse pipeline enable 46\n']);
    await chainparse('pipeline', 'enable', '46');
  });

  it('let a started pipeline go that waits for a person once its definition is replaced', async () => {
    await chainparse('pipeline', 'start', '45');
    const database = await openDatabase(`sqlite:${join(folder, 'test.db')}`);
    const held = { held_reason: 'a refused definition' };
    await database.write([database.knex('pipeline_wanted').where({ pipeline_id: 45 }).update(held)]);
    await database.close();
    const shown = await chainparse('pipeline', 'show', '45');
    expect(shown.stdout).to.match(/wanted {10}started, and waits for a person: a refused definition/);
    expect(await chainparse('pipeline', 'import', 'again.json', '--update')).to.include({ code: 0 });
    expect((await json('pipeline', 'show', '45'))['wanted']).to.include({ state: 'started', held_reason: null });
    await chainparse('pipeline', 'stop', '45');
  });

  it('tell which contracts have no code, as the newest task has found them', async () => {
    const database = await openDatabase(`sqlite:${join(folder, 'test.db')}`);
    const none = { mode: 'realtime', nextBlock: 1, targetBlock: null, headBlock: 1, events: 0 };
    const progress = JSON.stringify({ ...none, withoutCode: ['0xAbC', '0xDeF'] });
    await insertSilentTask(database, 1, { status: 1, progress });
    expect((await chainparse('pipeline', 'show', '45')).stdout).to.match(
      /\n {2}warning +no contract on the chain at 0xAbC, 0xDeF: it emits no events; check its address and chain_name\n/,
    );
    expect(await json('pipeline', 'show', '45')).to.deep.include({ without_code: ['0xAbC', '0xDeF'] });
    await insertSilentTask(database, 1, { status: 1, progress: JSON.stringify(none) });
    expect(await json('pipeline', 'show', '45')).not.to.have.property('without_code');
    await database.write([database.knex('pipeline_task').del()]);
    await database.close();
  });

  it('disable, enable and delete', async () => {
    expect(await json('pipeline', 'disable', '46')).to.deep.equal({ pipeline_id: 46, disabled: true });
    expect(await chainparse('pipeline', 'enable', '46')).to.deep.equal({
      code: 0,
      stdout: '',
      stderr: 'pipeline 46 enabled\n',
    });
    expect(await json('pipeline', 'delete', '46')).to.deep.equal({ pipeline_id: 46, deleted: true });
    for (const command of ['show', 'export', 'enable', 'disable', 'delete']) {
      const { code, stderr } = await chainparse('pipeline', command, '46');
      expect([code, stderr.split('\n')[0]]).to.deep.equal([3, 'error: there is no pipeline 46']);
    }
  });

  it('store ABIs that definitions name, and keep copies in the pipelines', async () => {
    writeFileSync(join(folder, 'weth.json'), readFileSync(join(examples, 'abis', 'weth.json')));
    expect(await chainparse('abi', 'add', 'weth.json')).to.include({ code: 0, stdout: '1\n' });
    expect(await json('abi', 'add', 'weth.json', '--name', 'other')).to.deep.include({ abi_id: 2, name: 'other' });
    expect(await json('abi', 'list')).to.have.nested.include({ total: 2, 'abis[0].name': 'weth' });
    expect(await json('abi', 'show', '1')).to.have.nested.include({
      'events[2]': 'Deposit(address,uint256)',
      'abi[3].name': 'Withdrawal',
    });
    const text = readFileSync(join(folder, 'usdc-transfers.yaml'), 'utf8').replace('builtin:erc20', 'abi_id:1');
    writeFileSync(join(folder, 'stored.yaml'), text);
    expect(await chainparse('pipeline', 'import', 'stored.yaml', '--id', '50', '--name', 'stored')).to.include({
      code: 0,
    });
    expect(await json('abi', 'remove', '1')).to.deep.equal({ abi_id: 1, removed: true });
    expect(await chainparse('abi', 'show', '1')).to.include({ code: 3 });
    expect(await json('pipeline', 'show', '50')).to.have.nested.property('components[0].abi[2].name', 'Deposit');
    expect((await chainparse('pipeline', 'validate', 'stored.yaml')).stderr).to.match(
      /^error: stored\.yaml:11: abi_path: there is no stored ABI 1\n/,
    );
  });

  it('refuse an ABI without a name or an event', async () => {
    writeFileSync(join(folder, 'none.json'), '[]');
    expect((await chainparse('abi', 'add', 'none.json')).stderr).to.match(/^error: none\.json: the ABI has no event\n/);
    expect(await chainparse('abi', 'add', 'weth.json', '--name', ' ')).to.include({ code: 2 });
  });

  it('say how to make the database where there is none', async () => {
    const { code, stderr } = await runIn(folder, 'pipeline', 'list', '--database', `sqlite:${join(folder, 'none.db')}`);
    expect(code).to.equal(5);
    expect(stderr).to.contain('hint: chainparse migrate');
  });
});
