import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { emptyManifest, manifestText } from '../../../src/components/file-sink/manifest.js';
import { manifestName } from '../../../src/components/file-sink/file-store.js';
import { readInstallation } from '../../../src/database/schema/read-installation.js';
import { openMigrated } from '../../support/migrated-database.js';
import { freePort } from '../../support/free-port.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { FakeS3 } from '../../components/file-sink/fake-s3.js';
import { fieldsOf, SinkFixture } from '../../components/table-sink/sink-fixture.js';
import { runInPlace, type CommandResult } from '../run-in.js';

const example = join(import.meta.dirname, '../../../examples/usdc-transfers.yaml');
const transfer = fieldsOf('Transfer(address indexed from, address indexed to, uint256 value)');

describe('validate and import, of tables that another pipeline fills', () => {
  let folder: string;
  const chainparse = (argv: readonly string[], far = 'sqlite:far.db', own = 'sqlite:own.db'): Promise<CommandResult> =>
    runInPlace({ cwd: folder, env: { FAR: far.replace('sqlite:', `sqlite:${folder}/`) } }, [
      ...argv,
      ...['--database', own.replace('sqlite:', `sqlite:${folder}/`)],
    ]);
  const validate = (name: string, far?: string, own?: string): Promise<CommandResult> =>
    chainparse(['pipeline', 'validate', `${name}.yaml`], far, own);

  /** The first pipeline has run: the tables are its sinks'. */
  const claimAll = async (): Promise<void> => {
    const database = await openMigrated(`sqlite:${folder}/own.db`);
    const owner = { pipelineId: 1, installation: await readInstallation(database) };
    for (const [name, target] of [
      ['own', database],
      ['far', `sqlite:${folder}/far.db`],
    ] as const) {
      const { sink, ...fixture } = await SinkFixture.open(target, transfer, {}, { ...owner, name });
      await sink.claim!({ epoch: 'e', claim: 1 }, { ...fixture, inserts: () => [] } as never);
      await sink.close();
    }
    await database.close();
  };

  beforeEach(async () => {
    folder = temporaryFolder();
    const source = readFileSync(example, 'utf8').replace(/^(?:id|name):.*\n/gm, '');
    for (const name of ['first', 'second']) {
      const sinks = ['own, type: table_sink', 'far, type: table_sink, database: "${FAR}"'];
      const lines = sinks.map((keys) => `  - {name: ${keys}, table: usdc}\n`).join('');
      writeFileSync(join(folder, `${name}.yaml`), `name: ${name}\n${source}${lines}`);
    }
    await (await openMigrated(`sqlite:${folder}/own.db`)).close();
    expect(await chainparse(['pipeline', 'import', 'first.yaml'])).to.include({ code: 0, stdout: '1\n' });
  });

  it('tell each with its line and what to do, and store nothing', async () => {
    await claimAll();
    for (const command of ['validate', 'import']) {
      const { code, stdout, stderr } = await chainparse(['pipeline', command, 'second.yaml']);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
      const lines = stderr.trimEnd().split('\n');
      expect(lines).to.have.length(4);
      for (const [i, sink] of ['own', 'far'].entries()) {
        expect(lines[2 * i]).to.equal(
          `error: second.yaml:${15 + i}: table: the table usdc in sqlite:${folder}/${sink}.db is filled by the sink '${sink}' of pipeline 1: a table has one sink`,
        );
        expect(lines[2 * i + 1]).to.match(
          /^hint: write another table, or, .* run: delete from `chainparse_sink` where/,
        );
      }
    }
    expect((await chainparse(['pipeline', 'show', 'second'])).code).to.equal(3);
  });

  it('refuse two sinks of one folder or table, however its path is written', async () => {
    mkdirSync(join(folder, 'data/out'), { recursive: true });
    symlinkSync(join(folder, 'data'), join(folder, 'link'));
    const source = readFileSync(example, 'utf8').replace(/^(?:id|name):.*\n/gm, '');
    const sinks = [
      'type: file_sink, path: out/a',
      `type: file_sink, path: "${folder}/data//./out/a"`,
      `type: file_sink, path: "${folder}/link/out/a/"`,
      'type: file_sink, path: out/b',
      'type: table_sink, table: usdc',
      'type: table_sink, table: USDC, database: "sqlite:./own.db"',
      'type: table_sink, table: usdc, database: "sqlite:data/../far.db"',
      'type: table_sink, table: usdc, database: "${FAR}"',
      'type: table_sink, table: other, database: "${FAR}"',
    ];
    const lines = sinks.map((keys, i) => `  - {name: s${i}, ${keys}}\n`).join('');
    writeFileSync(join(folder, 'twice.yaml'), `name: twice\n${source}${lines}`);
    const { code, stderr } = await validate('twice');
    expect(code).to.equal(2);
    expect(stderr.trimEnd().split('\n')).to.deep.equal(
      (
        [
          [1, 'path', 0],
          [2, 'path', 0],
          [5, 'table', 4],
          [7, 'table', 6],
        ] as const
      ).map(
        ([at, key, by]) =>
          `error: twice.yaml:${15 + at}: ${key}: is filled by the sink 's${by}' already: it has one sink`,
      ),
    );
  });

  it('take the tables of the pipeline whose definition it is, by its name or the id that is given', async () => {
    await claimAll();
    expect(await validate('first')).to.deep.include({ code: 0, stderr: '' });
    expect(await chainparse(['pipeline', 'import', 'first.yaml', '--update'])).to.include({ code: 0 });
    expect(await chainparse(['pipeline', 'import', 'second.yaml', '--update', '--id', '1'])).to.include({ code: 0 });
    expect(await chainparse(['pipeline', 'import', 'first.yaml', '--update', '--name', 'third'])).to.include({
      code: 2,
    });
  });

  it('take tables of a database that is not there yet, and say so of one that does not answer', async () => {
    const away = `mysql://u:geheim@127.0.0.1:${await freePort()}/far`;
    const noTables = await validate('second', undefined, 'sqlite:none.db');
    expect(noTables).to.deep.include({ code: 0, stderr: '' });
    const noFar = await validate('first', away);
    expect(noFar.code).to.equal(0);
    expect(noFar.stderr).to.match(
      /^warning: first\.yaml:16: table: whether another sink fills it is not known: .*ECONNREFUSED.*\n$/,
    );
    const noOwn = await validate('first', away, away);
    expect(noOwn.code).to.equal(0);
    expect(noOwn.stderr).to.match(
      /^warning: first\.yaml:5: components: whether another pipeline fills a table or a folder .* not known: .*ECONNREFUSED.*\n$/,
    );
    expect(noFar.stderr + noOwn.stderr).not.to.contain('geheim');
  });

  it('ask no database where no sink must have its target alone', async () => {
    const source = readFileSync(join(folder, 'first.yaml'), 'utf8').replace(/^.*table_sink.*\n/gm, '');
    writeFileSync(join(folder, 'none.yaml'), source);
    const alone = await validate('none', undefined, `mysql://u@127.0.0.1:${await freePort()}/own`);
    expect(alone).to.deep.include({ code: 0, stderr: '' });
  });
});

