import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs';
import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { parquetReadObjects } from 'hyparquet';
import { run } from '../../../src/cli/main.js';
import { ExportFile } from '../../../src/cli/export/export-file.js';
import type { Database } from '../../../src/database/database.js';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { PipelineStore } from '../../../src/database/pipelines/pipeline-store.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { startChainparse } from '../../support/processes.js';
import { hashOf, makeEvent, makeUndecoded, storeLogs } from '../../support/stored-logs.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { eventually } from '../../support/within.js';
import { FakeIo } from '../fake-io.js';
import { runIn, type CommandResult } from '../run-in.js';

/** Four blocks with a transfer, an approval and a transfer each; the first arguments would not survive an object. */
const events = [1, 2, 3, 5].flatMap((blockNumber) => [
  makeEvent({ blockNumber, logIndex: 0, argsJson: `{"2":"${blockNumber}","1":"=a,\\"b\\""}` }),
  makeEvent({ blockNumber, logIndex: 1, eventName: 'Approval', eventSignature: 'Approval(address,uint256)' }),
  makeEvent({ blockNumber, logIndex: 2 }),
]);
const undecoded = [1, 2, 3].map((blockNumber) => makeUndecoded({ blockNumber }));

const definition = {
  id: 45,
  name: 'transfers',
  classificationId: null,
  description: null,
  timeoutMinutes: null,
  ...{ restart: null, schedule: null, timeZone: null },
  components: [
    { name: 'transfers', type: 'event_monitor', config: { chainName: 'ethereum', chainId: 1, contracts: [] } },
  ],
};

