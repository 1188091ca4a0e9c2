import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { DeadLetterStore } from '../../../src/database/sinks/dead-letter-store.js';
import { MessageData } from '../../../src/model/event-message.js';
import { firstText } from '../../../src/tasks/outbox/resume.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runIn } from '../run-in.js';
import type { CommandResult } from '../run-in.js';

const definition = (...sinks: readonly string[]): string => `
id: 45
name: usdc
components:
  - {name: transfers, type: event_monitor, chain_name: ethereum, contract_address: "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", abi_path: "builtin:erc20", mode: realtime}
${sinks.map((sink) => `  - ${sink}\n`).join('')}`;
const hook = '{name: hook, type: webhook_sink, url: "https://hook.example/"}';
const rows = '{name: rows, type: table_sink, table: usdc}';

describe('chainparse sink', () => {
  let folder: string;

  const chainparse = (...argv: string[]): Promise<CommandResult> =>
    runIn(folder, ...argv, '--database', `sqlite:${join(folder, 'chainparse.db')}`, '--lang', 'en');
  const sink = (...argv: string[]): Promise<CommandResult> => chainparse('sink', ...argv);
  const listed = async (): Promise<readonly object[]> =>
    (JSON.parse((await sink('list', '45', '--json')).stdout) as { sinks: object[] }).sinks;
  const store = async (...sinks: readonly string[]): Promise<void> => {
    writeFileSync(join(folder, 'p.yaml'), definition(...sinks));
    expect((await chainparse('pipeline', 'import', 'p.yaml', '--update')).code).to.equal(0);
  };
  /** What a run leaves behind. */
  const ran = async (): Promise<void> => {
    const database = await openDatabase(`sqlite:${join(folder, 'chainparse.db')}`);
    const { knex } = database;
    await knex('pipeline_checkpoint').insert({ pipeline_id: 45, start_block: 100, block_number: 110, version: 3 });
    const row = { pipeline_id: 45, place: firstText(3, null), epoch: 'e', last_error: 'gone' };
    const failing = { failing_since: '2024-01-15 10:00:00', last_error_time: '2024-01-15 10:05:30' };
    await knex('pipeline_sink').insert({ ...row, name: 'hook', type: 'webhook_sink', cursor_block: 104, ...failing });
    const place = {
      ...{ chainId: 1, blockNumber: 104, blockHash: '0x1', timestamp: 1, contractAddress: '0x2' },
      ...{ transactionHash: '0x3', transactionIndex: 0, logIndex: 0 },
    };
    const message = { id: '1:0x1:0x3:0', op: 'insert', seq: 12_288, rank: 4_096, place } as const;
    const event = { eventName: 'Transfer', eventSignature: 'Transfer()', data: MessageData.ofText('{"a":1}') };
    const refusal = { message: { ...message, ...event }, attempts: 10, error: '413' };
    await database.write([new DeadLetterStore(database).keep({ pipelineId: 45, sink: 'hook' }, refusal)]);
    await database.close();
  };

  beforeEach(async () => {
    folder = temporaryFolder();
    await chainparse('migrate');
    await store(hook, rows);
  });

  it('is told by an update to deliver other events, or otherwise, where it has begun', async () => {
    const update = async (...sinks: readonly string[]): Promise<CommandResult> => {
      writeFileSync(join(folder, 'p.yaml'), definition(...sinks));
      return chainparse('pipeline', 'import', 'p.yaml', '--update');
    };
    const other = hook.replace('}', ', event_name: [Approval]}');
    const mapper =
      '{name: map, type: dict_mapper, dict_mappers: [{event_name: Approval, mapping_rules: [{source_key: args.value, target_key: value}]}]}';
    expect((await update(other, rows)).stderr).not.to.contain('delivers');
    await ran();
    expect((await update(other.replace('}', ', max_attempts: 3}'), rows)).stderr).not.to.contain('delivers');
    const replay = 'what it has delivered stays: chainparse sink replay 45 hook --from-block 100';
    expect((await update(hook, rows)).stderr).to.contain(
      `warning: sink hook delivers other events than before; ${replay}\n`,
    );
    const mapped = await update(mapper, hook, rows);
    expect(mapped.stderr).to.contain(`warning: sink hook delivers events in another form than before; ${replay}\n`);
    expect(mapped.stderr).not.to.contain('sink rows');
    const { stdout } = await chainparse('pipeline', 'import', 'p.yaml', '--update', '--json');
    expect(JSON.parse(stdout)).not.to.have.property('warnings');
    writeFileSync(join(folder, 'p.yaml'), definition(hook, rows));
    const json = await chainparse('pipeline', 'import', 'p.yaml', '--update', '--json');
    expect((JSON.parse(json.stdout) as { warnings: object[] }).warnings).to.deep.equal([
      {
        message: 'sink hook delivers events in another form than before; what it has delivered stays',
        hint: 'chainparse sink replay 45 hook --from-block 100',
      },
    ]);
  });

  it('is told by an update to write files in another form, where it has begun', async () => {
    const lake = (keys: string): string => `{name: lake, type: file_sink, path: lake${keys}}`;
    const update = async (keys: string): Promise<string> => {
      writeFileSync(join(folder, 'p.yaml'), definition(lake(keys)));
      return (await chainparse('pipeline', 'import', 'p.yaml', '--update')).stderr;
    };
    expect(await update('')).not.to.contain('another form');
    expect(await update(', format: csv')).not.to.contain('another form');
    const database = await openDatabase(`sqlite:${join(folder, 'chainparse.db')}`);
    const sink = { pipeline_id: 45, name: 'lake', type: 'file_sink', place: '[]', epoch: 'e' };
    await database.write([database.knex('pipeline_sink').insert(sink)]);
    await database.close();
    const warning = 'warning: sink lake delivers events in another form than before; what it has delivered stays: ';
    expect(await update(', format: csv, rotate_blocks: 10')).not.to.contain('another form');
    expect(await update(', format: csv, arguments: columns')).to.contain(warning);
    expect(await update(', format: jsonl')).to.contain(`${warning}chainparse sink replay 45 lake --from-block`);
  });

  it('list says what each has delivered, before its first run too', async () => {
    const idle = {
      state: 'idle',
      cursor_block: null,
      behind: 0,
      dead_letters: 0,
      last_error: null,
      last_error_time: null,
    };
    expect(await listed()).to.deep.equal([
      { pipeline_id: 45, name: 'hook', type: 'webhook_sink', ...idle },
      { pipeline_id: 45, name: 'rows', type: 'table_sink', ...idle },
    ]);
    await ran();
    const [first, second] = await listed();
    expect(first).to.deep.equal({
      ...{ pipeline_id: 45, name: 'hook', type: 'webhook_sink', state: 'failing', cursor_block: 104, behind: 6 },
      ...{ dead_letters: 1, last_error: 'gone', last_error_time: '2024-01-15T10:05:30' },
    });
    expect(second).to.deep.include({ name: 'rows', behind: 11 });
    expect((await sink('list')).stdout).to.match(/45 +hook +webhook_sink +failing +104 +6 +1 .*gone/);
  });

  it('list counts no block that was there before a sink that begins from now on, its first run included', async () => {
    await ran();
    await store(hook, rows, '{name: late, type: webhook_sink, url: "https://late.example/", start: now}');
    expect((await listed())[2]).to.deep.include({ name: 'late', cursor_block: null, behind: 0 });
  });

  it('names what is not there, with exit code 3', async () => {
    const none = await sink('list', '99');
    expect([none.code, none.stderr]).to.deep.equal([
      3,
      'error: there is no pipeline 99\nhint: chainparse pipeline list\n',
    ]);
    const unknown = await sink('pause', 'usdc', 'nope');
    expect([unknown.code, unknown.stderr]).to.deep.equal([
      3,
      "error: pipeline 45 has no sink 'nope'\nhint: it has hook, rows\n",
    ]);
  });

  it('pause and resume are told to the next run', async () => {
    expect(JSON.parse((await sink('pause', '45', 'rows', '--json')).stdout)).to.deep.equal({
      ...{ pipeline_id: 45, sink: 'rows', paused: true },
    });
    expect((await listed())[1]).to.include({ state: 'paused' });
    expect((await sink('resume', '45', 'rows')).stderr).to.contain('sink rows delivers again');
    expect((await listed())[1]).to.include({ state: 'idle' });
  });

  it('replay asks for a stretch again; of a sink that has not begun there is none', async () => {
    const early = await sink('replay', '45', 'rows', '--from-block', '5');
    expect([early.code, early.stderr]).to.deep.equal([
      1,
      'error: sink rows of pipeline 45 has not begun: nothing is to be sent again\n',
    ]);
    await ran();
    const { stdout } = await sink('replay', '45', 'hook', '--from-block', '102', '--json');
    const asked = { pipeline_id: 45, sink: 'hook', from_block: 102, replay: 1 };
    const { delivery_task_id: taskId, ...said } = JSON.parse(stdout) as { readonly delivery_task_id: number };
    expect(said).to.deep.equal(asked);
    // Nobody runs the pipeline: a task that only delivers waits for a worker, and is the only one.
    expect(taskId).to.be.a('number');
    const again = await sink('replay', '45', 'hook', '--from-block', '102', '--json');
    expect(JSON.parse(again.stdout)).to.deep.equal({ ...asked, replay: 2 });
    expect((await sink('replay', '45', 'hook')).code).to.equal(2);
  });

  it('dead-letters lists, tries again and drops', async () => {
    await ran();
    const { dead_letters: letters, total } = JSON.parse(
      (await sink('dead-letters', 'list', '45', 'hook', '--json')).stdout,
    ) as {
      dead_letters: object[];
      total: number;
    };
    expect(total).to.equal(1);
    expect(letters[0]).to.deep.include({
      id: '1:0x1:0x3:0',
      op: 'insert',
      seq: 12_288,
      block_number: 104,
      attempts: 10,
    });
    expect(letters[0]).to.deep.include({ error: '413', data: { a: 1 } });
    expect((await sink('dead-letters', 'list', '45', 'hook')).stdout).to.match(/insert +104 +Transfer/);
    expect((await sink('dead-letters', 'retry', '45', 'hook')).stderr).to.contain('1 dead letter is tried again');
    for (const verb of ['retry', 'drop']) {
      const { code, stdout, stderr } = await sink('dead-letters', verb, '45', 'hook', '--letter', '9');
      expect([code, stdout, stderr]).to.deep.equal([
        3,
        '',
        "error: sink 'hook' of pipeline 45 has no dead letter 9\nhint: chainparse sink dead-letters list 45 hook\n",
      ]);
    }
    expect((await sink('dead-letters', 'drop', '45', 'hook')).stderr).to.contain('1 dead letter dropped');
    expect((await listed())[0]).to.include({ dead_letters: 0 });
  });

  it('keeps the cursor of a sink that an import --update leaves, and forgets one of another type', async () => {
    await ran();
    await store(hook);
    expect((await listed())[0]).to.include({ cursor_block: 104, dead_letters: 1 });
    await store(rows.replace('rows', 'hook'));
    expect((await listed())[0]).to.include({ type: 'table_sink', cursor_block: null, dead_letters: 0 });
  });

  it('says of each target what becomes of it when its pipeline is deleted', async () => {
    await ran();
    const { code, stderr } = await chainparse('pipeline', 'delete', '45');
    expect(code).to.equal(0);
    expect(stderr).to.contain('sink hook (webhook_sink): what it has delivered stays in its target as it is');
    const database = await openDatabase(`sqlite:${join(folder, 'chainparse.db')}`);
    for (const table of ['pipeline_sink', 'sink_dead_letter']) expect(await database.knex(table)).to.deep.equal([]);
    await database.close();
  });
});
