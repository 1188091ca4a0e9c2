import { expect } from 'chai';
import { registry } from '../../../src/components/registry.js';
import { sinksOf } from '../../../src/components/sinks-of.js';
import { isOwnTable } from '../../../src/database/schema/own-tables.js';
import { definitionKeys } from '../../../src/pipeline/definition/definition-keys.js';
import { parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { FileProblemsError, problemText } from '../../../src/runtime/errors.js';
import { definitionOptions, monitorYaml } from '../../pipeline/definition/definition-texts.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const textOf = (lines: readonly string[]): string => monitorYaml() + lines.map((line) => `  - ${line}\n`).join('');

const parse = (...lines: readonly string[]) => parseDefinition(textOf(lines), 'p.yaml', definitionOptions);

/** Reads a definition where the pipeline's own database is PostgreSQL's and a variable names one of MariaDB. */
const parseThere = (...lines: readonly string[]) => {
  const variables = { env: { MARIADB_URL: 'mariadb://h/db' }, remember: () => undefined };
  const folders = { workingFolder: '/', dataFolder: '/data', realPath: (path: string) => path };
  const surroundings = { ...folders, database: 'postgres://h/db', variables };
  return parseDefinition(textOf(lines), 'p.yaml', { ...definitionOptions, surroundings });
};

const problemsOf = async (...lines: readonly string[]): Promise<readonly string[]> =>
  (await rejectionOf(parse(...lines), FileProblemsError)).problems.map(problemText);

describe('a table sink’s definition', () => {
  it('is read with its defaults, and printed again', async () => {
    const definition = await parse(
      '{name: own, type: table_sink, table: usdc}',
      '{name: far, type: table_sink, database: "${WAREHOUSE_URL}", table: analytics.Usdc_2, indexes: [[to], [from, value]], batch_size: 7}',
      '{name: file, type: table_sink, database: "sqlite:ware house.db", table: 表-1}',
      '{name: half, type: table_sink, database: "postgres://me:${PASSWORD}@h/db?sslmode=require", table: a}',
    );
    expect(definition.components.slice(1).map(({ config }) => config)).to.deep.include({
      ...{ event_name: [], delivery: 'latest', start: 'beginning', batch_size: 5_000, max_attempts: 10 },
      ...{ table: 'usdc', indexes: [] },
    });
    const again = JSON.parse(JSON.stringify(definitionKeys(definition, registry))) as { components: object[] };
    expect(again.components[2]).to.include({ database: '${WAREHOUSE_URL}', table: 'analytics.Usdc_2', batch_size: 7 });
    const names = sinksOf(definition.components).map(({ name, batchSize }) => `${name} ${batchSize}`);
    expect(names).to.deep.equal(['own 5000', 'far 7', 'file 5000', 'half 5000']);
  });

  it('is told with all that is wrong, and never with a password', async () => {
    const shape = 'must be sqlite:PATH, mysql://user@host/database, mariadb://… or postgres://…, or ${NAME}';
    const problems = await problemsOf(
      '{name: a, type: table_sink, database: "postgres://me:hunter2@h/db", table: usdc}',
      '{name: b, type: table_sink, database: "https://h/db", table: "usd c"}',
      '{name: c, type: table_sink, database: "postgres://h", table: "a.b.c"}',
      `{name: d, type: table_sink, table: ${'x'.repeat(64)}}`,
      '{name: e, type: table_sink, indexes: [[]], tabel: x}',
    );
    expect(problems.join()).not.to.contain('hunter2');
    expect(problems).to.deep.equal([
      'p.yaml:7: database: its password is a secret: write ${NAME}, which is read from the environment when a run begins, and never stored',
      `p.yaml:8: database: ${shape}`,
      'p.yaml:8: table: must be a table, or schema.table, of letters, digits and underscores',
      'p.yaml:9: database: the database URL postgres://h names no database',
      'p.yaml:9: table: must be a table, or schema.table, of letters, digits and underscores',
      'p.yaml:10: table: must be of at most 63 bytes: no database takes a longer name as it is',
      'p.yaml:11: tabel: unknown key; the nearest known key is table',
      'p.yaml:11: indexes: must list at least 1',
    ]);
  });

  it('may not fill a table that another sink of the pipeline fills', async () => {
    const problems = await problemsOf(
      '{name: a, type: table_sink, table: usdc}',
      '{name: b, type: table_sink, table: usdc, database: "${WAREHOUSE_URL}"}',
      '{name: c, type: table_sink, table: usdc}',
      '{name: d, type: file_sink, path: usdc}',
      '{name: e, type: file_sink, path: "./usdc/"}',
      '{name: f, type: file_sink, path: "s3://bucket/usdc"}',
    );
    expect(problems).to.deep.equal([
      "p.yaml:9: table: is filled by the sink 'a' already: it has one sink",
      "p.yaml:11: path: is filled by the sink 'd' already: it has one sink",
    ]);
  });

  it('may index only columns that there will be, below a mapper those that it makes', async () => {
    const fixed =
      'chain_id, block_number, log_index, transaction_hash, block_hash, block_time, contract_address, event_name';
    expect(
      await problemsOf(
        '{name: rows, type: table_sink, table: usdc, indexes: [[from, value], [block_number, receiver]]}',
        '{name: rules, type: dict_mapper, dict_mappers: [{mapping_rules: [{source_key: args.to, target_key: receiver}]}]}',
        '{name: mapped, type: table_sink, table: mapped, indexes: [[receiver], [to]]}',
      ),
    ).to.deep.equal([
      "p.yaml:7: indexes: names 'receiver', which is no column",
      "p.yaml:9: indexes: names 'to', which is no column",
    ]);
    expect(await problemsOf('{name: a, type: table_sink, table: t, indexes: [[to], [to, from], [to]]}')).to.deep.equal([
      'p.yaml:7: indexes: names the same columns twice: to',
    ]);
    const { problems } = await rejectionOf(
      parse(`{name: a, type: table_sink, table: t, indexes: [[nope]]}`),
      FileProblemsError,
    );
    expect(problems[0]?.hint).to.equal(`the columns are ${fixed}, from, to, value, owner, spender`);
    // What is wrong above it must not be told twice.
    expect(
      await problemsOf('{name: x, type: dict_mapper}', '{name: a, type: table_sink, table: t, indexes: [[nope]]}'),
    ).to.have.length(1);
  });

  it('has the columns of its database, and of one that is not known yet those of any', async () => {
    const rules = (...keys: readonly string[]): string => {
      const made = keys.map((key) => `{source_key: args.to, target_key: "${key}"}`);
      return `{name: rules, type: dict_mapper, dict_mappers: [{mapping_rules: [${made.join(', ')}]}]}`;
    };
    const refused = async (...lines: readonly string[]): Promise<readonly string[]> =>
      (await rejectionOf(parseThere(...lines), FileProblemsError)).problems.map(problemText);
    await parseThere(
      rules('xmin'),
      '{name: own, type: table_sink, table: a, indexes: [[xmin_arg]]}',
      '{name: file, type: table_sink, database: "sqlite:b.db", table: b, indexes: [[xmin]]}',
      '{name: maria, type: table_sink, database: "${MARIADB_URL}", table: c, indexes: [[xmin]]}',
      '{name: unset, type: table_sink, database: "${URL}", table: d, indexes: [[xmin]]}',
      '{name: other, type: table_sink, database: "${URL}", table: e, indexes: [[xmin_arg]]}',
    );
    expect(
      await refused(
        rules('xmin'),
        '{name: own, type: table_sink, table: a, indexes: [[xmin]]}',
        '{name: maria, type: table_sink, database: "${MARIADB_URL}", table: c, indexes: [[xmin_arg]]}',
        '{name: unset, type: table_sink, database: "${URL}", table: d, indexes: [[xmax]]}',
      ),
    ).to.deep.equal([
      "p.yaml:8: indexes: names 'xmin', which is no column",
      "p.yaml:9: indexes: names 'xmin_arg', which is no column",
      "p.yaml:10: indexes: names 'xmax', which is no column",
    ]);
    await parseThere(
      rules('😀'),
      '{name: own, type: table_sink, table: a}',
      '{name: unset, type: table_sink, database: "${URL}", table: d}',
    );
    const reason = '"😀" can\'t be the name of a column: MySQL and MariaDB take no name with a character like 😀';
    expect(
      await refused(
        rules('😀'),
        '{name: maria, type: table_sink, database: "${MARIADB_URL}", table: c}',
        '{name: mysql, type: table_sink, database: "mysql://me:${PASSWORD}@h/db", table: c}',
      ),
    ).to.deep.equal([`p.yaml:8: table: ${reason}`, `p.yaml:9: table: ${reason}`]);
  });

  it('may not name a table of chainparse’s own, in whatever schema and case', async () => {
    for (const table of [
      'event',
      'Pipeline_Task',
      'analytics.event',
      'chainparse_sink',
      'knex_migrations',
      'sqlite_master',
    ])
      expect((await problemsOf(`{name: a, type: table_sink, table: ${table}}`)).join()).to.contain(
        'must be a table of your own',
      );
    const database = await openMigrated(`sqlite:${temporaryFolder()}/own.db`);
    const tables = await database.read<{ name: string }[]>((knex) =>
      knex('sqlite_master').select('name').where({ type: 'table' }),
    );
    await database.close();
    expect(tables.map(({ name }) => name).filter((name) => !isOwnTable(name))).to.deep.equal([]);
  });
});