eachDatabase('the events commands', (testDatabase) => {
  let database: Database;
  let folder: string;
  const chainparse = (...argv: readonly string[]): Promise<CommandResult> =>
    runIn(folder, ...argv, '--database', testDatabase.url());
  const ofPipeline = (command: string, ...argv: readonly string[]): Promise<CommandResult> =>
    chainparse('events', command, '--pipeline', '45', ...argv);
  const exported = async (...argv: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await ofPipeline('export', ...argv);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    return stdout;
  };
  const placesOf = (lines: string): string[] =>
    lines
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { block_number: number; log_index: number })
      .map((event) => `${event.block_number}/${event.log_index}`);

  before(async () => {
    database = await openMigrated(await testDatabase.fresh());
    await new PipelineStore(database).import(definition);
    await storeLogs(database, 45, { events, undecoded });
  });
  beforeEach(() => {
    folder = temporaryFolder();
  });
  after(() => database.close());

  it('export every event as a line of JSON, in the order of the chain', async () => {
    const lines = await exported();
    expect(placesOf(lines)).to.deep.equal(events.map((event) => `${event.blockNumber}/${event.logIndex}`));
    expect(lines.split('\n')[0]).to.equal(
      `{"pipeline_id":45,"chain":"ethereum","chain_id":1,"block_number":1,"block_hash":"${hashOf(1)}",` +
        `"block_time":"2023-08-26T16:21:35Z","timestamp":1693066895,"transaction_hash":"${hashOf(0xabc)}",` +
        `"transaction_index":12,"log_index":0,"contract_address":"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",` +
        `"event_name":"Transfer","event_signature":"Transfer(address,address,uint256)","args":{"2":"1","1":"=a,\\"b\\""}}`,
    );
    expect(await exported('--json')).to.equal(lines);
  });

  it('export no CSV to a program that asks for JSON, but into a file, of which they tell in JSON', async () => {
    const refused = await ofPipeline('export', '--json', '--format', 'csv');
    expect(refused).to.include({ code: 2, stdout: '' });
    expect((JSON.parse(refused.stderr) as { error: object }).error).to.include({
      message: '--json and --format csv exclude each other',
    });
    const written = await ofPipeline('export', '--json', '--format', 'csv', '-o', 'events.csv');
    expect(JSON.parse(written.stdout)).to.include({ format: 'csv', output: 'events.csv' });
    expect(readFileSync(join(folder, 'events.csv'), 'utf8')).to.equal(await exported('--format', 'csv'));
  });

  it('export blocks and events that are asked for', async () => {
    expect(placesOf(await exported('--from-block', '2', '--to-block', '3', '--event', 'Approval'))).to.deep.equal([
      '2/1',
      '3/1',
    ]);
    expect(placesOf(await exported('--event', 'Approval(address, uint256)', '--from-block', '5'))).to.deep.equal([
      '5/1',
    ]);
    expect(await exported('--event', 'Nothing')).to.equal('');
    expect(await ofPipeline('export', '--from-block', '3', '--to-block', '2')).to.include({ code: 2, stdout: '' });
  });

  it('refuse an event that the pipeline does not have, and name the nearest', async () => {
    const definition = {
      name: 'erc20',
      components: [{ name: 'a', type: 'event_monitor', chain_name: 'ethereum', abi_path: 'builtin:erc20' }],
    };
    writeFileSync(join(folder, 'erc20.json'), JSON.stringify(definition));
    const imported = await runIn(
      folder,
      'pipeline',
      'import',
      'erc20.json',
      '--id',
      '145',
      '--database',
      testDatabase.url(),
    );
    expect(imported.code, imported.stderr).to.equal(0);
    for (const command of ['list', 'export']) {
      const of = (event: string) =>
        runIn(folder, 'events', command, '--pipeline', '145', '--event', event, '--database', testDatabase.url());
      expect(await of('Transer')).to.deep.equal({
        code: 2,
        stdout: '',
        stderr: "error: pipeline 145 has no event 'Transer'\nhint: did you mean 'Transfer'?\n",
      });
      expect(await of('Transfer(address, address, uint256)')).to.include({ code: 0 });
    }
  });

  it('export CSV: a header and a row each, the arguments as a cell of JSON', async () => {
    const rows = (await exported('--format', 'csv', '--to-block', '1')).split('\r\n');
    expect(rows[0]).to.equal(
      'pipeline_id,chain,chain_id,block_number,block_hash,block_time,timestamp,transaction_hash,transaction_index,' +
        'log_index,contract_address,event_name,event_signature,args',
    );
    expect(rows[1]).to.equal(
      `45,ethereum,1,1,${hashOf(1)},2023-08-26T16:21:35Z,1693066895,${hashOf(0xabc)},12,0,` +
        '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48,Transfer,"Transfer(address,address,uint256)",' +
        '"{""2"":""1"",""1"":""=a,\\""b\\""""}"',
    );
    expect(rows).to.have.length(5);
    expect((await exported('--format', 'csv', '--event', 'Nothing')).split('\r\n')).to.deep.equal([rows[0], '']);
  });

  it('export Parquet with typed columns, to a file only', async () => {
    const { code, stderr } = await ofPipeline('export', '--format', 'parquet', '--output', 'events.parquet');
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '12 events exported to events.parquet\n' });
    const bytes = readFileSync(join(folder, 'events.parquet'));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const rows = await parquetReadObjects({ file });
    expect(rows).to.have.length(12);
    expect(rows[0]).to.deep.equal({
      pipeline_id: 45n,
      chain: 'ethereum',
      chain_id: 1n,
      block_number: 1n,
      block_hash: hashOf(1),
      block_time: new Date('2023-08-26T16:21:35Z'),
      timestamp: 1693066895n,
      transaction_hash: hashOf(0xabc),
      transaction_index: 12,
      log_index: 0,
      contract_address: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
      event_name: 'Transfer',
      event_signature: 'Transfer(address,address,uint256)',
      args: '{"2":"1","1":"=a,\\"b\\""}',
    });
    expect(await ofPipeline('export', '--format', 'parquet')).to.include({ code: 2, stdout: '' });
    expect(await ofPipeline('export', '--format', 'parquet', '-o', 'none', '--event', 'X')).to.include({ code: 0 });
  });

  it('write a file whole, in the place of what was there, links followed', async () => {
    writeFileSync(join(folder, 'real.jsonl'), 'old', { mode: 0o640 });
    symlinkSync('real.jsonl', join(folder, 'link.jsonl'));
    const { stdout } = await ofPipeline('export', '--output', 'link.jsonl', '--json');
    expect(JSON.parse(stdout)).to.deep.equal({ pipeline_id: 45, format: 'jsonl', events: 12, output: 'link.jsonl' });
    expect(readFileSync(join(folder, 'real.jsonl'), 'utf8')).to.equal(await exported());
    expect(statSync(join(folder, 'real.jsonl')).mode & 0o777).to.equal(0o640);
    expect(readdirSync(folder).sort()).to.deep.equal(['link.jsonl', 'real.jsonl']);
  });

  it('leave what was there, and nothing else, where an export fails', async () => {
    writeFileSync(join(folder, 'kept.jsonl'), 'old');
    const unknown = await chainparse('events', 'export', '--pipeline', '46', '--output', 'kept.jsonl');
    expect(unknown).to.include({ code: 3, stderr: 'error: there is no pipeline 46\nhint: chainparse pipeline list\n' });
    expect(readFileSync(join(folder, 'kept.jsonl'), 'utf8')).to.equal('old');
    expect(readdirSync(folder)).to.deep.equal(['kept.jsonl']);
  });

  it('refuse an output that can’t be written, in one line', async () => {
    mkdirSync(join(folder, 'events'));
    for (const path of ['events', 'none/x.jsonl']) {
      const { code, stderr } = await ofPipeline('export', '--output', path);
      expect(code, path).to.equal(2);
      expect(stderr).to.match(/^error: --output .*\n$/);
    }
    expect(existsSync(join(folder, 'none'))).to.equal(false);
  });

  it('write to what is no file as it is', async () => {
    expect(await ofPipeline('export', '--output', '/dev/null')).to.include({ code: 0 });
    expect(statSync('/dev/null').isCharacterDevice()).to.equal(true);
    const full = await ofPipeline('export', '--output', '/dev/full');
    expect(full.code).to.equal(1);
    expect(full.stderr).to.match(/^error: \/dev\/full can't be written: ENOSPC.*\n$/);
  });

  it('write to stdout by its name, too, and nothing beside', async () => {
    expect(await ofPipeline('export', '--output', '/dev/stdout')).to.deep.equal(await ofPipeline('export'));
  });

  it('write to a named pipe once somebody reads it', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const exported = ofPipeline('export', '--output', 'pipe');
    const text = await readFile(join(folder, 'pipe'), 'utf8');
    expect((await exported).code).to.equal(0);
    expect(text).to.equal((await ofPipeline('export')).stdout);
  });

  it('end quietly where the reader leaves', async () => {
    const io = new FakeIo({ cwd: folder });
    io.stdout.failWith = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    expect(await run(['events', 'export', '--pipeline', '45', '--database', testDatabase.url()], io)).to.equal(0);
    expect(io.stderr.text).to.equal('');
  });

  describe('where the chain changes its mind meanwhile', () => {
    /** Enough for several pages, of which the first ends in the middle of block 2. */
    const many = [1, 2, 3, 4].flatMap((blockNumber) =>
      Array.from({ length: 400 }, (_, logIndex) => makeEvent({ blockNumber, logIndex })),
    );
    const logs = Array.from({ length: 600 }, (_, logIndex) => makeUndecoded({ blockNumber: 2, logIndex }));
    let pipelineId = 150;
    let taskId: number;
    const takeBack = async (): Promise<void> => {
      const { version } = await new CheckpointStore(database).get(pipelineId);
      await new BatchStore(database).rollback({
        ...{ pipelineId, taskId, version, blocks: 9 },
        message: { kind: 'rollback', ancestor: { number: 1, hash: hashOf(1) } },
        progress: { mode: 'realtime', nextBlock: 2, targetBlock: null, headBlock: 13, events: 400 },
      });
    };
    const argv = (command: string, ...more: readonly string[]): readonly string[] => {
      return ['events', command, '--pipeline', String(pipelineId), ...more, '--database', testDatabase.url()];
    };
    /** What is written first takes blocks back, so often. */
    const whileWriting = async (times: number, work: () => Promise<CommandResult>): Promise<CommandResult> => {
      const original = Object.getOwnPropertyDescriptor(ExportFile.prototype, 'write')!;
      const write = original.value as ExportFile['write'];
      let left = times;
      ExportFile.prototype.write = async function (chunk) {
        if (left-- > 0) await storeAndTakeBack();
        return write.call(this, chunk);
      };
      return work().finally(() => Object.defineProperty(ExportFile.prototype, 'write', original));
    };
    const storeAndTakeBack = async (): Promise<void> => {
      await takeBack();
      taskId = await storeLogs(database, pipelineId, { events: many.slice(400, 1_600) });
    };

    beforeEach(async () => {
      pipelineId += 1;
      await new PipelineStore(database).import({ ...definition, id: pipelineId, name: `reorg ${pipelineId}` });
      taskId = await storeLogs(database, pipelineId, { events: many, undecoded: logs });
    });

    it('end with exit code 1 and say so, on stdout', async () => {
      for (const command of [argv('export'), argv('export', '--format', 'csv'), argv('undecoded', '--json')]) {
        const io = new FakeIo({ cwd: folder });
        const write = io.stdout.write.bind(io.stdout);
        let pages = 0;
        io.stdout.write = (text, done) => {
          if (text.length > 1_000 && pages++ === 0) {
            void takeBack().then(() => write(text, done));
            return true;
          }
          return write(text, done);
        };
        expect(await run(command, io), command.join(' ')).to.equal(1);
        expect(io.stderr.text).to.contain('rows up to block 2 were taken back, or stored anew, while they were being');
        expect(pages).to.equal(1);
        taskId = await storeLogs(database, pipelineId, { events: many.slice(400), undecoded: logs });
      }
    });

    it('begin a file anew, which then is of one state', async () => {
      const { code, stderr } = await whileWriting(1, () => runIn(folder, ...argv('export', '-o', 'whole.jsonl')));
      expect({ code, stderr }).to.deep.equal({
        code: 0,
        stderr:
          'rows were taken back, or stored anew, meanwhile: the export begins anew\n1,600 events exported to whole.jsonl\n',
      });
      expect(readFileSync(join(folder, 'whole.jsonl'), 'utf8')).to.equal(
        (await runIn(folder, ...argv('export'))).stdout,
      );
    });

    it('begin a file of the latest anew, too, for it is read in pages', async () => {
      const listed = argv('list', '--limit', '1500', '-o', 'latest.jsonl');
      const { code, stderr } = await whileWriting(1, () => runIn(folder, ...listed));
      expect(code).to.equal(0);
      expect(stderr).to.contain('the export begins anew\n1,500 events exported');
      const all = (await runIn(folder, ...argv('export'))).stdout.split('\n');
      expect(readFileSync(join(folder, 'latest.jsonl'), 'utf8')).to.equal(all.slice(-1501).join('\n'));
    });

    it('begin no file more than three times, and leave what was there', async () => {
      writeFileSync(join(folder, 'kept.jsonl'), 'old');
      const exported = await whileWriting(9, () => runIn(folder, ...argv('export', '-o', 'kept.jsonl', '--quiet')));
      expect(exported.code).to.equal(1);
      expect(exported.stderr).to.match(
        /^error: .*kept\.jsonl is not written: .* in each of 3 tries\nhint: run it again/,
      );
      expect(readFileSync(join(folder, 'kept.jsonl'), 'utf8')).to.equal('old');
      expect(readdirSync(folder)).to.deep.equal(['kept.jsonl']);
    });

    it('write a pipe only once', async () => {
      execFileSync('mkfifo', [join(folder, 'pipe')]);
      const exported = whileWriting(1, () => runIn(folder, ...argv('export', '-o', 'pipe')));
      await readFile(join(folder, 'pipe'), 'utf8');
      expect((await exported).code).to.equal(1);
    });
  });

  it('list the latest events, newest first, and how many there are', async () => {
    const { stdout } = await ofPipeline('list', '--limit', '2', '--json');
    const lines = (await exported()).trimEnd().split('\n');
    expect(stdout).to.equal(`{"events":[${lines[11]!},${lines[10]!}],"total":12}\n`);
    const table = await ofPipeline('list', '--limit', '1', '--event', 'Approval', '--lang', 'en');
    expect(table.stdout)
      .to.match(/^block {2}log {2}time/)
      .and.match(/\n {4}5 {4}1 {2}2023-08-26T16:21:35Z .*Approval/);
    expect(table.stderr).to.equal('the latest 1 of 4 events\n');
    expect(await chainparse('events', 'list', '--pipeline', '46')).to.include({ code: 3 });
    expect(await chainparse('events', 'list')).to.include({ code: 2 });
  });

  it('list the latest events in a format of an export, then in the order of the chain', async () => {
    const all = (await exported()).trimEnd().split('\n');
    const last = await ofPipeline('list', '--limit', '2', '--format', 'jsonl');
    expect(last.stdout.trimEnd().split('\n')).to.deep.equal(all.slice(-2));
    const csv = await ofPipeline('list', '--format', 'csv');
    expect(csv.stdout).to.equal(await exported('--format', 'csv'));
    const written = await ofPipeline('list', '--limit', '1', '--output', 'latest.jsonl', '--json');
    expect(JSON.parse(written.stdout)).to.include({ format: 'jsonl', events: 1, output: 'latest.jsonl' });
    expect(readFileSync(join(folder, 'latest.jsonl'), 'utf8').trimEnd()).to.equal(all.at(-1));
    expect((await ofPipeline('list', '--format', 'parquet')).stderr).to.contain('a Parquet file is not for stdout');
  });

  it('list arguments whole, however long they are, where the table goes through a pipe or is wide', async () => {
    await new PipelineStore(database).import({ ...definition, id: 47, name: 'long' });
    const argsJson = `{"value":"${'1'.repeat(1_000)}"}`;
    await storeLogs(database, 47, { events: [makeEvent({ blockNumber: 1, argsJson })], undecoded: [] });
    const argv = ['events', 'list', '--pipeline', '47', '--database', testDatabase.url()];
    const screen = new FakeIo({ screen: true });
    await run(argv, screen);
    expect(screen.stdout.text).to.match(/"value":"1+…/);
    const wide = new FakeIo({ screen: true });
    await run([...argv, '--wide'], wide);
    for (const text of [wide.stdout.text, (await chainparse(...argv)).stdout]) expect(text).to.contain(argsJson);
  });

  it('list undecoded logs, as JSON lines or as a table', async () => {
    const { stdout } = await ofPipeline('undecoded', '--format', 'jsonl');
    expect(placesOf(stdout)).to.deep.equal(['1/0', '2/0', '3/0']);
    expect(JSON.parse(stdout.split('\n')[0]!)).to.include({ data: '0xc0ffee', reason: 'unknown_event' });
    expect((await ofPipeline('undecoded', '--json')).stdout).to.equal(stdout);
    const some = await ofPipeline('undecoded', '--json', '--from-block', '2', '--to-block', '9', '--limit', '1');
    expect(placesOf(some.stdout)).to.deep.equal(['2/0']);
    const table = await ofPipeline('undecoded', '--limit', '2', '--lang', 'en');
    expect(table.stdout.split('\n')).to.have.length(4);
    expect(table.stdout).to.contain('unknown_event').and.contain(hashOf(1));
    expect(table.stderr).to.equal('the first 2 of 3 undecoded logs\n');
    expect(await chainparse('events', 'undecoded', '--pipeline', '46')).to.include({ code: 3, stdout: '' });
    expect(await chainparse('events', 'undecoded', '--pipeline', '46', '--json')).to.include({ code: 3, stdout: '' });
  });
});