describe('validate and import, of folders that another pipeline fills', () => {
  let folder: string;
  let s3: FakeS3;
  const chainparse = (argv: readonly string[]): Promise<CommandResult> =>
    runInPlace(
      { cwd: folder, env: { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's3cret', LAKE: 's3://lake/new' } },
      [...argv, ...['--database', `sqlite:${folder}/own.db`]],
    );

  /** Writes a definition with these sinks. */
  const define = (name: string, sinks: readonly string[]): void => {
    const source = readFileSync(example, 'utf8').replace(/^(?:id|name):.*\n/gm, '');
    const lines = sinks.map((keys, i) => `  - {name: s${i}, type: file_sink, ${keys}}\n`).join('');
    writeFileSync(join(folder, `${name}.yaml`), `name: ${name}\n${source}${lines}`);
  };

  /** The first pipeline has run: the folders are its sinks'. */
  const claimAll = async (): Promise<void> => {
    const database = await openMigrated(`sqlite:${folder}/own.db`);
    const installation = await readInstallation(database);
    await database.close();
    const text = (i: number): string =>
      manifestText(emptyManifest({ installation, pipeline_id: 1, sink: `s${i}` }, { epoch: 'e', claim: 1 }));
    mkdirSync(join(folder, 'data/lake'), { recursive: true });
    writeFileSync(join(folder, 'data/lake', manifestName), text(0));
    const body = Buffer.from(text(1));
    s3.objects.set(manifestName, { body, etag: '"1"', sha256: undefined });
  };

  beforeEach(async () => {
    folder = temporaryFolder();
    s3 = await FakeS3.start();
    const sinks = ['path: lake', `path: "s3://lake", endpoint: "${s3.keys.endpoint}"`];
    for (const name of ['first', 'second']) define(name, sinks);
    await (await openMigrated(`sqlite:${folder}/own.db`)).close();
    expect(await chainparse(['pipeline', 'import', 'first.yaml'])).to.include({ code: 0, stdout: '1\n' });
  });

  it('tell each with its line and what to do, and store nothing', async () => {
    await claimAll();
    for (const command of ['validate', 'import']) {
      const { code, stdout, stderr } = await chainparse(['pipeline', command, 'second.yaml']);
      const hint = 'hint: one folder is for one sink: give another path, or empty it';
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr.trimEnd().split('\n')).to.deep.equal([
        `error: second.yaml:15: path: ${folder}/data/lake belongs to sink 's0' of pipeline 1`,
        hint,
        "error: second.yaml:16: path: s3://lake belongs to sink 's1' of pipeline 1",
        hint,
      ]);
    }
    expect((await chainparse(['pipeline', 'show', 'second'])).code).to.equal(3);
  });

  it('take the folders of the pipeline whose definition it is, and those that are not there yet', async () => {
    expect(await chainparse(['pipeline', 'validate', 'second.yaml'])).to.deep.include({ code: 0, stderr: '' });
    await claimAll();
    expect(await chainparse(['pipeline', 'validate', 'first.yaml'])).to.deep.include({ code: 0, stderr: '' });
    expect(await chainparse(['pipeline', 'import', 'first.yaml', '--update'])).to.include({ code: 0 });
  });

  it('refuse a folder that a variable makes a bucket’s URL', async () => {
    define('third', ['path: "${LAKE}"']);
    const { code, stderr } = await chainparse(['pipeline', 'import', 'third.yaml']);
    expect(code).to.equal(2);
    expect(stderr).to.equal(
      "error: third.yaml:15: path: its path is a folder's by the definition, and a URL by what its variables hold\n" +
        'hint: write s3:// into the definition, with variables behind it: s3://${BUCKET}/prefix\n',
    );
  });

  it('refuse files of which nobody knows whose they are, and say so of a bucket that does not answer', async () => {
    mkdirSync(join(folder, 'full'));
    writeFileSync(join(folder, 'full/0-99.jsonl'), '');
    define('third', [`path: "${folder}/full"`]);
    expect((await chainparse(['pipeline', 'validate', 'third.yaml'])).stderr).to.contain(
      `error: third.yaml:15: path: ${folder}/full holds files, and no _chainparse.json that says whose\n`,
    );
    await s3.stop();
    const away = await chainparse(['pipeline', 'validate', 'second.yaml']);
    expect(away.code).to.equal(0);
    expect(away.stderr).to.match(
      /^warning: second\.yaml:16: path: whether another sink fills it is not known: .* can't be reached: .*\n$/,
    );
  });
});