describe('events export, cut short by a signal', () => {
  it('leaves nothing behind and tells which signal it was', async () => {
    const folder = temporaryFolder();
    const url = `sqlite:${join(folder, 'test.db')}`;
    const database = await openMigrated(url);
    await new PipelineStore(database).import(definition);
    const many = Array.from({ length: 40_000 }, (_, logIndex) => makeEvent({ blockNumber: 1, logIndex }));
    await storeLogs(database, 45, { events: many });
    await database.close();
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const argv = ['events', 'export', '--pipeline', '45', '--output', 'events.jsonl', '--database', url];
      const child = startChainparse(argv, { cwd: folder });
      const partOf = (): string | undefined => readdirSync(folder).find((name) => name.endsWith('.tmp'));
      await eventually(
        'a part of the file',
        () => statSync(join(folder, partOf() ?? 'none'), { throwIfNoEntry: false })?.size,
      );
      child.signal(signal);
      expect(await child.exit()).to.include({ code, stdout: '' });
      expect(readdirSync(folder).filter((name) => name.startsWith('events'))).to.deep.equal([]);
    }
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const child = startChainparse(['events', 'export', '--pipeline', '45', '--output', pipe, '--database', url]);
    const isFilled = (): boolean => {
      try {
        return readSync(reader, Buffer.alloc(1)) > 0;
      } catch {
        return false;
      }
    };
    await eventually('what a reader gets before it stops reading', isFilled);
    child.signal('SIGTERM');
    expect(await child.exit()).to.include({ code: 143 });
    closeSync(reader);
  });
});
